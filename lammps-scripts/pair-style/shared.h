/* -*- c++ -*- ----------------------------------------------------------
   What pair_style nnp/socket and pair_style nnp have in common: the full neighbor list, what may hide neighbors, and the clean stop.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.

   One source for LAMMPS 29 Sep 2021 to today. Compile-time settings (Makefile, `nnp-bridge lammps build`):
     NNP_LAMMPS_VERSION  the LAMMPS it is compiled for, as lammps_version() counts: 20210929
     NNP_OLD_REQUEST     neighbor.h has no add_request() (before 2022)
   Only non-variadic overloads of LAMMPS' error and log functions are used: the others need the {fmt} copy of LAMMPS.
------------------------------------------------------------------------- */

#ifndef NNP_SHARED_H
#define NNP_SHARED_H

#include "atom.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "pair.h"

#if !defined(NNP_LAMMPS_VERSION)
#error "compile with -DNNP_LAMMPS_VERSION=YYYYMMDD, the version of LAMMPS (see Makefile)"
#endif

namespace NNP {

// plugin.cpp. In a run that `nnp-bridge lammps run` watches, SIGUSR1 ends the run at the next step as a reached time limit does;
// every rank calls it once in compute()

void stop_if_asked(LAMMPS_NS::LAMMPS *);

/* ----------------------------------------------------------------------
   full neighbor list, by either interface of LAMMPS; nullptr or the reason why not
------------------------------------------------------------------------- */

#ifndef NNP_OLD_REQUEST

template <class N> const char *request_full_list(N *neighbor, LAMMPS_NS::Pair *pair, int)
{
  neighbor->add_request(pair, 1);    // NeighConst::REQ_FULL; its header is not in every package
  return nullptr;
}

#else

#ifdef __has_include
#if __has_include("neigh_request.h")
#include "neigh_request.h"
#define NNP_NEIGH_REQUEST LAMMPS_NS::NeighRequest
#endif
#endif

#ifndef NNP_NEIGH_REQUEST
#define NNP_NEIGH_REQUEST NeighRequestOf2021

// the first members of NeighRequest as of 29 Sep 2021, whose header packages do not ship

class NeighRequestOf2021 : protected LAMMPS_NS::Pointers {
 public:
  int index;
  void *requestor;
  int requestor_instance;
  int id;
  int pair, fix, compute, command, neigh;
  int half, full;
};

#endif

template <class N> const char *request_full_list(N *neighbor, LAMMPS_NS::Pair *pair, int instance)
{
  const int i = neighbor->request((void *) pair, instance);
  NNP_NEIGH_REQUEST *r = reinterpret_cast<NNP_NEIGH_REQUEST *>(neighbor->requests[i]);
  if (r->requestor != (void *) pair || r->requestor_instance != instance || r->pair != 1 || r->fix != 0 || r->half != 1 ||
      r->full != 0)
    return "neighbor requests of this LAMMPS are laid out differently from those of 29 Sep 2021; build against its complete headers";
  r->half = 0;
  r->full = 1;
  return nullptr;
}

#endif

/* ----------------------------------------------------------------------
   LAMMPS leaves bonded neighbors out of the list where special_bonds says 0: the potential would silently miss them
------------------------------------------------------------------------- */

inline const char *hidden_neighbors(const LAMMPS_NS::Atom *atom, const LAMMPS_NS::Neighbor *neighbor)
{
  if (atom->molecular == 0 || atom->maxspecial <= 0) return nullptr;
  for (int k = 1; k <= 3; k++)
    if (neighbor->special_flag[k] == 0)
      return "special_bonds hides bonded neighbors from the potential; say special_bonds lj/coul 1.0 1.0 1.0";
  return nullptr;
}

}    // namespace NNP

#endif
