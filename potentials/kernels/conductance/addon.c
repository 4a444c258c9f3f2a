/* Node-API glue of the conductance kernels: chooses the instruction set, checks the kinds of arrays, owns the memory. */
#include "../addon-values.h"
#include "../cpu.h"
#include "conductance.h"

#include <stdlib.h>

#if defined(__x86_64__)
extern const NnpConductance nnp_conductance_avx512, nnp_conductance_avx2, nnp_conductance_sse;
#else
extern const NnpConductance nnp_conductance_neon;
#endif

typedef struct {
  const char *name;
  const NnpConductance *kernel;
} Variant;

enum { MOST_VARIANTS = 4 };

static int variants(Variant out[MOST_VARIANTS]) {
  int n = 0;
#if defined(__x86_64__)
  if (cpu_runs_avx512()) out[n++] = (Variant){"avx512", &nnp_conductance_avx512};
  if (cpu_runs_avx2()) out[n++] = (Variant){"avx2", &nnp_conductance_avx2};
  if (cpu_runs_sse()) out[n++] = (Variant){"sse", &nnp_conductance_sse};
#else
  out[n++] = (Variant){"neon", &nnp_conductance_neon};
#endif
  return n;
}

/* A prepared model with the scratch of its snapshots, which grows and never shrinks. */
typedef struct {
  const NnpTask *task;
  void *model, *scratch;
  size_t scratch_bytes;
} Handle;

static void *aligned(size_t bytes) {
  void *p = NULL;
  return posix_memalign(&p, 64, bytes) ? NULL : p;
}

static void destroy(Handle *h) {
  free(h->model);
  free(h->scratch);
  free(h);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  destroy(data);
}

static napi_value js_variants(napi_env env, napi_callback_info info) {
  (void)info;
  Variant list[MOST_VARIANTS];
  const char *names[MOST_VARIANTS];
  const int n = variants(list);
  for (int k = 0; k < n; k++) names[k] = list[k].name;
  return string_array(env, names, n);
}

/* create(variant, task, description) -> handle; throws when the description is wrong. */
static napi_value js_create(napi_env env, napi_callback_info info) {
  size_t argc = 3, length = 0;
  napi_value argv[3], result;
  char wanted[16] = "";
  int32_t task = -1;
  void *description = NULL;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < 3 || napi_get_value_string_utf8(env, argv[0], wanted, sizeof wanted, NULL) ||
      napi_get_value_int32(env, argv[1], &task) || !typed(env, argv[2], napi_float64_array, 0, &description, &length) ||
      task < 0 || task >= NNP_TASKS)
    return raise(env, "create(variant, task, description): wrong arguments");
  Variant list[MOST_VARIANTS];
  const NnpConductance *kernel = NULL;
  for (int k = 0, n = variants(list); k < n; k++)
    if (!strcmp(list[k].name, wanted)) kernel = list[k].kernel;
  if (!kernel) return raise(env, "this processor does not run the wanted variant");
  const size_t bytes = kernel->task[task].model_bytes(description, length);
  if (!bytes) return raise(env, "the description is invalid");
  Handle *h = calloc(1, sizeof(Handle));
  if (h) h->model = aligned(bytes);
  if (!h || !h->model) {
    free(h);
    return raise(env, "no memory");
  }
  h->task = &kernel->task[task];
  if (h->task->model_init(description, length, h->model) || napi_create_external(env, h, finalize, NULL, &result)) {
    destroy(h);
    return raise(env, "the description cannot be prepared");
  }
  return result;
}

enum { ARGUMENTS = 10 };

/* run(handle, positions, species, centers, first, neighbors, numbers, values, features, status) -> code. Empty arrays are
 * not there; status (Int32Array of 1) is the atom, center, slice or block of an error. */
static napi_value js_run(napi_env env, napi_callback_info info) {
  static const int kind[ARGUMENTS] = {0,
                                      napi_float64_array,
                                      napi_int32_array,
                                      napi_int32_array,
                                      napi_int32_array,
                                      napi_int32_array,
                                      napi_float64_array,
                                      napi_float64_array,
                                      napi_float32_array,
                                      napi_int32_array};
  size_t argc = ARGUMENTS, length[ARGUMENTS];
  napi_value argv[ARGUMENTS], result;
  void *handle = NULL, *p[ARGUMENTS];
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < ARGUMENTS || napi_get_value_external(env, argv[0], &handle)) return raise(env, "run: wrong arguments");
  for (int k = 1; k < ARGUMENTS; k++) {
    if (!typed(env, argv[k], kind[k], 0, &p[k], &length[k]))
      return raise(env, "run: an argument is not a typed array of the right kind");
    if (length[k] == 0) p[k] = NULL;
  }
  for (int k = 1; k < ARGUMENTS; k++)
    if (kind[k] != napi_float32_array && length[k] > 0x7fffffff) return raise(env, "run: an array is too long");
  if (length[1] % 3 || length[2] < length[1] / 3 || length[9] < 1) return raise(env, "run: an array is too short");
  NnpSnapshot snapshot = {.positions = p[1],
                          .natoms = (int)(length[1] / 3),
                          .species = p[2],
                          .centers = p[3],
                          .ncenters = (int)length[3],
                          .first = p[4],
                          .neighbors = p[5],
                          .nfirst = (int)length[4],
                          .nneighbors = (int)length[5],
                          .numbers = p[6],
                          .nnumbers = (int)length[6],
                          .values = p[7],
                          .nvalues = (int)length[7],
                          .features = p[8],
                          .nfeatures = length[8],
                          .at = -1};
  Handle *h = handle;
  const size_t bytes = h->task->scratch_bytes(h->model, &snapshot);
  if (bytes > h->scratch_bytes) {
    free(h->scratch);
    h->scratch = aligned(bytes);
    h->scratch_bytes = h->scratch ? bytes : 0;
    if (!h->scratch) return raise(env, "run: no memory");
  }
  const int code = bytes ? h->task->run(h->model, &snapshot, h->scratch) : NNP_BAD_SIZE;
  *(int32_t *)p[9] = snapshot.at;
  napi_create_int32(env, code, &result);
  return result;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"variants", js_variants}, {"create", js_create}, {"run", js_run}};
  napi_value value;
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
    napi_create_function(env, functions[k].name, strlen(functions[k].name), functions[k].call, NULL, &value);
    napi_set_named_property(env, exports, functions[k].name, value);
  }
  napi_create_int32(env, NNP_CONDUCTANCE_VERSION, &value);
  napi_set_named_property(env, exports, "blobVersion", value);
  return exports;
}
