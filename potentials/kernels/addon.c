/* Node-API glue: chooses the instruction set, owns memory and threads, checks every length it is handed. No kernel mathematics. */
#include "hdnnp.h"
#include "node-api.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
extern const NnpKernel nnp_kernel_avx512, nnp_kernel_avx2, nnp_kernel_sse;
#else
extern const NnpKernel nnp_kernel_neon;
#endif

typedef struct {
  const char *name;
  const NnpKernel *kernel;
} Variant;

/* The variants this processor runs, best first. */
static int variants(Variant *out) {
  int n = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
    out[n++] = (Variant){"avx512", &nnp_kernel_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
    out[n++] = (Variant){"avx2", &nnp_kernel_avx2};
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) out[n++] = (Variant){"sse", &nnp_kernel_sse};
#else
  out[n++] = (Variant){"neon", &nnp_kernel_neon};
#endif
  return n;
}

/* Memory of one thread; grows, never shrinks. */
typedef struct {
  void *scratch;
  size_t scratch_bytes;
  double *forces, *member_forces; /* all threads but the first: added to the result in the order of the threads */
  size_t forces_length, member_length;
  double virial[6], *member_virials;
  double *extrapolations;
  int extrapolation_capacity, extrapolation_count;
  int code, at;
} Thread;

typedef struct {
  const NnpKernel *kernel;
  void *model;
  int members, threads, minimum;
  Pool *pool;
  Thread *thread;
} Handle;

/* One evaluation, shared by the threads. */
typedef struct {
  Handle *handle;
  NnpAtoms atoms;
  NnpResult result;
  const int *first, *neighbors;
  int *begin; /* threads + 1: the centers of each thread */
} Job;

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

static void run_range(void *data, int t) {
  Job *job = data;
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
  own->code = h->kernel->range(h->model, &job->atoms, job->begin[t], job->begin[t + 1], job->first, job->neighbors, own->scratch,
                               own->scratch_bytes, &r);
  own->at = r.at;
  own->extrapolation_count = r.extrapolation_count;
}

/* Adds the threads' arrays to the result, in the order of the threads; thread t sums its share of the components. */
static void reduce(void *data, int t) {
  Job *job = data;
  Handle *h = job->handle;
  const size_t members = job->result.member_forces ? h->members : 0, length = (size_t)3 * job->atoms.nall;
  const size_t from = length * t / h->threads, to = length * (t + 1) / h->threads;
  for (int other = 1; other < h->threads; other++) {
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
static void share(const Job *job, int centers, int threads) {
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
  for (int t = 0; t < h->threads; t++) {
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

/* The list must lie inside its arrays: the kernel itself checks the indices. Returns the longest row, -1 if it does not. */
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
  for (int t = 1; t < h->threads; t++) {
    const Thread *own = &h->thread[t];
    int n = own->extrapolation_count < capacity ? own->extrapolation_count : capacity;
    if (n > capacity - stored) n = capacity - stored;
    if (n > 0) memcpy(r->extrapolations + (size_t)3 * stored, own->extrapolations, (size_t)3 * n * sizeof(double));
    stored += n > 0 ? n : 0;
    all += own->extrapolation_count;
  }
  r->extrapolation_count = all > 0x7fffffff ? 0x7fffffff : (int)all;
}

static int evaluate(Job *job, int centers, size_t listed) {
  Handle *h = job->handle;
  const int longest = longest_row(job, centers, listed);
  if (longest < 0) return fail(job, NNP_BAD_INDEX, -1);
  const int bad = h->kernel->check_positions(job->atoms.x, job->atoms.nall);
  if (bad >= 0) return fail(job, NNP_BAD_POSITION, bad);
  if (!prepare_threads(job, h->kernel->scratch_bytes(h->model, longest, h->minimum))) return fail(job, NNP_CAPACITY, -1);
  share(job, centers, h->threads);
  pool_run(h->pool, run_range, job);
  for (int t = 0; t < h->threads; t++)
    if (h->thread[t].code) return fail(job, h->thread[t].code, h->thread[t].at);
  if (h->threads > 1) {
    pool_run(h->pool, reduce, job);
    for (int t = 1; t < h->threads; t++) {
      const Thread *own = &h->thread[t];
      for (int k = 0; k < 6; k++) job->result.virial[k] += own->virial[k];
      if (job->result.member_forces)
        for (int k = 0; k < 6 * h->members; k++) job->result.member_virials[k] += own->member_virials[k];
    }
  }
  gather_extrapolations(job);
  return NNP_OK;
}

static void destroy(Handle *h) {
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

/* ---- Node-API ---- */

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  destroy(data);
}

static napi_value raise(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* Data of a typed array of the given type with at least `least` items; false otherwise. */
static bool typed(napi_env env, napi_value value, napi_typedarray_type wanted, size_t least, void **data, size_t *length) {
  bool is = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &is) || !is) return false;
  if (napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL)) return false;
  return type == wanted && *length >= least;
}

static napi_value js_variants(napi_env env, napi_callback_info info) {
  (void)info;
  Variant list[4];
  const int n = variants(list);
  napi_value array, name;
  napi_create_array(env, &array);
  for (int k = 0; k < n; k++) {
    napi_create_string_utf8(env, list[k].name, strlen(list[k].name), &name);
    napi_set_element(env, array, (uint32_t)k, name);
  }
  return array;
}

/* create(variant, blob, threads, minimumScratch) -> handle; throws with the offset of the first bad entry. */
static napi_value js_create(napi_env env, napi_callback_info info) {
  size_t argc = 4, length = 0, at = 0;
  napi_value argv[4], result;
  char wanted[16] = "";
  void *blob = NULL;
  int32_t threads = 1, minimum = 0;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < 4 || napi_get_value_string_utf8(env, argv[0], wanted, sizeof wanted, NULL) ||
      !typed(env, argv[1], napi_float64_array, 0, &blob, &length) || napi_get_value_int32(env, argv[2], &threads) ||
      napi_get_value_int32(env, argv[3], &minimum))
    return raise(env, "create(variant, blob, threads, minimumScratch): wrong arguments");
  Variant list[4];
  const NnpKernel *kernel = NULL;
  for (int k = 0, n = variants(list); k < n; k++)
    if (!strcmp(list[k].name, wanted)) kernel = list[k].kernel;
  if (!kernel) return raise(env, "this processor does not run the wanted variant");
  const size_t bytes = kernel->model_bytes(blob, length, &at);
  if (!bytes) {
    char message[64] = "the model description is invalid at entry ";
    char digits[24];
    int n = 0;
    do digits[n++] = (char)('0' + at % 10);
    while ((at /= 10) && n < 20);
    size_t end = strlen(message);
    while (n) message[end++] = digits[--n];
    message[end] = 0;
    return raise(env, message);
  }
  if (threads < 1) threads = 1;
  if (threads > 256) threads = 256;
  Handle *h = calloc(1, sizeof(Handle));
  if (h) {
    h->kernel = kernel;
    h->minimum = minimum;
    h->model = aligned(bytes);
    h->pool = pool_create(threads);
    h->threads = h->pool ? pool_threads(h->pool) : 0;
    h->thread = calloc((size_t)h->threads + 1, sizeof(Thread));
  }
  if (!h || !h->model || !h->pool || !h->thread || kernel->model_init(blob, length, h->model)) {
    destroy(h);
    return raise(env, "the model description cannot be prepared");
  }
  h->members = kernel->members(h->model);
  for (int t = 1; t < h->threads; t++) h->thread[t].member_virials = calloc((size_t)6 * h->members, sizeof(double));
  if (napi_create_external(env, h, finalize, NULL, &result)) {
    destroy(h);
    return raise(env, "no handle");
  }
  return result;
}

/* evaluate(handle, element, positions, first, neighbors, forces, virial, energies, memberEnergies, memberForces, memberVirials,
 *          features, featureStride, extrapolations, status): an empty array = not wanted.
 * status (Int32Array of 2): atom of the error, count of extrapolations. Returns the code. */
static napi_value js_evaluate(napi_env env, napi_callback_info info) {
  enum { ARGUMENTS = 15 };
  size_t argc = ARGUMENTS;
  napi_value argv[ARGUMENTS], result;
  void *data = NULL, *p[ARGUMENTS] = {0};
  size_t length[ARGUMENTS] = {0};
  int32_t stride = 0;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < ARGUMENTS || napi_get_value_external(env, argv[0], &data) || napi_get_value_int32(env, argv[12], &stride))
    return raise(env, "evaluate: wrong arguments");
  Handle *h = data;
  for (int k = 1; k < ARGUMENTS; k++) {
    if (k == 12) continue;
    const bool integers = k == 1 || k == 3 || k == 4 || k == 14;
    if (!typed(env, argv[k], integers ? napi_int32_array : napi_float64_array, 0, &p[k], &length[k]))
      return raise(env, "evaluate: an argument is not a typed array of the right kind");
  }
  const size_t nall = length[1], centers = length[3] ? length[3] - 1 : 0, m = (size_t)h->members;
  const bool members = length[9] > 0;
  if (nall > 0x7fffffff / 3 || length[3] == 0 || centers > nall || length[2] < 3 * nall || length[5] < 3 * nall || length[6] < 6 ||
      length[7] < centers || (length[8] && length[8] < m * centers) ||
      (members && (length[9] < m * 3 * nall || length[10] < 6 * m)) || stride < 0 ||
      (length[11] && (stride == 0 || length[11] < (size_t)stride * centers)) || length[14] < 2)
    return raise(env, "evaluate: an array is too short");
  int begin[257];
  Job job = {.handle = h,
             .atoms = {.nall = (int)nall, .x = p[2], .element = p[1], .index_mask = ~0},
             .result = {.forces = p[5],
                        .virial = p[6],
                        .energies = p[7],
                        .member_energies = length[8] ? p[8] : NULL,
                        .member_forces = members ? p[9] : NULL,
                        .member_virials = members ? p[10] : NULL,
                        .features = length[11] ? p[11] : NULL,
                        .feature_stride = stride,
                        .extrapolations = p[13],
                        .extrapolation_capacity = (int)(length[13] / 3),
                        .at = -1},
             .first = p[3],
             .neighbors = p[4],
             .begin = begin};
  const int code = evaluate(&job, (int)centers, length[4]);
  int32_t *status = p[14];
  status[0] = job.result.at;
  status[1] = code ? 0 : job.result.extrapolation_count;
  napi_create_int32(env, code, &result);
  return result;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"variants", js_variants}, {"create", js_create}, {"evaluate", js_evaluate}};
  napi_value value;
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
    napi_create_function(env, functions[k].name, strlen(functions[k].name), functions[k].call, NULL, &value);
    napi_set_named_property(env, exports, functions[k].name, value);
  }
  napi_create_int32(env, NNP_BLOB_VERSION, &value);
  napi_set_named_property(env, exports, "blobVersion", value);
  return exports;
}
