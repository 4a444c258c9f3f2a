/* ----------------------------------------------------------------------
   Part of nnp-bridge. GNU General Public License, version 2: see LICENSE beside this file.

   The file (numbers little-endian), as src/lammps/potential-file.ts writes it:
     bytes 0-7   "NNPBLOB\n"
     8           u32 version 1
     12          u32 CRC-32 of everything behind it
     16          u64 bytes of the text, a multiple of 8
     24          u64 number of doubles
     32          text: lines "key words", filled up with blanks
     ...         the doubles: the kernel's description, potentials/kernels/blob.ts
------------------------------------------------------------------------- */

#include "model.h"

extern "C" {
#include "evaluation.h"    // the choice of the instruction set, and the pool of threads
}

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

using namespace NNP;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "potential files are little-endian; this machine is not"
#endif

static const char MAGIC[] = "NNPBLOB\n";
static const uint32_t FILE_VERSION = 1;
static const size_t HEAD = 32;
static const int ELEMENTS_MAX = 256;

/* ----------------------------------------------------------------------
   the fastest instruction set that this processor has, or the one that NNP_KERNEL_VARIANT names
------------------------------------------------------------------------- */

std::string Model::choose_kernel()
{
  const char *wanted = getenv("NNP_KERNEL_VARIANT");
  const bool any = !wanted || !*wanted;
  Variant runs[MOST_VARIANTS];
  const int n = variants(runs);
  for (int k = 0; k < n && !kernel; k++) {
    if (!any && strcmp(wanted, runs[k].name) != 0) continue;
    variant = runs[k].name;
    kernel = runs[k].kernel;
  }
  if (kernel) return "";
  return any ? "this processor runs no variant of the kernel (it needs at least SSE 4.2)"
             : std::string("this processor does not run the variant NNP_KERNEL_VARIANT=") + wanted + " of the kernel";
}

/* ---------------------------------------------------------------------- */

static void *aligned(size_t bytes)
{
  void *p = nullptr;
  return posix_memalign(&p, 64, bytes ? bytes : 64) ? nullptr : p;
}

Model::Model() : reduced(false), cutoff(0), members(0), variant(""), kernel(nullptr), model(nullptr), pool(nullptr) {}

Model::~Model() { release(); }

void Model::release()
{
  if (pool) pool_destroy(pool);
  for (Own &t : threads) free(t.scratch);
  free(model);
  threads.clear();
  pool = nullptr;
  model = nullptr;
  kernel = nullptr;
}

static uint32_t crc32(const char *bytes, size_t n)
{
  uint32_t table[256];
  for (uint32_t k = 0; k < 256; k++) {
    uint32_t c = k;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[k] = c;
  }
  uint32_t c = ~0u;
  for (size_t k = 0; k < n; k++) c = table[(c ^ (unsigned char) bytes[k]) & 255] ^ (c >> 8);
  return ~c;
}

std::string Model::load(const std::string &bytes)
{
  release();
  uint32_t numbers[2];
  uint64_t sizes[2];
  if (bytes.size() < HEAD || memcmp(bytes.data(), MAGIC, 8) != 0)
    return "this is no potential file of `nnp-bridge lammps export`";
  memcpy(numbers, bytes.data() + 8, sizeof numbers);
  memcpy(sizes, bytes.data() + 16, sizeof sizes);
  if (numbers[0] != FILE_VERSION)
    return "the file has version " + std::to_string(numbers[0]) + ", this library reads version " + std::to_string(FILE_VERSION) +
        ": write it again with `nnp-bridge lammps export`";
  const uint64_t rest = bytes.size() - HEAD;
  if (sizes[0] > rest || sizes[0] % 8 || sizes[1] != (rest - sizes[0]) / 8 || (rest - sizes[0]) % 8)
    return "the file is truncated or too long (" + std::to_string(bytes.size()) + " bytes)";
  if (crc32(bytes.data() + 16, bytes.size() - 16) != numbers[1]) return "the file is damaged (its checksum is wrong)";

  name = id = "";
  reduced = false;
  elements.clear();
  std::istringstream text(bytes.substr(HEAD, sizes[0]));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "name") words >> name;
    if (key == "id") words >> id;
    if (key == "units" && words >> word) reduced = word == "reduced";
    if (key == "elements")
      while (words >> word) elements.push_back(word);
  }
  std::vector<double> blob(sizes[1]);
  if (!blob.empty()) memcpy(blob.data(), bytes.data() + HEAD + sizes[0], 8 * blob.size());
  const std::string problem = prepare(blob);
  if (!problem.empty()) release();
  return problem;
}

std::string Model::prepare(const std::vector<double> &blob)
{
  const std::string problem = choose_kernel();
  if (!problem.empty()) return problem;
  if (blob.size() > 1 && blob[1] != kernel->blob_version) {
    char text[160];
    snprintf(text, sizeof text, "the file describes a model for version %g of the kernel, this library has version %d: ", blob[1],
             kernel->blob_version);
    return std::string(text) + "write it again with `nnp-bridge lammps export`";
  }
  size_t at = 0;
  const size_t size = kernel->model_bytes(blob.data(), blob.size(), &at);
  if (size == 0) return "the kernel refuses number " + std::to_string(at) + " of the description of the model";
  model = aligned(size);
  if (!model) return "no memory for the model";
  if (kernel->model_init(blob.data(), blob.size(), model) != NNP_OK) return "the kernel refuses the description of the model";
  cutoff = kernel->cutoff(model);
  members = kernel->members(model);
  int n = 0;
  while (n < ELEMENTS_MAX && kernel->atomic_number(model, n) >= 0) n++;
  if (n != (int) elements.size())
    return "the file names " + std::to_string(elements.size()) + " elements, its model has " + std::to_string(n);
  return "";
}

std::string Model::start(int wanted)
{
  pool = pool_create(wanted);
  if (!pool || pool_threads(pool) != wanted) return "cannot start " + std::to_string(wanted) + " threads";
  threads.resize(wanted);
  for (Own &t : threads) {
    t.scratch = nullptr;
    t.scratch_bytes = 0;
  }
  return "";
}

double Model::offset(int element) const
{
  double sum = 0;
  for (int m = 0; m < members; m++) sum += kernel->offset(model, element, m);
  return sum / members;
}

double Model::memory_usage() const
{
  double bytes = 0;
  for (const Own &t : threads) bytes += t.scratch_bytes + 8.0 * (t.forces.capacity() + t.member_forces.capacity());
  return bytes;
}

/* ----------------------------------------------------------------------
   one evaluation; with several threads each has contiguous centers and forces of its own, added in the order of the threads:
   the same number of threads gives the same bits
------------------------------------------------------------------------- */

struct Model::Work {
  Model *self;
  const NnpAtoms *atoms;
  const List *list;
  Results *out;
  bool members;
};

int Model::evaluate(const NnpAtoms &atoms, const List &list, bool want_members, Results &out)
{
  const size_t length = 3 * (size_t) atoms.nall;
  out.forces.assign(length, 0);
  out.energies.assign(list.inum, 0);
  out.member_forces.assign(want_members ? length * members : 0, 0);
  member_virials.assign(6 * members, 0);
  std::fill(out.virial, out.virial + 6, 0);
  out.extrapolations = 0;
  out.at = kernel->check_positions(atoms.x, atoms.nall);
  if (out.at >= 0) return NNP_BAD_POSITION;
  if (!reserve(atoms, list, want_members)) return NNP_CAPACITY;
  share(list);
  Work job = {this, &atoms, &list, &out, want_members};
  pool_run(pool, run, &job);
  for (size_t k = 0; k < threads.size(); k++) {
    const Own &t = threads[k];
    if (t.code != NNP_OK) {
      out.at = t.at;
      return t.code;
    }
    if (out.extrapolations == 0) std::copy(t.first_extrapolation, t.first_extrapolation + 3, out.first_extrapolation);
    out.extrapolations += t.extrapolations;
    if (k == 0) continue;
    for (size_t i = 0; i < length; i++) out.forces[i] += t.forces[i];
    for (size_t i = 0; i < out.member_forces.size(); i++) out.member_forces[i] += t.member_forces[i];
    for (int i = 0; i < 6; i++) out.virial[i] += t.virial[i];
  }
  return NNP_OK;
}

bool Model::reserve(const NnpAtoms &atoms, const List &list, bool want_members)
{
  int longest = 0;
  for (int k = 0; k < list.inum; k++) longest = std::max(longest, list.numneigh[list.ilist[k]]);
  const size_t bytes = kernel->scratch_bytes(model, longest, 0), length = 3 * (size_t) atoms.nall;
  for (size_t k = 0; k < threads.size(); k++) {
    Own &t = threads[k];
    if (t.scratch_bytes < bytes) {
      free(t.scratch);
      t.scratch = aligned(bytes);
      t.scratch_bytes = t.scratch ? bytes : 0;
      if (!t.scratch) return false;
    }
    if (k == 0) continue;
    t.forces.assign(length, 0);
    t.member_forces.assign(want_members ? length * members : 0, 0);
    t.member_virials.assign(6 * members, 0);
    std::fill(t.virial, t.virial + 6, 0);
  }
  return true;
}

// contiguous centers of about equal cost: a neighbor costs one unit, a pair of neighbors a bit

void Model::share(const List &list)
{
  const size_t n = threads.size();
  begin.assign(n + 1, list.inum);
  begin[0] = 0;
  if (n == 1) return;
  const auto cost = [&](int k) {
    const double neighbors = list.numneigh[list.ilist[k]];
    return 50 + neighbors + 0.1 * neighbors * neighbors;
  };
  double total = 0, sum = 0;
  for (int k = 0; k < list.inum; k++) total += cost(k);
  size_t t = 0;
  for (int k = 0; k < list.inum; k++) {
    while (t + 1 < n && sum >= total * (t + 1) / n) begin[++t] = k;
    sum += cost(k);
  }
}

void Model::run(void *data, int number)
{
  const Work &job = *(Work *) data;
  Model &self = *job.self;
  Own &own = self.threads[number];
  const bool first = number == 0;
  NnpResult r = {};
  r.forces = first ? job.out->forces.data() : own.forces.data();
  r.virial = first ? job.out->virial : own.virial;
  r.energies = job.out->energies.data();
  if (job.members) {
    r.member_forces = first ? job.out->member_forces.data() : own.member_forces.data();
    r.member_virials = first ? self.member_virials.data() : own.member_virials.data();
  }
  r.extrapolations = own.first_extrapolation;
  r.extrapolation_capacity = 1;
  own.code = NNP_OK;
  for (int k = self.begin[number]; k < self.begin[number + 1] && own.code == NNP_OK; k++) {
    const int i = job.list->ilist[k];
    own.code = self.kernel->atom(self.model, job.atoms, i, k, job.list->firstneigh[i], job.list->numneigh[i], own.scratch,
                                 own.scratch_bytes, &r);
  }
  own.at = r.at;
  own.extrapolations = r.extrapolation_count;
}
