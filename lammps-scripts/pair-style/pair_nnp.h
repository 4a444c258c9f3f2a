/* -*- c++ -*- ----------------------------------------------------------
   pair_style nnp: a neural network potential evaluated by the kernel of nnp-bridge inside LAMMPS, without a server.
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#ifndef LMP_PAIR_NNP_H
#define LMP_PAIR_NNP_H

#include "committee.h"
#include "model.h"
#include "pair.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {

class PairNNP : public Pair, public NNP::Committee {
 public:
  PairNNP(class LAMMPS *);
  ~PairNNP() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  double memory_usage() override;

  bool is_committee() const override { return model.members > 1; }
  int members() const override { return model.members; }
  int members_atoms() const override { return members_nall; }
  const double *member_forces(int m) const override { return results.member_forces.data() + 3 * (size_t) m * members_nall; }

 private:
  std::string file;
  int nthreads;
  NNP::Model model;
  NNP::Results results;
  double energy_unit;                    // eV in the energy unit of LAMMPS
  std::vector<int> element_of_type;      // 1 to ntypes; -1 = NULL
  std::vector<int> element;              // of every atom
  int members_nall;
  bool warned, warned_exclude;

  void allocate();
  std::string read_file(std::string &);
  void load();
  void set_units();
  void check_list();
  void scale();
  void count_extrapolations();
  void check_finite();
  std::string reason(int, int) const;
  std::string atom_name(int) const;
  [[noreturn]] void fail(const std::string &);
};

}    // namespace LAMMPS_NS

#endif
