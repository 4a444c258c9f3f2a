/* -*- c++ -*- ----------------------------------------------------------
   compute nnp/disagreement: how far the members of a committee disagree about the force on each atom.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#ifndef LMP_COMPUTE_NNP_DISAGREEMENT_H
#define LMP_COMPUTE_NNP_DISAGREEMENT_H

#include "committee.h"
#include "compute.h"

#include <vector>

namespace LAMMPS_NS {

class ComputeNNPDisagreement : public Compute {
 public:
  ComputeNNPDisagreement(class LAMMPS *, int, char **);

  void init() override;
  double compute_scalar() override;
  void compute_peratom() override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;

 private:
  NNP::Committee *pair;
  std::vector<double> forces;    // (members, 3 nall)
  std::vector<double> values;    // nlocal
  double *member;                // whose ghost forces are on their way

  void collect();
};

}    // namespace LAMMPS_NS

#endif
