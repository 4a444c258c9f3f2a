/* ----------------------------------------------------------------------
   compute ID GROUP nnp/disagreement
   Per atom: the norm over x, y, z of the standard deviation of the members' forces (divided by their number), as dp model-devi
   defines it, in the force unit of LAMMPS. Scalar: its maximum over the group.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#include "compute_nnp_disagreement.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "pair.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace LAMMPS_NS;

// LAMMPS renamed it in 2022

template <class C> static auto fold_ghosts(C *comm, Compute *c, int) -> decltype(comm->reverse_comm_compute(c), void())
{
  comm->reverse_comm_compute(c);
}
template <class C> static auto fold_ghosts(C *comm, Compute *c, long) -> decltype(comm->reverse_comm(c), void())
{
  comm->reverse_comm(c);
}

ComputeNNPDisagreement::ComputeNNPDisagreement(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), pair(nullptr), member(nullptr)
{
  if (narg != 3) error->all(FLERR, std::string("Illegal compute nnp/disagreement command: no words after the style"));
  scalar_flag = 1;
  extscalar = 0;
  peratom_flag = 1;
  size_peratom_cols = 0;
  timeflag = 1;
  peatomflag = 1;    // LAMMPS then says at which steps the members' forces are needed
  comm_reverse = 3;
}

void ComputeNNPDisagreement::init()
{
  NNP::Committee *inside = dynamic_cast<NNP::Committee *>(force->pair_match("nnp", 1));
  NNP::Committee *served = dynamic_cast<NNP::Committee *>(force->pair_match("nnp/socket", 1));
  if (inside && served)
    error->all(FLERR, std::string("compute nnp/disagreement cannot choose between pair styles nnp and nnp/socket"));
  pair = inside ? inside : served;
  if (!pair) error->all(FLERR, std::string("compute nnp/disagreement needs one pair style nnp or nnp/socket"));
  if (!pair->is_committee())
    error->all(FLERR,
               std::string("compute nnp/disagreement needs a committee: give several potentials to `nnp-bridge lammps export`, "
                           "`serve` or `lammps run`"));
  pair->want_members = true;
}

double ComputeNNPDisagreement::compute_scalar()
{
  if (invoked_peratom != update->ntimestep) compute_peratom();
  invoked_scalar = update->ntimestep;
  double mine = 0;
  for (int i = 0; i < atom->nlocal; i++) mine = std::max(mine, values[i]);
  MPI_Allreduce(&mine, &scalar, 1, MPI_DOUBLE, MPI_MAX, world);
  return scalar;
}

void ComputeNNPDisagreement::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  if (update->eflag_atom != invoked_peratom || pair->members_step != invoked_peratom)
    error->all(FLERR, std::string("compute nnp/disagreement: the members' forces were not computed at this step"));
  collect();
  const int nlocal = atom->nlocal, members = pair->members();
  const size_t stride = forces.size() / members;
  values.assign(std::max(nlocal, 1), 0);
  for (int i = 0; i < nlocal; i++) {
    if (!(atom->mask[i] & groupbit)) continue;
    double sum = 0;
    for (size_t k = 3 * (size_t) i; k < 3 * (size_t) i + 3; k++) {
      double mean = 0;
      for (int m = 0; m < members; m++) mean += forces[m * stride + k];
      mean /= members;
      for (int m = 0; m < members; m++) sum += (forces[m * stride + k] - mean) * (forces[m * stride + k] - mean);
    }
    values[i] = sqrt(sum / members);
  }
  vector_atom = values.data();
}

// the members' forces, those on ghosts added to their owners

void ComputeNNPDisagreement::collect()
{
  const size_t stride = 3 * (size_t) pair->members_atoms();
  forces.resize(stride * pair->members());
  for (int m = 0; m < pair->members(); m++) {
    member = forces.data() + m * stride;
    std::copy(pair->member_forces(m), pair->member_forces(m) + stride, member);
    fold_ghosts(comm, this, 0);
  }
}

int ComputeNNPDisagreement::pack_reverse_comm(int n, int first, double *buf)
{
  std::copy(member + 3 * (size_t) first, member + 3 * (size_t) (first + n), buf);
  return 3 * n;
}

void ComputeNNPDisagreement::unpack_reverse_comm(int n, int *atoms, double *buf)
{
  for (int k = 0; k < n; k++)
    for (int d = 0; d < 3; d++) member[3 * (size_t) atoms[k] + d] += buf[3 * k + d];
}

double ComputeNNPDisagreement::memory_usage()
{
  return 8.0 * (forces.capacity() + values.capacity());
}
