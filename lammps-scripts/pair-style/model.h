/* -*- c++ -*- ----------------------------------------------------------
   A potential from a file of `nnp-bridge lammps export`, and the kernel of nnp-bridge (potentials/kernels) that evaluates it.
   Knows nothing of LAMMPS. Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#ifndef NNP_MODEL_H
#define NNP_MODEL_H

#include "hdnnp.h"

#include <string>
#include <vector>

struct Pool;

namespace NNP {

// centers and their neighbors, as LAMMPS keeps them

struct List {
  int inum;
  const int *ilist, *numneigh;
  int *const *firstneigh;
};

// of one evaluation, in the units of the file (eV and angstrom, or reduced); arrays keep their memory from call to call

struct Results {
  std::vector<double> forces;            // 3 nall; ghosts too
  std::vector<double> energies;          // one per center in the order of ilist, without the elements' offsets
  std::vector<double> member_forces;     // (members, 3 nall), where asked for
  double virial[6];                      // xx yy zz xy xz yz of sum r (x) f
  int extrapolations;                    // descriptor values outside of what the model was trained on
  double first_extrapolation[3];         // atom, symmetry function from 0, value
  int at;                                // on error: which atom, -1 = none
};

class Model {
 public:
  Model();
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  // each returns the empty string, or what is wrong

  std::string load(const std::string &bytes);
  std::string start(int threads);

  int evaluate(const NnpAtoms &, const List &, bool members, Results &);    // NnpCode
  double offset(int element) const;                                        // mean over the members
  double memory_usage() const;

  std::string name, id;
  bool reduced;    // Lennard-Jones units
  std::vector<std::string> elements;
  double cutoff;
  int members;
  const char *variant;    // instruction set

 private:
  struct Own {    // of one thread
    void *scratch;
    size_t scratch_bytes;
    std::vector<double> forces, member_forces, member_virials;
    double virial[6], first_extrapolation[3];
    int extrapolations, code, at;
  };
  struct Work;

  const NnpKernel *kernel;
  void *model;
  Pool *pool;
  std::vector<Own> threads;
  std::vector<double> member_virials;
  std::vector<int> begin;    // centers of each thread

  std::string choose_kernel();
  std::string prepare(const std::vector<double> &);
  void release();
  bool reserve(const NnpAtoms &, const List &, bool);
  void share(const List &);
  static void run(void *, int);
};

}    // namespace NNP

#endif
