/* Node-API glue of the training kernel: chooses the instruction set, owns memory and threads, checks the lengths of the
 * arrays it is handed. Nothing of JavaScript is kept between calls. */
#include "../addon-values.h"
#include "../cpu.h"
#include "../pool.h"
#include "structure-index.h"

#include <stdlib.h>

#if defined(__x86_64__)
extern const TrainKernel nnp_training_avx512, nnp_training_avx2, nnp_training_sse;
#else
extern const TrainKernel nnp_training_neon;
#endif

typedef struct {
  const char *name;
  const TrainKernel *kernel;
} Variant;

enum { MOST_VARIANTS = 4, MOST_THREADS = 256 };

static int variants(Variant out[MOST_VARIANTS]) {
  int n = 0;
#if defined(__x86_64__)
  if (cpu_runs_avx512()) out[n++] = (Variant){"avx512", &nnp_training_avx512};
  if (cpu_runs_avx2()) out[n++] = (Variant){"avx2", &nnp_training_avx2};
  if (cpu_runs_sse()) out[n++] = (Variant){"sse", &nnp_training_sse};
#else
  out[n++] = (Variant){"neon", &nnp_training_neon};
#endif
  return n;
}

/* A kernel with its threads, shared by what was made with it. */
typedef struct {
  const TrainKernel *kernel;
  TrainThreads threads;
  int users;
} Program;

typedef struct {
  Program *program;
  void *networks, *space;
  int parameters;
  size_t space_bytes;
} Networks;

typedef struct {
  Program *program;
  void *matrix, *work;
  int n, rows;
} Matrix;

static void *aligned(size_t bytes) {
  void *p = NULL;
  return posix_memalign(&p, 64, bytes) ? NULL : p;
}

static void run(void *pool, void (*job)(void *, int), void *data) { pool_run(pool, job, data); }

static void leave(Program *p) {
  if (--p->users > 0) return;
  pool_destroy(p->threads.pool);
  free(p);
}

static void free_program(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  leave(data);
}

static void free_networks(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Networks *n = data;
  leave(n->program);
  free(n->networks);
  free(n->space);
  free(n);
}

static void free_matrix(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Matrix *m = data;
  leave(m->program);
  free(m->matrix);
  free(m->work);
  free(m);
}

static napi_value external(napi_env env, void *data, napi_finalize finalize) {
  napi_value result;
  if (!napi_create_external(env, data, finalize, NULL, &result)) return result;
  finalize(env, data, NULL);
  return raise(env, "no handle");
}

/* Exactly `count` arguments, the first of them a handle, which is returned; NULL otherwise. */
static void *arguments(napi_env env, napi_callback_info info, size_t count, napi_value *argv) {
  size_t argc = count;
  void *handle = NULL;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) || argc < count ||
      napi_get_value_external(env, argv[0], &handle))
    return NULL;
  return handle;
}

static bool doubles(napi_env env, napi_value value, size_t least, double **data) {
  size_t length;
  return typed(env, value, napi_float64_array, least, (void **)data, &length);
}

static napi_value js_variants(napi_env env, napi_callback_info info) {
  (void)info;
  Variant list[MOST_VARIANTS];
  const char *names[MOST_VARIANTS];
  const int n = variants(list);
  for (int k = 0; k < n; k++) names[k] = list[k].name;
  return string_array(env, names, n);
}

/* program(variant, threads) */
static napi_value js_program(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  char wanted[16] = "";
  int32_t threads = 1;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < 2 || napi_get_value_string_utf8(env, argv[0], wanted, sizeof wanted, NULL) ||
      napi_get_value_int32(env, argv[1], &threads))
    return raise(env, "program(variant, threads): wrong arguments");
  Variant list[MOST_VARIANTS];
  const TrainKernel *kernel = NULL;
  for (int k = 0, n = variants(list); k < n; k++)
    if (!strcmp(list[k].name, wanted)) kernel = list[k].kernel;
  if (!kernel) return raise(env, "this processor does not run the wanted variant");
  Program *p = calloc(1, sizeof *p);
  Pool *pool = p ? pool_create(threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads) : NULL;
  if (!pool) {
    free(p);
    return raise(env, "no memory");
  }
  *p = (Program){kernel, {pool, pool_threads(pool), run}, 1};
  return external(env, p, free_program);
}

/* networks(program, plan) */
static napi_value js_networks(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  void *plan;
  size_t length;
  Program *p = arguments(env, info, 2, argv);
  if (!p || !typed(env, argv[1], napi_int32_array, 1, &plan, &length)) return raise(env, "networks: wrong arguments");
  const size_t bytes = p->kernel->networks_bytes(plan, length);
  if (!bytes) return raise(env, "networks: the plan is not valid");
  Networks *n = calloc(1, sizeof *n);
  if (!n || !(n->networks = aligned(bytes))) {
    free(n);
    return raise(env, "no memory");
  }
  n->program = p;
  p->users++;
  n->parameters = p->kernel->networks_init(plan, length, n->networks);
  return external(env, n, free_networks);
}

/* The structure in argv[1 ... 4]: index, inputs, derivatives, strain. */
static bool structure(napi_env env, const napi_value *argv, TrainStructure *s) {
  void *data[4];
  size_t length[4];
  for (int k = 0; k < 4; k++)
    if (!typed(env, argv[1 + k], k == 0 ? napi_int32_array : napi_float64_array, 0, &data[k], &length[k])) return false;
  return read_structure(s, data[0], length[0], data[1], length[1], data[2], length[2], data[3], length[3]);
}

/* load(networks, index, inputs, derivatives, strain, weights) -> energy */
static napi_value js_load(napi_env env, napi_callback_info info) {
  napi_value argv[6], result;
  TrainStructure s;
  double *weights;
  Networks *n = arguments(env, info, 6, argv);
  if (!n || !structure(env, argv, &s) || !doubles(env, argv[5], (size_t)n->parameters, &weights))
    return raise(env, "load: wrong arguments");
  const Program *p = n->program;
  const size_t bytes = p->kernel->space_bytes(n->networks, s.natoms, p->threads.threads);
  if (bytes > n->space_bytes) {
    free(n->space);
    n->space = aligned(bytes);
    n->space_bytes = n->space ? bytes : 0;
    if (!n->space) return raise(env, "no memory");
  }
  p->kernel->set_weights(n->networks, weights);
  napi_create_double(env, p->kernel->load(n->networks, &s, n->space, &p->threads), &result);
  return result;
}

/* forces(networks, index, inputs, derivatives, strain, out), and virial likewise: of the structure loaded last */
static napi_value predict(napi_env env, napi_callback_info info, bool forces) {
  napi_value argv[6];
  TrainStructure s;
  double *out;
  Networks *n = arguments(env, info, 6, argv);
  if (!n || !n->space || !structure(env, argv, &s) || !doubles(env, argv[5], forces ? 3 * (size_t)s.natoms : 6, &out))
    return raise(env, "forces, virial: wrong arguments");
  const Program *p = n->program;
  (forces ? p->kernel->forces : p->kernel->virial)(n->networks, &s, n->space, &p->threads, out);
  return NULL;
}

static napi_value js_forces(napi_env env, napi_callback_info info) { return predict(env, info, true); }
static napi_value js_virial(napi_env env, napi_callback_info info) { return predict(env, info, false); }

/* rows(networks, index, inputs, derivatives, strain, codes, scales, values, rows) */
static napi_value js_rows(napi_env env, napi_callback_info info) {
  napi_value argv[9];
  TrainStructure s;
  int *codes;
  size_t count;
  double *scales, *values, *rows;
  Networks *n = arguments(env, info, 9, argv);
  if (!n || !n->space || !structure(env, argv, &s) ||
      !typed(env, argv[5], napi_int32_array, 0, (void **)&codes, &count) || !doubles(env, argv[6], count, &scales) ||
      !doubles(env, argv[7], count, &values) || !doubles(env, argv[8], count * (size_t)n->parameters, &rows))
    return raise(env, "rows: wrong arguments");
  for (size_t k = 0; k < count; k++)
    if (codes[k] >= 3 * s.natoms || codes[k] < TRAIN_VIRIAL - 5) return raise(env, "rows: no such component");
  const Program *p = n->program;
  p->kernel->rows(n->networks, &s, n->space, &p->threads, (int)count, codes, scales, values, rows);
  return NULL;
}

/* gradient(networks, index, inputs, derivatives, strain, energy, forces, virial, out) */
static napi_value js_gradient(napi_env env, napi_callback_info info) {
  napi_value argv[9];
  TrainStructure s;
  double energy, *forces, *virial, *out;
  Networks *n = arguments(env, info, 9, argv);
  if (!n || !n->space || !structure(env, argv, &s) || napi_get_value_double(env, argv[5], &energy) ||
      !doubles(env, argv[6], 3 * (size_t)s.natoms, &forces) || !doubles(env, argv[7], 6, &virial) ||
      !doubles(env, argv[8], (size_t)n->parameters, &out))
    return raise(env, "gradient: wrong arguments");
  const Program *p = n->program;
  p->kernel->gradient(n->networks, &s, n->space, &p->threads, energy, forces, virial, out);
  return NULL;
}

/* matrix(program, n, rows) */
static napi_value js_matrix(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int32_t n = 0, rows = 0;
  Program *p = arguments(env, info, 3, argv);
  if (!p || napi_get_value_int32(env, argv[1], &n) || napi_get_value_int32(env, argv[2], &rows))
    return raise(env, "matrix: wrong arguments");
  const size_t bytes = p->kernel->matrix_bytes(n, rows);
  Matrix *m = bytes ? calloc(1, sizeof *m) : NULL;
  if (!m || !(m->matrix = aligned(bytes))) {
    free(m);
    return raise(env, bytes ? "no memory" : "matrix: too large");
  }
  *m = (Matrix){p, m->matrix, NULL, n, rows};
  p->users++;
  p->kernel->matrix_init(m->matrix, n, rows);
  return external(env, m, free_matrix);
}

static size_t packed_length(const Matrix *m) { return (size_t)m->n * ((size_t)m->n + 1) / 2; }

/* setMatrix(matrix, packed) */
static napi_value js_set_matrix(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  double *packed;
  Matrix *m = arguments(env, info, 2, argv);
  if (!m || !doubles(env, argv[1], packed_length(m), &packed)) return raise(env, "setMatrix: wrong arguments");
  m->program->kernel->matrix_set(m->matrix, packed);
  return NULL;
}

/* getMatrix(matrix, packed) */
static napi_value js_get_matrix(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  double *packed;
  Matrix *m = arguments(env, info, 2, argv);
  if (!m || !doubles(env, argv[1], packed_length(m), &packed)) return raise(env, "getMatrix: wrong arguments");
  m->program->kernel->matrix_get(m->matrix, &m->program->threads, packed);
  return NULL;
}

/* addRows(matrix, count, h) */
static napi_value js_add_rows(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int32_t count = 0;
  double *h;
  Matrix *m = arguments(env, info, 3, argv);
  if (!m || napi_get_value_int32(env, argv[1], &count) || count < 0 ||
      !doubles(env, argv[2], (size_t)count * (size_t)m->n, &h))
    return raise(env, "addRows: wrong arguments");
  m->program->kernel->matrix_add(m->matrix, &m->program->threads, count, h);
  return NULL;
}

/* kalman(matrix, h, errors, lambda, noise, limit, weights) -> 1, or 0 = not positive definite; a row per error */
static napi_value js_kalman(napi_env env, napi_callback_info info) {
  napi_value argv[7], result;
  TrainKalman update;
  double *weights;
  void *errors;
  size_t count;
  Matrix *m = arguments(env, info, 7, argv);
  if (!m || !typed(env, argv[2], napi_float64_array, 0, &errors, &count) || count > (size_t)m->rows ||
      !doubles(env, argv[1], count * (size_t)m->n, (double **)&update.h) ||
      napi_get_value_double(env, argv[3], &update.lambda) || napi_get_value_double(env, argv[4], &update.noise) ||
      napi_get_value_double(env, argv[5], &update.limit) || !doubles(env, argv[6], (size_t)m->n, &weights))
    return raise(env, "kalman: wrong arguments");
  update.errors = errors;
  napi_create_int32(env, m->program->kernel->kalman(m->matrix, &m->program->threads, (int)count, &update, weights),
                    &result);
  return result;
}

/* solve(matrix, add, x) -> 1, or 0 = not positive definite */
static napi_value js_solve(napi_env env, napi_callback_info info) {
  napi_value argv[3], result;
  double *add, *x;
  Matrix *m = arguments(env, info, 3, argv);
  if (!m || !doubles(env, argv[1], (size_t)m->n, &add) || !doubles(env, argv[2], (size_t)m->n, &x))
    return raise(env, "solve: wrong arguments");
  const TrainKernel *kernel = m->program->kernel;
  if (!m->work) {
    m->work = aligned(kernel->matrix_bytes(m->n, 8));
    if (!m->work) return raise(env, "no memory");
    kernel->matrix_init(m->work, m->n, 8);
  }
  napi_create_int32(env, kernel->solve(m->matrix, &m->program->threads, m->work, add, x), &result);
  return result;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"variants", js_variants},
                   {"program", js_program},
                   {"networks", js_networks},
                   {"load", js_load},
                   {"forces", js_forces},
                   {"virial", js_virial},
                   {"rows", js_rows},
                   {"gradient", js_gradient},
                   {"matrix", js_matrix},
                   {"setMatrix", js_set_matrix},
                   {"getMatrix", js_get_matrix},
                   {"addRows", js_add_rows},
                   {"kalman", js_kalman},
                   {"solve", js_solve}};
  napi_value value;
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
    napi_create_function(env, functions[k].name, strlen(functions[k].name), functions[k].call, NULL, &value);
    napi_set_named_property(env, exports, functions[k].name, value);
  }
  napi_create_int32(env, NNP_TRAINING_VERSION, &value);
  napi_set_named_property(env, exports, "blobVersion", value);
  return exports;
}
