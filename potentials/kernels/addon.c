/* Node-API glue: chooses the instruction set and checks every array it is handed. */
#include "addon-values.h"
#include "evaluation.h"

#include <stdlib.h>
#include <string.h>

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
  Variant list[MOST_VARIANTS];
  const NnpKernel *kernel = NULL;
  for (int k = 0, n = variants(list); k < n; k++)
    if (!strcmp(list[k].name, wanted)) kernel = list[k].kernel;
  if (!kernel) return raise(env, "this processor does not run the wanted variant");
  if (!kernel->model_bytes(blob, length, &at)) {
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
  Handle *h = create(kernel, blob, length, threads, minimum != 0);
  if (!h) return raise(env, "the model description cannot be prepared");
  if (napi_create_external(env, h, finalize, NULL, &result)) {
    destroy(h);
    return raise(env, "no handle");
  }
  return result;
}

enum { ARGUMENTS = 15 };

typedef struct {
  Job job;
  int centers;
  size_t listed;
  int32_t *status;
} Request;

/* (handle, element, positions, first, neighbors, forces, virial, energies, memberEnergies, memberForces, memberVirials,
 * features, featureStride, extrapolations, status): an empty array = not wanted. Returns what is wrong, or NULL. */
static const char *read_request(napi_env env, const napi_value *argv, Request *request) {
  void *data = NULL, *p[ARGUMENTS] = {0};
  size_t length[ARGUMENTS] = {0};
  int32_t stride = 0;
  if (napi_get_value_external(env, argv[0], &data) || napi_get_value_int32(env, argv[12], &stride))
    return "evaluate: wrong arguments";
  Handle *h = data;
  for (int k = 1; k < ARGUMENTS; k++) {
    if (k == 12) continue;
    const bool integers = k == 1 || k == 3 || k == 4 || k == 14;
    if (!typed(env, argv[k], integers ? napi_int32_array : napi_float64_array, 0, &p[k], &length[k]))
      return "evaluate: an argument is not a typed array of the right kind";
  }
  const size_t nall = length[1], centers = length[3] ? length[3] - 1 : 0, m = (size_t)h->members;
  const bool members = length[9] > 0;
  if (nall > 0x7fffffff / 3 || length[3] == 0 || centers > nall || length[2] < 3 * nall || length[5] < 3 * nall ||
      length[6] < 6 || length[7] < centers || (length[8] && length[8] < m * centers) ||
      (members && (length[9] < m * 3 * nall || length[10] < 6 * m)) || stride < 0 ||
      (length[11] && (stride == 0 || length[11] < (size_t)stride * centers)) || length[14] < 2)
    return "evaluate: an array is too short";
  request->job = (Job){.handle = h,
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
                       .neighbors = p[4]};
  request->centers = (int)centers;
  request->listed = length[4];
  request->status = p[14];
  return NULL;
}

/* status (Int32Array of 2): atom of the error, count of extrapolations. Returns the code. */
static int run_request(Request *request) {
  const int code = evaluate(&request->job, request->centers, request->listed);
  request->status[0] = request->job.result.at;
  request->status[1] = code ? 0 : request->job.result.extrapolation_count;
  return code;
}

/* evaluate(...) -> code */
static napi_value js_evaluate(napi_env env, napi_callback_info info) {
  size_t argc = ARGUMENTS;
  napi_value argv[ARGUMENTS], result;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < ARGUMENTS) return raise(env, "evaluate: wrong arguments");
  Request request;
  const char *wrong = read_request(env, argv, &request);
  if (wrong) return raise(env, wrong);
  napi_create_int32(env, run_request(&request), &result);
  return result;
}

typedef struct {
  Request request;
  int code;
  napi_async_work work;
  napi_ref callback;
} Background;

static void execute(napi_env env, void *data) {
  (void)env;
  Background *b = data;
  b->code = run_request(&b->request);
}

static void complete(napi_env env, napi_status status, void *data) {
  Background *b = data;
  napi_value callback, code, self;
  if (napi_get_reference_value(env, b->callback, &callback) == 0 && napi_get_undefined(env, &self) == 0) {
    napi_create_int32(env, status ? -1 : b->code, &code);
    napi_call_function(env, self, callback, 1, &code, NULL);
  }
  napi_delete_reference(env, b->callback);
  napi_delete_async_work(env, b->work);
  free(b);
}

/* evaluateAsync(..., callback(code)): on a thread of its own. Until the callback, the caller must keep handle and
 * arrays alive and unchanged, and start no other evaluation with this handle. */
static napi_value js_evaluate_async(napi_env env, napi_callback_info info) {
  size_t argc = ARGUMENTS + 1;
  napi_value argv[ARGUMENTS + 1], name;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < ARGUMENTS + 1) return raise(env, "evaluateAsync: wrong arguments");
  Background *b = calloc(1, sizeof(Background));
  if (!b) return raise(env, "evaluateAsync: no memory");
  const char *wrong = read_request(env, argv, &b->request);
  napi_create_string_utf8(env, "hdnnp", 5, &name);
  if (!wrong && napi_create_reference(env, argv[ARGUMENTS], 1, &b->callback)) wrong = "evaluateAsync: no callback";
  if (!wrong &&
      (napi_create_async_work(env, NULL, name, execute, complete, b, &b->work) || napi_queue_async_work(env, b->work)))
    wrong = "evaluateAsync: no thread";
  if (wrong) {
    free(b);
    raise(env, wrong);
  }
  return NULL;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"variants", js_variants},
                   {"create", js_create},
                   {"evaluate", js_evaluate},
                   {"evaluateAsync", js_evaluate_async}};
  napi_value value;
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
    napi_create_function(env, functions[k].name, strlen(functions[k].name), functions[k].call, NULL, &value);
    napi_set_named_property(env, exports, functions[k].name, value);
  }
  napi_create_int32(env, NNP_BLOB_VERSION, &value);
  napi_set_named_property(env, exports, "blobVersion", value);
  return exports;
}
