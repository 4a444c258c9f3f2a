/* ----------------------------------------------------------------------
   pair_style nnp/socket: energies, forces and virial from a force server (protocol NNP1, ../protocol.md).
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.
------------------------------------------------------------------------- */

#include "pair_nnp_socket.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "shared.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "NNP1 is little-endian; this machine is not"
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

using namespace LAMMPS_NS;

static const uint32_t MAGIC = 0x31504E4E;    // "NNP1"
static const uint16_t VERSION = 1;
enum { HELLO = 1, HELLO_OK, STEP, FORCES, ERR };
enum { TYPES = 1, NEIGH = 2, EATOM = 4, ILIST = 8, MEMBERS = 16 };
static const size_t MAX_TEXT = 65536;
static const int FORCES_HEAD = 8;    // doubles before the forces: energy, virial[6], extrapolations
static const int LIST_SECTIONS = 4;
static const size_t MEMBERS_MAX = 10000;

static_assert(sizeof(int) == 4, "NNP1 sends LAMMPS' int arrays as i32");

/* ---------------------------------------------------------------------- */

static double now()
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// true: ready; false: the deadline passed. Returns for POLLERR and POLLHUP, too: the next read or write tells what happened

static bool wait_for(int fd, short events, double deadline)
{
  for (;;) {
    const double left = deadline - now();
    if (left <= 0) return false;
    struct pollfd p = {fd, events, 0};
    const int n = poll(&p, 1, left > 1000 ? 1000000 : (int) (left * 1000) + 1);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true;
  }
}

static std::string seconds(double s)
{
  char text[32];
  snprintf(text, sizeof text, "%g s", s);
  return text;
}

static size_t padded(size_t ints) { return (ints + 1) / 2 * 2; }

/* ---------------------------------------------------------------------- */

PairNNPSocket::PairNNPSocket(LAMMPS *lmp) :
    Pair(lmp), timeout(60), wait(10), fd(-1), cutoff(0), model_id(0), resend(true), sent_build(-1), sent_nlocal(-1),
    sent_nall(-1), serves_committee(false), warned(false), nmembers(0), members_nall(0), members_at(0)
{
  one_coeff = 1;
  manybody_flag = 1;
  restartinfo = 0;
  single_enable = 0;
  writedata = 0;
  centroidstressflag = CENTROID_NOTAVAIL;
  nextra = 1;    // `compute pair nnp/socket`: values outside the training range, see protocol.md
  pvector = new double[1];
  pvector[0] = 0;
}

PairNNPSocket::~PairNNPSocket()
{
  hang_up();
  delete[] pvector;
  pvector = nullptr;
  if (copymode) return;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairNNPSocket::hang_up()
{
  if (fd >= 0) close(fd);
  fd = -1;
  resend = true;
}

void PairNNPSocket::fail(const std::string &what)
{
  error->one(FLERR, std::string("nnp/socket: " + what + " (step " + std::to_string(update->ntimestep) + ")"));
}

/* ----------------------------------------------------------------------
   pair_style nnp/socket ADDRESS [timeout SECONDS] [wait SECONDS] [token FILE]
------------------------------------------------------------------------- */

void PairNNPSocket::settings(int narg, char **arg)
{
  if (narg < 1 || narg % 2 == 0)
    error->all(FLERR,
               std::string("Illegal pair_style command: pair_style nnp/socket unix:PATH|tcp:HOST:PORT [timeout SECONDS] "
                           "[wait SECONDS] [token FILE]"));
  hang_up();
  address = arg[0];
  const size_t place = address.find("%d");    // a socket for each rank: serve --listen unix:PATH.%d --workers N
  if (place != std::string::npos) address.replace(place, 2, std::to_string(comm->me));
  token.clear();
  if (address.compare(0, 5, "unix:") != 0 && address.compare(0, 4, "tcp:") != 0)
    error->all(FLERR, std::string("nnp/socket: address \"" + address + "\" is neither unix:PATH nor tcp:HOST:PORT"));
  for (int i = 1; i < narg; i += 2) {
    const std::string key = arg[i];
    if (key == "token") {
      token = read_token(arg[i + 1]);
      continue;
    }
    const double value = utils::numeric(FLERR, arg[i + 1], false, lmp);
    if (!(value > 0) || !(value < 1e9))
      error->all(FLERR, std::string("nnp/socket: " + key + " must be a positive number of seconds"));
    if (key == "timeout")
      timeout = value;
    else if (key == "wait")
      wait = value;
    else
      error->all(FLERR, std::string("nnp/socket: unknown keyword " + key));
  }
}

// one word in a file of its own, which the server knows, too (serve --token-file); never part of an input script or a log

std::string PairNNPSocket::read_token(const char *path)
{
  std::string word;
  FILE *f = fopen(path, "r");
  if (!f) error->one(FLERR, std::string("nnp/socket: cannot read the token file ") + path + ": " + strerror(errno));
  for (int c = fgetc(f); c != EOF && word.size() < 1024; c = fgetc(f))
    if (!isspace(c)) word += (char) c;
  fclose(f);
  for (size_t i = 0; i < word.size(); i++)
    if (word[i] <= ' ' || word[i] > '~' || word[i] == '"' || word[i] == '\\')
      error->one(FLERR, std::string("nnp/socket: the token must be printable ASCII without quotes and backslashes"));
  if (word.empty()) error->one(FLERR, std::string("nnp/socket: no token in ") + path);
  if (word.size() >= 1024) error->one(FLERR, std::string("nnp/socket: the token is longer than 1023 characters: ") + path);
  return word;
}

/* ----------------------------------------------------------------------
   pair_coeff * * ELEMENT...: one element per atom type, NULL for types of another style
------------------------------------------------------------------------- */

void PairNNPSocket::coeff(int narg, char **arg)
{
  const int n = atom->ntypes;
  if (!allocated) allocate();
  if (narg < 2 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0 || narg != n + 2)
    error->all(FLERR,
               std::string("Incorrect args for pair coefficients: pair_coeff * * and one element per atom type (" +
                           std::to_string(n) + "), NULL for types of another style"));
  element_of_type.assign(n + 1, "");
  bool any = false;
  for (int i = 1; i <= n; i++) {
    if (strcmp(arg[i + 1], "NULL") == 0) continue;
    for (const char *c = arg[i + 1]; *c; c++)
      if (!isalnum((unsigned char) *c))
        error->all(FLERR, std::string("nnp/socket: \"") + arg[i + 1] + "\" is not an element");
    element_of_type[i] = arg[i + 1];
    any = true;
  }
  if (!any) error->all(FLERR, std::string("nnp/socket: pair_coeff names no element"));
  for (int i = 1; i <= n; i++)
    for (int j = i; j <= n; j++) setflag[i][j] = !element_of_type[i].empty() && !element_of_type[j].empty();
  greet();
}

void PairNNPSocket::allocate()
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

void PairNNPSocket::init_style()
{
  if (!force->newton_pair) error->all(FLERR, std::string("Pair style nnp/socket requires newton pair on"));
  if (atom->tag_enable == 0) error->all(FLERR, std::string("Pair style nnp/socket requires atom IDs"));
  if (fd < 0) error->all(FLERR, std::string("Pair style nnp/socket: no pair_coeff was given"));
  const char *problem = NNP::request_full_list(neighbor, this, instance_me);
  if (problem) error->all(FLERR, std::string("nnp/socket: ") + problem);
  resend = true;
}

double PairNNPSocket::init_one(int i, int j)
{
  if (setflag[i][j] == 0) error->all(FLERR, std::string("All pair coeffs are not set"));
  return cutoff;
}

double PairNNPSocket::memory_usage()
{
  return Pair::memory_usage() + 8.0 * reply.capacity() +
      4.0 * (sent_types.capacity() + ilist_section.capacity() + count_section.capacity() + neighbor_section.capacity());
}

/* ----------------------------------------------------------------------
   every rank connects; all of them agree on success, cutoff and model, or all stop with the text of the first that failed
------------------------------------------------------------------------- */

void PairNNPSocket::greet()
{
  hang_up();
  std::string problem = connect_and_greet();
  int first = problem.empty() ? comm->nprocs : comm->me, lowest;
  MPI_Allreduce(&first, &lowest, 1, MPI_INT, MPI_MIN, world);
  if (lowest < comm->nprocs) {
    int length = problem.size();
    MPI_Bcast(&length, 1, MPI_INT, lowest, world);
    problem.resize(length);
    MPI_Bcast(&problem[0], length, MPI_CHAR, lowest, world);
    hang_up();
    error->all(FLERR, std::string("nnp/socket: " + problem));
  }
  double mine[4] = {cutoff, -cutoff, model_id, -model_id}, least[4];
  MPI_Allreduce(mine, least, 4, MPI_DOUBLE, MPI_MIN, world);
  if (least[0] != -least[1] || least[2] != -least[3])
    error->all(FLERR, std::string("nnp/socket: ranks talk to servers with different models"));
  if (comm->me == 0) {
    char text[64];
    snprintf(text, sizeof text, "cutoff %.6g, id %.0f", cutoff, model_id);
    utils::logmesg(lmp, std::string("nnp/socket: model " + model_name + " at " + address + ", " + text + "\n"));
  }
}

std::string PairNNPSocket::hello_json() const
{
  std::string json = "{\"rank\":" + std::to_string(comm->me) + ",\"nranks\":" + std::to_string(comm->nprocs) + ",\"units\":\"" +
      update->unit_style + "\",\"client\":\"LAMMPS " + std::to_string(NNP_LAMMPS_VERSION) + "\",\"elements\":[";
  for (size_t i = 1; i < element_of_type.size(); i++) {
    if (i > 1) json += ",";
    json += element_of_type[i].empty() ? std::string("null") : "\"" + element_of_type[i] + "\"";
  }
  json += "]";
  if (!token.empty()) json += ",\"token\":\"" + token + "\"";
  return json + "}";
}

// the empty string, or what went wrong

std::string PairNNPSocket::connect_and_greet()
{
  const double deadline = now() + wait;
  for (;;) {
    int err = 0;
    const std::string problem = connect_once(err);
    if (fd >= 0) break;
    const bool later = err == ENOENT || err == ECONNREFUSED || err == EAGAIN || err == ETIMEDOUT || err == EHOSTUNREACH;
    if (!later || now() > deadline)
      return "cannot connect to " + address + (later ? " within " + seconds(wait) : "") + ": " + problem +
          " (is the server running, and on this machine?)";
    usleep(100000);
  }
  const std::string json = hello_json();
  Header h = {MAGIC, VERSION, HELLO, 0, 0, json.size(), 0};
  struct iovec parts[2] = {{&h, sizeof h}, {(void *) json.data(), json.size()}};
  std::string problem = send_all(parts, 2);
  if (problem.empty()) problem = receive_header(h, timeout);
  if (!problem.empty()) return problem;
  if (h.type == ERR) return "server " + address + " refused: " + error_text(h, timeout);
  if (h.type != HELLO_OK || h.length < 16 || h.length > 16 + MAX_TEXT)
    return "server " + address + " answered HELLO with something else";
  double values[2];
  problem = receive_all(values, sizeof values, timeout);
  if (!problem.empty()) return problem;
  cutoff = values[0];
  model_id = values[1];
  serves_committee = (h.flags & MEMBERS) != 0;
  if (!(cutoff > 0) || !std::isfinite(cutoff) || !std::isfinite(model_id))
    return "server " + address + " gave a cutoff or model id that is no number";
  model_name.assign(h.length - 16, ' ');
  return model_name.empty() ? "" : receive_all(&model_name[0], model_name.size(), timeout);
}

static int open_socket(int family)
{
#ifdef SOCK_CLOEXEC
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  const int s = socket(family, SOCK_STREAM, 0);
  if (s >= 0) {
    fcntl(s, F_SETFD, FD_CLOEXEC);
    fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
    int on = 1;
    setsockopt(s, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  }
  return s;
#endif
}

// sets fd, or returns the reason and its errno (0: trying again is of no use)

std::string PairNNPSocket::connect_once(int &err)
{
  union {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_storage room;
  } to;
  memset(&to, 0, sizeof to);
  socklen_t length;
  if (address.compare(0, 5, "unix:") == 0) {
    const std::string path = address.substr(5);
    if (path.empty() || path.size() >= sizeof to.local.sun_path) return "the path is empty or too long for a unix socket";
    to.local.sun_family = AF_UNIX;
    memcpy(to.local.sun_path, path.c_str(), path.size() + 1);
    length = sizeof to.local;
  } else {
    const size_t colon = address.rfind(':');
    if (colon <= 4) return "expected tcp:HOST:PORT";
    std::string host = address.substr(4, colon - 4);
    if (host.size() > 2 && host[0] == '[' && host[host.size() - 1] == ']') host = host.substr(1, host.size() - 2);
    struct addrinfo hints, *found = nullptr;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    const int code = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
    if (code != 0) return std::string("host name: ") + gai_strerror(code);
    length = found->ai_addrlen;
    memcpy(&to, found->ai_addr, length);
    freeaddrinfo(found);
  }
  const int s = open_socket(to.any.sa_family);
  if (s < 0) return strerror(errno);
  int on = 1, size = 4 << 20;
  if (to.any.sa_family == AF_UNIX) {
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  } else
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  err = connect(s, &to.any, length) == 0 ? 0 : errno;
  if (err == EINPROGRESS || err == EINTR) {
    socklen_t bytes = sizeof err;
    if (!wait_for(s, POLLOUT, now() + (wait < 5 ? wait : 5)))
      err = ETIMEDOUT;
    else if (getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &bytes) != 0)
      err = errno;
  }
  if (err != 0) {
    close(s);
    return strerror(err);
  }
  fd = s;
  return "";
}

/* ---------------------------------------------------------------------- */

void PairNNPSocket::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  NNP::stop_if_asked(lmp);
  if (vflag_atom) error->all(FLERR, std::string("Pair style nnp/socket does not support per-atom virial"));
  const bool with_members = want_members && eflag_atom && serves_committee;
  send_step(with_members);
  receive_forces(eflag_atom, with_members);

  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  const double *forces = reply.data() + FORCES_HEAD;
  double *f = nall > 0 ? &atom->f[0][0] : nullptr;
  for (int i = 0; i < 3 * nall; i++) f[i] += forces[i];
  if (eflag_global) eng_vdwl += reply[0];
  if (eflag_atom)
    for (int i = 0; i < nlocal; i++) eatom[i] += forces[3 * nall + i];
  if (vflag_fdotr)
    virial_fdotr_compute();
  else if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += reply[1 + k];

  pvector[0] = reply[7];
  if (reply[7] > 0 && !warned) {
    warned = true;
    char text[160];
    snprintf(text, sizeof text,
             "nnp/socket: %.0f descriptor values outside the training range of the model at step %lld (told once; see compute pair)",
             reply[7], (long long) update->ntimestep);
    if (comm->me == 0)
      error->warning(FLERR, std::string(text));
    else    // other ranks have no screen
      fprintf(stderr, "WARNING: rank %d: %s\n", comm->me, text);
  }
}

/* ----------------------------------------------------------------------
   positions at every step; types and neighbor list when LAMMPS rebuilt the list or anything they refer to changed
------------------------------------------------------------------------- */

void PairNNPSocket::send_step(bool with_members)
{
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  const bool with_list = resend || neighbor->ago == 0 || neighbor->ncalls != sent_build || nlocal != sent_nlocal ||
      nall != sent_nall || !std::equal(sent_types.begin(), sent_types.begin() + nall, atom->type);
  if (with_list) {
    const char *hidden = NNP::hidden_neighbors(atom, neighbor);
    if (hidden) error->all(FLERR, std::string("nnp/socket: ") + hidden);
    collect_list();
  }

  StepHead head;
  head.nlocal = nlocal;
  head.nghost = nall - nlocal;
  head.inum = with_list ? list->inum : 0;
  head.nneigh = 0;
  const double box[9] = {domain->boxlo[0], domain->boxlo[1], domain->boxlo[2], domain->boxhi[0], domain->boxhi[1],
                         domain->boxhi[2], domain->xy,       domain->xz,       domain->yz};
  memcpy(head.box, box, sizeof box);

  Header h = {MAGIC, VERSION, STEP, 0, 0, sizeof head + 24 * (uint64_t) nall, (int64_t) update->ntimestep};
  if (eflag_atom) h.flags |= EATOM;
  if (with_members) h.flags |= MEMBERS;
  struct iovec parts[3 + LIST_SECTIONS] = {
      {&h, sizeof h}, {&head, sizeof head}, {nall > 0 ? (void *) &atom->x[0][0] : nullptr, 24 * (size_t) nall}};
  int nparts = 3;
  if (with_list) {
    h.flags |= TYPES | NEIGH | (ilist_section.empty() ? 0 : ILIST);
    bigint nneigh = 0;
    for (int k = 0; k < list->inum; k++) nneigh += list->numneigh[list->ilist[k]];
    head.nneigh = (int) nneigh;
    std::vector<int> *sections[LIST_SECTIONS] = {&sent_types, &ilist_section, &count_section, &neighbor_section};
    for (int s = 0; s < LIST_SECTIONS; s++) {
      parts[nparts].iov_base = sections[s]->data();
      parts[nparts].iov_len = 4 * sections[s]->size();
      h.length += parts[nparts++].iov_len;
    }
  }
  const std::string problem = send_all(parts, nparts);
  if (!problem.empty()) fail(problem);
  resend = false;
}

// every section is padded with zeros to a multiple of 8 bytes

void PairNNPSocket::collect_list()
{
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost, inum = list->inum;
  sent_nlocal = nlocal;
  sent_nall = nall;
  sent_build = neighbor->ncalls;
  sent_types.assign(padded(nall), 0);
  std::copy(atom->type, atom->type + nall, sent_types.begin());

  bool every = inum == nlocal;
  size_t nneigh = 0;
  for (int k = 0; k < inum; k++) {
    every = every && list->ilist[k] == k;
    nneigh += list->numneigh[list->ilist[k]];
  }
  if (nneigh > 0x7FFFFFFF) fail("more than 2^31 neighbors on one rank");
  ilist_section.assign(every ? 0 : padded(inum), 0);
  if (!every) std::copy(list->ilist, list->ilist + inum, ilist_section.begin());
  count_section.assign(padded(inum), 0);
  neighbor_section.resize(padded(nneigh));
  if (nneigh % 2) neighbor_section[nneigh] = 0;
  int *to = neighbor_section.data();
  for (int k = 0; k < inum; k++) {
    const int i = list->ilist[k], n = list->numneigh[i], *from = list->firstneigh[i];
    count_section[k] = n;
    for (int m = 0; m < n; m++) *to++ = from[m] & NEIGHMASK;
  }
}

void PairNNPSocket::receive_forces(bool with_energies, bool with_members)
{
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  const size_t plain = FORCES_HEAD + 3 * (size_t) nall + (with_energies ? nlocal : 0);
  size_t n = plain;
  Header h;
  std::string problem = receive_header(h, timeout);
  if (!problem.empty()) fail(problem);
  if (h.type == ERR) fail("server " + address + " reports: " + error_text(h, timeout));
  if (h.type != FORCES) fail("server " + address + " sent message type " + std::to_string(h.type) + " instead of FORCES");
  if (h.step != (int64_t) update->ntimestep)
    fail("server " + address + " answered step " + std::to_string(h.step));
  if (with_members && h.length % 8 == 0 && h.length / 8 > plain &&
      h.length / 8 <= plain + 1 + 3 * (size_t) nall * MEMBERS_MAX)
    n = h.length / 8;
  if (h.length != 8 * n || (with_members && n == plain))
    fail("server " + address + " sent " + std::to_string(h.length) + " bytes of forces instead of " + std::to_string(8 * n));
  if (reply.size() < n) reply.resize(n + n / 4);
  problem = receive_all(reply.data(), 8 * n, timeout);
  if (!problem.empty()) fail(problem);
  double sums[4] = {0, 0, 0, 0};    // each addition waits for the one before
  const size_t whole = n - n % 4;
  for (size_t i = 0; i < whole; i += 4)
    for (int k = 0; k < 4; k++) sums[k] += reply[i + k] * 0.0;
  for (size_t i = whole; i < n; i++) sums[0] += reply[i] * 0.0;
  if (!(sums[0] + sums[1] + sums[2] + sums[3] == 0)) check_finite(with_energies);
  if (!with_members) return;
  members_at = plain + 1;
  members_nall = nall;
  check_members(n - members_at);
  members_step = update->ntimestep;
}

// reply[members_at - 1] tells how many members there are, `n` numbers follow

void PairNNPSocket::check_members(size_t n)
{
  const double told = reply[members_at - 1];
  if (!(told >= 2 && told <= MEMBERS_MAX && told == floor(told)) || n != 3 * (size_t) members_nall * (size_t) told)
    fail("server " + address + " sent " + std::to_string(n) + " numbers for the forces of the members of its committee");
  nmembers = (int) told;
}

// something is not finite: name it

void PairNNPSocket::check_finite(bool with_energies)
{
  const int nall = atom->nlocal + atom->nghost;
  for (int k = 0; k < FORCES_HEAD; k++)
    if (!std::isfinite(reply[k])) fail("non-finite energy or virial from server " + address);
  for (int i = 0; i < nall; i++)
    for (int d = 0; d < 3; d++)
      if (!std::isfinite(reply[FORCES_HEAD + 3 * i + d]))
        fail("non-finite force from server " + address + " on atom " + std::to_string(atom->tag[i]));
  if (with_energies)
    for (int i = 0; i < atom->nlocal; i++)
      if (!std::isfinite(reply[FORCES_HEAD + 3 * (size_t) nall + i]))
        fail("non-finite energy from server " + address + " of atom " + std::to_string(atom->tag[i]));
  fail("non-finite force of a member of the committee from server " + address);
}

/* ----------------------------------------------------------------------
   bytes: each returns the empty string, or what went wrong
------------------------------------------------------------------------- */

std::string PairNNPSocket::send_all(struct iovec *parts, int nparts)
{
  const double deadline = now() + timeout;
  while (nparts > 0) {
    if (parts->iov_len == 0) {
      parts++;
      nparts--;
      continue;
    }
    struct msghdr m;
    memset(&m, 0, sizeof m);
    m.msg_iov = parts;
    m.msg_iovlen = nparts;
    ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!wait_for(fd, POLLOUT, deadline)) return "server " + address + " took no data within " + seconds(timeout);
        continue;
      }
      const std::string why = strerror(errno);
      Header h;    // a server that stops says why before it closes
      if (receive_header(h, 1).empty() && h.type == ERR) return "server " + address + " reports: " + error_text(h, 1);
      return "server " + address + " closed the connection: " + why;
    }
    while (sent > 0) {
      const size_t step = (size_t) sent < parts->iov_len ? (size_t) sent : parts->iov_len;
      parts->iov_base = (char *) parts->iov_base + step;
      parts->iov_len -= step;
      sent -= step;
      if (parts->iov_len == 0) {
        parts++;
        nparts--;
      }
    }
  }
  return "";
}

std::string PairNNPSocket::receive_all(void *to, size_t n, double limit)
{
  const double deadline = now() + limit;
  char *at = (char *) to;
  while (n > 0) {
    const ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
    if (got > 0) {
      at += got;
      n -= got;
    } else if (got == 0) {
      return "server " + address + " closed the connection";
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd, POLLIN, deadline)) return "no answer from server " + address + " within " + seconds(limit);
    } else if (errno != EINTR) {
      return "server " + address + " closed the connection: " + strerror(errno);
    }
  }
  return "";
}

std::string PairNNPSocket::receive_header(Header &h, double limit)
{
  static_assert(sizeof(Header) == 32, "header of NNP1");
  std::string problem = receive_all(&h.magic, 4, limit);    // first: another program may send less than a header
  if (!problem.empty()) return problem;
  if (h.magic != MAGIC) return address + " is not an NNP1 server";
  problem = receive_all((char *) &h + 4, sizeof h - 4, limit);
  if (!problem.empty()) return problem;
  if (h.version != VERSION)
    return "server " + address + " speaks version " + std::to_string(h.version) + " of NNP1, this client version 1";
  return "";
}

std::string PairNNPSocket::error_text(const Header &h, double limit)
{
  if (h.length >= MAX_TEXT) return "(a message that is too long)";
  std::string text(h.length, ' ');
  const std::string problem = h.length ? receive_all(&text[0], text.size(), limit) : "";
  return problem.empty() ? text : problem;
}
