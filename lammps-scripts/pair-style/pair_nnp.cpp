/* ----------------------------------------------------------------------
   pair_style nnp: a neural network potential evaluated by the kernel of nnp-bridge inside LAMMPS, without a server.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
   The arithmetic is that of a server of nnp-bridge in the same order: one rank and one thread give the same bits.
------------------------------------------------------------------------- */

#include "pair_nnp.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "shared.h"
#include "update.h"
#include "utils.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace LAMMPS_NS;

static const long long FILE_MAX = 1 << 30;
static const int THREADS_MAX = 1024;

/* ---------------------------------------------------------------------- */

PairNNP::PairNNP(LAMMPS *lmp) :
    Pair(lmp), nthreads(1), energy_unit(1), members_nall(0), warned(false), warned_exclude(false)
{
  one_coeff = 1;
  manybody_flag = 1;
  restartinfo = 0;
  single_enable = 0;
  writedata = 0;
  centroidstressflag = CENTROID_NOTAVAIL;
  nextra = 1;    // `compute pair nnp`: descriptor values outside the training range
  pvector = new double[1];
  pvector[0] = 0;
}

PairNNP::~PairNNP()
{
  delete[] pvector;
  pvector = nullptr;
  if (copymode) return;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairNNP::fail(const std::string &what)
{
  error->one(FLERR, std::string("nnp: " + what + " (step " + std::to_string(update->ntimestep) + ")"));
}

/* ----------------------------------------------------------------------
   pair_style nnp FILE [threads N]
------------------------------------------------------------------------- */

void PairNNP::settings(int narg, char **arg)
{
  if (narg != 1 && narg != 3) error->all(FLERR, std::string("Illegal pair_style command: pair_style nnp FILE [threads N]"));
  file = arg[0];
  nthreads = 1;
  if (narg == 3) {
    if (strcmp(arg[1], "threads") != 0) error->all(FLERR, std::string("nnp: unknown keyword ") + arg[1]);
    nthreads = utils::inumeric(FLERR, arg[2], false, lmp);
    if (nthreads < 1 || nthreads > THREADS_MAX)
      error->all(FLERR, std::string("nnp: threads must be 1 to " + std::to_string(THREADS_MAX)));
  }
  load();
}

// rank 0 reads; every rank prepares the model, and all stop together with the message of the first that cannot

void PairNNP::load()
{
  std::string content, problem;
  if (comm->me == 0) problem = read_file(content);
  long long length = content.size();
  MPI_Bcast(&length, 1, MPI_LONG_LONG, 0, world);
  content.resize(length);
  if (length > 0) MPI_Bcast(&content[0], (int) length, MPI_CHAR, 0, world);
  if (problem.empty()) problem = model.load(content);
  if (problem.empty()) problem = model.start(nthreads);
  int first = problem.empty() ? comm->nprocs : comm->me, lowest;
  MPI_Allreduce(&first, &lowest, 1, MPI_INT, MPI_MIN, world);
  if (lowest < comm->nprocs) {
    int n = problem.size();
    MPI_Bcast(&n, 1, MPI_INT, lowest, world);
    problem.resize(n);
    MPI_Bcast(&problem[0], n, MPI_CHAR, lowest, world);
    error->all(FLERR, std::string("nnp: " + file + ": " + problem));
  }
  if (comm->me == 0) {
    char text[160];
    snprintf(text, sizeof text, ", cutoff %.6g, id %s; native (%s, %d thread%s)", model.cutoff, model.id.c_str(), model.variant,
             nthreads, nthreads > 1 ? "s" : "");
    const std::string networks = model.members > 1 ? " (" + std::to_string(model.members) + " networks)" : "";
    utils::logmesg(lmp, std::string("nnp: model " + model.name + networks + " from " + file + text + "\n"));
  }
}

// the empty string, or what is wrong

std::string PairNNP::read_file(std::string &content)
{
  FILE *in = fopen(file.c_str(), "rb");
  if (!in) return std::string("cannot be opened: ") + strerror(errno);
  char block[65536];
  for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0 && (long long) content.size() < FILE_MAX;) content.append(block, n);
  const bool bad = ferror(in) != 0;
  fclose(in);
  const bool large = (long long) content.size() >= FILE_MAX;
  if (bad || large) content.clear();
  return bad ? "cannot be read" : large ? "is larger than 1 GiB" : "";
}

/* ----------------------------------------------------------------------
   pair_coeff * * ELEMENT...: one element per atom type, NULL for types of another style
------------------------------------------------------------------------- */

void PairNNP::coeff(int narg, char **arg)
{
  const int n = atom->ntypes;
  if (!allocated) allocate();
  if (narg < 2 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0 || narg != n + 2)
    error->all(FLERR,
               std::string("Incorrect args for pair coefficients: pair_coeff * * and one element per atom type (" +
                           std::to_string(n) + "), NULL for types of another style"));
  element_of_type.assign(n + 1, -1);
  bool any = false;
  std::string known;
  for (const std::string &name : model.elements) known += (known.empty() ? "" : ", ") + name;
  for (int i = 1; i <= n; i++) {
    if (strcmp(arg[i + 1], "NULL") == 0) continue;
    for (size_t e = 0; e < model.elements.size(); e++)
      if (model.elements[e] == arg[i + 1]) element_of_type[i] = (int) e;
    if (element_of_type[i] < 0)
      error->all(FLERR, std::string("nnp: model " + model.name + " has no element " + arg[i + 1] + " (it knows " + known + ")"));
    any = true;
  }
  if (!any) error->all(FLERR, std::string("nnp: pair_coeff names no element"));
  for (int i = 1; i <= n; i++)
    for (int j = i; j <= n; j++) setflag[i][j] = element_of_type[i] >= 0 && element_of_type[j] >= 0;
}

void PairNNP::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      setflag[i][j] = 0;
      cutsq[i][j] = 0;
    }
}

void PairNNP::init_style()
{
  if (!force->newton_pair) error->all(FLERR, std::string("Pair style nnp requires newton pair on"));
  if (atom->tag_enable == 0) error->all(FLERR, std::string("Pair style nnp requires atom IDs"));
  if (element_of_type.empty()) error->all(FLERR, std::string("Pair style nnp: no pair_coeff was given"));
  set_units();
  const char *problem = NNP::request_full_list(neighbor, this, instance_me);
  if (problem) error->all(FLERR, std::string("nnp: ") + problem);
}

// the same factors as core/units.ts, so that the socket gives the same bits

void PairNNP::set_units()
{
  const std::string style = update->unit_style;
  if (model.reduced != (style == "lj"))
    error->all(FLERR,
               std::string(model.reduced ? "nnp: the model is in reduced units: LAMMPS must use units lj, it uses " + style
                                         : "nnp: the model is not in reduced units: LAMMPS must not use units lj"));
  if (style == "metal" || style == "lj")
    energy_unit = 1;
  else if (style == "real")
    energy_unit = 1 / ((4184 / 6.02214076e23) * (1 / 1.602176634e-19));
  else
    error->all(FLERR, std::string("nnp: units metal, real or lj are needed, not " + style + " (nnp/socket has them all)"));
}

double PairNNP::init_one(int i, int j)
{
  if (setflag[i][j] == 0) error->all(FLERR, std::string("All pair coeffs are not set"));
  return model.cutoff;
}

double PairNNP::memory_usage()
{
  return Pair::memory_usage() + model.memory_usage() + 4.0 * element.capacity() +
      8.0 * (results.forces.capacity() + results.energies.capacity() + results.member_forces.capacity());
}

/* ---------------------------------------------------------------------- */

void PairNNP::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  NNP::stop_if_asked(lmp);
  if (vflag_atom) error->all(FLERR, std::string("Pair style nnp does not support per-atom virial"));
  check_list();
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  element.resize(nall + 1);
  for (int i = 0; i < nall; i++) element[i] = element_of_type[atom->type[i]];

  static double none[3] = {0, 0, 0};
  const NnpAtoms atoms = {nall, nall > 0 ? &atom->x[0][0] : none, element.data(), NEIGHMASK};
  const NNP::List rows = {list->inum, list->ilist, list->numneigh, list->firstneigh};
  const bool with_members = want_members && eflag_atom && model.members > 1;
  const int code = model.evaluate(atoms, rows, with_members, results);
  if (code != NNP_OK) fail(reason(code, results.at));

  double networks = 0, offsets = 0;
  for (int k = 0; k < list->inum; k++) {
    const int i = list->ilist[k];
    const double offset = model.offset(element[i]);
    networks += results.energies[k];
    offsets += offset;
    if (eflag_atom) eatom[i] += (results.energies[k] + offset) * energy_unit;
  }
  scale();
  check_finite();
  double *f = nall > 0 ? &atom->f[0][0] : none;
  for (int i = 0; i < 3 * nall; i++) f[i] += results.forces[i];
  if (eflag_global) eng_vdwl += (networks + offsets) * energy_unit;
  if (vflag_fdotr)
    virial_fdotr_compute();
  else if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += results.virial[k];
  if (with_members) {
    members_step = update->ntimestep;
    members_nall = nall;
  }
  count_extrapolations();
}

// what would make the potential silently miss neighbors

void PairNNP::check_list()
{
  if (neighbor->ago != 0) return;
  const char *problem = NNP::hidden_neighbors(atom, neighbor);
  if (problem) error->all(FLERR, std::string("nnp: ") + problem);
  if (neighbor->exclude && !warned_exclude) {
    warned_exclude = true;
    if (comm->me == 0) error->warning(FLERR, std::string("nnp: neigh_modify exclude hides neighbors from the potential"));
  }
}

void PairNNP::scale()
{
  if (energy_unit == 1) return;
  for (double &x : results.forces) x *= energy_unit;
  for (double &x : results.member_forces) x *= energy_unit;
  for (double &x : results.virial) x *= energy_unit;
}

void PairNNP::check_finite()
{
  double sum = 0;
  for (const double x : results.forces) sum += x * 0.0;
  for (const double x : results.virial) sum += x * 0.0;
  if (sum == 0) return;
  for (size_t k = 0; k < results.forces.size(); k++)
    if (!std::isfinite(results.forces[k])) fail("the force on " + atom_name((int) (k / 3)) + " is not finite");
  fail("the virial is not finite");
}

void PairNNP::count_extrapolations()
{
  pvector[0] = results.extrapolations;
  if (results.extrapolations == 0 || warned) return;
  warned = true;
  char text[320];
  const double *first = results.first_extrapolation;
  const int i = (int) first[0];
  snprintf(text, sizeof text,
           "nnp: %d descriptor values outside the training range of the model at step %lld, the first: symmetry function %d of "
           "%s is %.6g (told once; see compute pair)",
           results.extrapolations, (long long) update->ntimestep, 1 + (int) first[1], atom_name(i).c_str(), first[2]);
  if (comm->me == 0)
    error->warning(FLERR, std::string(text));
  else    // other ranks have no screen
    fprintf(stderr, "WARNING: rank %d: %s\n", comm->me, text);
}

/* ----------------------------------------------------------------------
   messages
------------------------------------------------------------------------- */

std::string PairNNP::atom_name(int i) const
{
  const int e = element[i];
  return "atom " + std::to_string(atom->tag[i]) + (e < 0 ? "" : " (" + model.elements[e] + ")");
}

std::string PairNNP::reason(int code, int i) const
{
  const std::string who = i >= 0 && i < atom->nlocal + atom->nghost ? atom_name(i) : "an atom";
  switch (code) {
    case NNP_BAD_POSITION: return "the position of " + who + " is not finite";
    case NNP_CAPACITY: return "no memory for the neighbors of " + who;
    case NNP_BAD_INDEX: return "the neighbor list of " + who + " is broken";
    case NNP_BAD_ELEMENT: return who + " has a type that is NULL in pair_coeff but is to be evaluated";
    case NNP_BAD_RESULT:
      return "the energy of " + who +
          " is not finite: the structure is far outside of what the potential was trained on, or its weights are broken";
    case NNP_COINCIDENT: break;
    default: return "the kernel failed with code " + std::to_string(code) + " at " + who;
  }
  double **x = atom->x;
  for (int k = 0; k < list->numneigh[i]; k++) {
    const int j = list->firstneigh[i][k] & NEIGHMASK;
    const double d[3] = {x[j][0] - x[i][0], x[j][1] - x[i][1], x[j][2] - x[i][2]};
    const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    if (r < 1e-6) return who + " and " + atom_name(j) + " coincide";
  }
  return who + " coincides with a neighbor";
}
