/* -*- c++ -*- ----------------------------------------------------------
   What compute nnp/disagreement needs of a pair style: the forces of every member of a committee.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#ifndef NNP_COMMITTEE_H
#define NNP_COMMITTEE_H

#include "lmptype.h"

namespace NNP {

class Committee {
 public:
  bool want_members;    // asked for by the compute, for the steps at which LAMMPS wants energies per atom
  LAMMPS_NS::bigint members_step;    // the step of what follows

  Committee() : want_members(false), members_step(-1) {}

  virtual bool is_committee() const = 0;
  virtual int members() const = 0;
  virtual int members_atoms() const = 0;    // local and ghost
  virtual const double *member_forces(int) const = 0;    // (3 members_atoms), in the units of LAMMPS

 protected:
  // not virtual: the destructors of newer LAMMPS may throw and those of older may not, and a virtual one here could override only one kind
  ~Committee() {}
};

}    // namespace NNP

#endif
