/* -*- c++ -*- ----------------------------------------------------------
   pair_style nnp/socket: energies, forces and virial from a force server (protocol NNP1, ../protocol.md).
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#ifndef LMP_PAIR_NNP_SOCKET_H
#define LMP_PAIR_NNP_SOCKET_H

#include "committee.h"
#include "pair.h"

#include <cstdint>
#include <string>
#include <vector>

struct iovec;

namespace LAMMPS_NS {

class PairNNPSocket : public Pair, public NNP::Committee {
 public:
  PairNNPSocket(class LAMMPS *);
  ~PairNNPSocket() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  double memory_usage() override;

  bool is_committee() const override { return serves_committee; }
  int members() const override { return nmembers; }
  int members_atoms() const override { return members_nall; }
  const double *member_forces(int m) const override { return reply.data() + members_at + 3 * (size_t) m * members_nall; }

 private:
  struct Header {
    uint32_t magic;
    uint16_t version, type;
    uint32_t flags, reserved;
    uint64_t length;
    int64_t step;
  };
  struct StepHead {
    int32_t nlocal, nghost, inum, nneigh;
    double box[9];
  };

  std::string address, token;
  double timeout, wait;    // seconds
  int fd;
  std::vector<std::string> element_of_type;    // 1 to ntypes, empty = NULL

  double cutoff, model_id;
  std::string model_name;

  bool resend;    // the server has no valid neighbor list of this rank
  bigint sent_build;
  int sent_nlocal, sent_nall;
  std::vector<int> sent_types, ilist_section, count_section, neighbor_section;
  std::vector<double> reply;
  bool serves_committee, warned;
  int nmembers, members_nall;
  size_t members_at;    // in reply

  void allocate();
  void greet();
  std::string connect_and_greet();
  std::string connect_once(int &err);
  std::string hello_json() const;
  std::string read_token(const char *);
  void send_step(bool);
  void collect_list();
  void receive_forces(bool, bool);
  void check_members(size_t);
  void check_finite(bool);
  [[noreturn]] void fail(const std::string &);

  std::string send_all(::iovec *, int);
  std::string receive_all(void *, size_t, double);
  std::string receive_header(Header &, double);
  std::string error_text(const Header &, double);
  void hang_up();
};

}    // namespace LAMMPS_NS

#endif
