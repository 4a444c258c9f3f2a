#include "evaluation.h"

#include "cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
extern const NnpKernel nnp_kernel_avx512, nnp_kernel_avx2, nnp_kernel_sse;
#else
extern const NnpKernel nnp_kernel_neon;
#endif

int variants(Variant out[MOST_VARIANTS]) {
  int n = 0;
#if defined(__x86_64__)
  if (cpu_runs_avx512()) out[n++] = (Variant){"avx512", &nnp_kernel_avx512};
  if (cpu_runs_avx2()) out[n++] = (Variant){"avx2", &nnp_kernel_avx2};
  if (cpu_runs_sse()) out[n++] = (Variant){"sse", &nnp_kernel_sse};
#else
  out[n++] = (Variant){"neon", &nnp_kernel_neon};
#endif
  return n;
}

static void *aligned(size_t bytes) {
  void *p = NULL;
  return posix_memalign(&p, 64, bytes ? bytes : 64) ? NULL : p;
}

static bool grow(double **p, size_t *length, size_t wanted) {
  if (*length >= wanted) return true;
  free(*p);
  *p = aligned(wanted * sizeof(double));
  *length = *p ? wanted : 0;
  return *p != NULL;
}

/* Waking a thread for fewer central atoms costs more than it spares. */
enum { LEAST_CENTERS = 8 };

static void run_range(void *data, int t) {
  Job *job = data;
  if (t >= job->threads) return;
  Handle *h = job->handle;
  Thread *own = &h->thread[t];
  NnpResult r = job->result;
  if (t > 0) {
    memset(own->forces, 0, (size_t)3 * job->atoms.nall * sizeof(double));
    memset(own->virial, 0, sizeof own->virial);
    r.forces = own->forces;
    r.virial = own->virial;
    if (r.member_forces) {
      memset(own->member_forces, 0, (size_t)3 * job->atoms.nall * h->members * sizeof(double));
      memset(own->member_virials, 0, (size_t)6 * h->members * sizeof(double));
      r.member_forces = own->member_forces;
      r.member_virials = own->member_virials;
    }
    r.extrapolations = own->extrapolations;
  }
  r.extrapolation_count = 0;
  own->code = h->kernel->range(h->model, &job->atoms, job->begin[t], job->begin[t + 1], job->first, job->neighbors,
                               own->scratch, own->scratch_bytes, &r);
  own->at = r.at;
  own->extrapolation_count = r.extrapolation_count;
}

/* Adds the threads' arrays to the result, in the order of the threads; thread t sums its share of the components. */
static void reduce(void *data, int t) {
  Job *job = data;
  Handle *h = job->handle;
  const size_t members = job->result.member_forces ? h->members : 0, length = (size_t)3 * job->atoms.nall;
  const size_t from = length * t / h->threads, to = length * (t + 1) / h->threads;
  for (int other = 1; other < job->threads; other++) {
    const double *forces = h->thread[other].forces;
    for (size_t k = from; k < to; k++) job->result.forces[k] += forces[k];
    for (size_t m = 0; m < members; m++) {
      const double *own = h->thread[other].member_forces + m * length;
      double *sum = job->result.member_forces + m * length;
      for (size_t k = from; k < to; k++) sum[k] += own[k];
    }
  }
}

static int fail(Job *job, int code, int at) {
  job->result.at = at;
  return code;
}

/* Contiguous ranges of about equal cost: a neighbor costs one unit, a pair of neighbors a bit. */
static void share(Job *job, int centers, int threads) {
  double total = 0, sum = 0;
  for (int i = 0; i < centers; i++) {
    const double n = job->first[i + 1] - job->first[i];
    total += 50 + n + 0.1 * n * n;
  }
  int t = 0;
  job->begin[0] = 0;
  for (int i = 0; i < centers; i++) {
    while (t + 1 < threads && sum >= total * (t + 1) / threads) job->begin[++t] = i;
    const double n = job->first[i + 1] - job->first[i];
    sum += 50 + n + 0.1 * n * n;
  }
  while (t < threads) job->begin[++t] = centers;
}

static bool prepare_threads(Job *job, size_t scratch_bytes) {
  Handle *h = job->handle;
  const NnpResult *r = &job->result;
  for (int t = 0; t < job->threads; t++) {
    Thread *own = &h->thread[t];
    if (own->scratch_bytes < scratch_bytes) {
      free(own->scratch);
      own->scratch = aligned(scratch_bytes);
      own->scratch_bytes = own->scratch ? scratch_bytes : 0;
      if (!own->scratch) return false;
    }
    if (t == 0) continue;
    const size_t length = (size_t)3 * job->atoms.nall;
    if (!grow(&own->forces, &own->forces_length, length)) return false;
    if (r->member_forces && !grow(&own->member_forces, &own->member_length, length * h->members)) return false;
    if (own->extrapolation_capacity < r->extrapolation_capacity) {
      free(own->extrapolations);
      own->extrapolations = malloc((size_t)3 * r->extrapolation_capacity * sizeof(double));
      own->extrapolation_capacity = own->extrapolations ? r->extrapolation_capacity : 0;
      if (!own->extrapolations) return false;
    }
  }
  return true;
}

/* The list must lie inside its arrays: the kernel itself checks the indices. Returns the longest row, -1 if it does
 * not. */
static int longest_row(const Job *job, int centers, size_t listed) {
  int longest = 0;
  if (job->first[0] < 0) return -1;
  for (int i = 0; i < centers; i++) {
    const int n = job->first[i + 1] - job->first[i];
    if (job->first[i + 1] < job->first[i] || (size_t)job->first[i + 1] > listed) return -1;
    if (n > longest) longest = n;
  }
  return longest;
}

static void gather_extrapolations(Job *job) {
  Handle *h = job->handle;
  NnpResult *r = &job->result;
  const int capacity = r->extrapolation_capacity;
  int stored = h->thread[0].extrapolation_count;
  long long all = stored;
  if (stored > capacity) stored = capacity;
  for (int t = 1; t < job->threads; t++) {
    const Thread *own = &h->thread[t];
    int n = own->extrapolation_count < capacity ? own->extrapolation_count : capacity;
    if (n > capacity - stored) n = capacity - stored;
    if (n > 0) memcpy(r->extrapolations + (size_t)3 * stored, own->extrapolations, (size_t)3 * n * sizeof(double));
    stored += n > 0 ? n : 0;
    all += own->extrapolation_count;
  }
  r->extrapolation_count = all > 0x7fffffff ? 0x7fffffff : (int)all;
}

int evaluate(Job *job, int centers, size_t listed) {
  Handle *h = job->handle;
  const int longest = longest_row(job, centers, listed);
  if (longest < 0) return fail(job, NNP_BAD_INDEX, -1);
  const int bad = h->kernel->check_positions(job->atoms.x, job->atoms.nall);
  if (bad >= 0) return fail(job, NNP_BAD_POSITION, bad);
  const int worth = centers < LEAST_CENTERS ? 1 : centers / LEAST_CENTERS;
  job->threads = worth < h->threads ? worth : h->threads;
  if (!prepare_threads(job, h->kernel->scratch_bytes(h->model, longest, h->minimum)))
    return fail(job, NNP_CAPACITY, -1);
  share(job, centers, job->threads);
  if (job->threads == 1)
    run_range(job, 0);
  else
    pool_run(h->pool, run_range, job);
  for (int t = 0; t < job->threads; t++)
    if (h->thread[t].code) return fail(job, h->thread[t].code, h->thread[t].at);
  if (job->threads > 1) {
    pool_run(h->pool, reduce, job);
    for (int t = 1; t < job->threads; t++) {
      const Thread *own = &h->thread[t];
      for (int k = 0; k < 6; k++) job->result.virial[k] += own->virial[k];
      if (job->result.member_forces)
        for (int k = 0; k < 6 * h->members; k++) job->result.member_virials[k] += own->member_virials[k];
    }
  }
  gather_extrapolations(job);
  return NNP_OK;
}

void destroy(Handle *h) {
  if (!h) return;
  pool_destroy(h->pool);
  for (int t = 0; h->thread && t < h->threads; t++) {
    Thread *own = &h->thread[t];
    free(own->scratch);
    free(own->forces);
    free(own->member_forces);
    free(own->member_virials);
    free(own->extrapolations);
  }
  free(h->thread);
  free(h->model);
  free(h);
}

Handle *create(const NnpKernel *kernel, const double *blob, size_t length, int threads, bool minimum_scratch) {
  const size_t bytes = kernel->model_bytes(blob, length, NULL);
  Handle *h = bytes ? calloc(1, sizeof(Handle)) : NULL;
  if (!h) return NULL;
  h->kernel = kernel;
  h->minimum = minimum_scratch;
  h->model = aligned(bytes);
  h->pool = pool_create(threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads);
  h->threads = h->pool ? pool_threads(h->pool) : 0;
  h->thread = calloc((size_t)h->threads + 1, sizeof(Thread));
  bool ready = h->model && h->pool && h->thread && kernel->model_init(blob, length, h->model) == NNP_OK;
  h->members = ready ? kernel->members(h->model) : 0;
  for (int t = 1; ready && t < h->threads; t++) {
    h->thread[t].member_virials = calloc((size_t)6 * h->members, sizeof(double));
    ready = h->thread[t].member_virials != NULL;
  }
  if (ready) return h;
  destroy(h);
  return NULL;
}
