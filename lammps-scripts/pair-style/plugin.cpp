/* ----------------------------------------------------------------------
   Entry points of nnpplugin.so: nnp_register from a `python` command, lammpsplugin_init from `plugin load`.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#include "compute_nnp_disagreement.h"
#include "force.h"
#include "lammps.h"
#include "modify.h"
#include "pair_nnp.h"
#include "pair_nnp_socket.h"
#include "shared.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define NNP_EXPORT extern "C" __attribute__((visibility("default")))

using namespace LAMMPS_NS;

extern "C" int lammps_version(void *);
extern "C" int lammps_extract_setting(void *, const char *);
extern "C" void lammps_force_timeout(void *);

static Pair *make_socket(LAMMPS *lmp) { return new PairNNPSocket(lmp); }
static Pair *make_nnp(LAMMPS *lmp) { return new PairNNP(lmp); }
static Compute *make_disagreement(LAMMPS *lmp, int narg, char **arg) { return new ComputeNNPDisagreement(lmp, narg, arg); }

/* ----------------------------------------------------------------------
   NNP_WATCHED in the environment (`nnp-bridge lammps run`): screen and log are written line by line, so that progress can be
   followed and nothing is lost, and SIGUSR1 asks for the end of the run at the next step
------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_asked = 0;
static bool watched = false;

static void note_stop(int) { stop_asked = 1; }

static void watch(LAMMPS *lmp)
{
  const char *word = getenv("NNP_WATCHED");
  int mine = word && *word, all = mine;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, lmp->world);    // ranks on other machines may not have the variable
  watched = all != 0;
  if (!watched) return;
  signal(SIGUSR1, note_stop);
  if (lmp->screen) setvbuf(lmp->screen, nullptr, _IOLBF, 0);
  if (lmp->logfile) setvbuf(lmp->logfile, nullptr, _IOLBF, 0);
}

// LAMMPS must be told on every rank at the same step: MPI_COMM_WORLD would be wrong with partitions

void NNP::stop_if_asked(LAMMPS *lmp)
{
  if (!watched) return;
  int mine = stop_asked, any = mine;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  if (any) lammps_force_timeout(lmp);
}

// nullptr, or why this file must not be used in the running LAMMPS: object layouts differ between versions

static const char *mismatch(void *lmp)
{
  static char text[256];
  const int running = lammps_version(lmp);
  if (running != NNP_LAMMPS_VERSION) {
    snprintf(text, sizeof text,
             "nnp/socket was built for LAMMPS %d, this is LAMMPS %d: run `nnp-bridge lammps build` for this LAMMPS",
             NNP_LAMMPS_VERSION, running);
    return text;
  }
  if (lammps_extract_setting(lmp, "bigint") != (int) sizeof(bigint) || lammps_extract_setting(lmp, "tagint") != (int) sizeof(tagint) ||
      lammps_extract_setting(lmp, "imageint") != (int) sizeof(imageint)) {
    snprintf(text, sizeof text,
             "nnp/socket was built for other integer sizes (LAMMPS_SMALLBIG, _BIGBIG, _SMALLSMALL) than this LAMMPS has");
    return text;
  }
  return nullptr;
}

// returns nullptr, or the reason of the refusal

NNP_EXPORT const char *nnp_register(void *ptr)
{
  const char *problem = mismatch(ptr);
  if (problem) return problem;
  LAMMPS *lmp = (LAMMPS *) ptr;
  watch(lmp);
  (*lmp->force->pair_map)["nnp/socket"] = &make_socket;
  (*lmp->force->pair_map)["nnp"] = &make_nnp;
  (*lmp->modify->compute_map)["nnp/disagreement"] = &make_disagreement;
  return nullptr;
}

// as in lammpsplugin.h, which packages do not ship; same in every LAMMPS that has plugins

struct Plugin {
  const char *version, *style, *name, *info, *author;
  void *creator;
  void *handle;
};

NNP_EXPORT void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  const char *problem = mismatch(lmp);
  if (problem) {
    fprintf(stderr, "ERROR: %s\n", problem);
    return;
  }
  watch((LAMMPS *) lmp);
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static char version_text[32];    // as LAMMPS writes it: "29 Sep 2021"
  snprintf(version_text, sizeof version_text, "%d %s %d", NNP_LAMMPS_VERSION % 100, months[NNP_LAMMPS_VERSION / 100 % 100 - 1],
           NNP_LAMMPS_VERSION / 10000);
  Plugin p;
  p.version = version_text;
  p.author = "nnp-bridge";
  p.handle = handle;
  p.style = "pair";
  p.name = "nnp/socket";
  p.info = "energies and forces from a force server (NNP1), nnp-bridge";
  p.creator = (void *) &make_socket;
  ((void (*)(Plugin *, void *)) regfunc)(&p, lmp);
  p.name = "nnp";
  p.info = "neural network potential without a server, nnp-bridge";
  p.creator = (void *) &make_nnp;
  ((void (*)(Plugin *, void *)) regfunc)(&p, lmp);
  p.style = "compute";
  p.name = "nnp/disagreement";
  p.info = "disagreement of a committee about the force on each atom, nnp-bridge";
  p.creator = (void *) &make_disagreement;
  ((void (*)(Plugin *, void *)) regfunc)(&p, lmp);
}
