/* What every addon does with JavaScript values. */
#ifndef NNP_ADDON_VALUES_H
#define NNP_ADDON_VALUES_H

#include "node-api.h"

#include <string.h>

static inline napi_value raise(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* Data of a typed array of the given type with at least `least` items; false otherwise. */
static inline bool typed(napi_env env, napi_value value, napi_typedarray_type wanted, size_t least, void **data,
                         size_t *length) {
  bool is = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &is) || !is) return false;
  if (napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL)) return false;
  return type == wanted && *length >= least;
}

static inline napi_value string_array(napi_env env, const char *const *names, int count) {
  napi_value array, name;
  napi_create_array(env, &array);
  for (int k = 0; k < count; k++) {
    napi_create_string_utf8(env, names[k], strlen(names[k]), &name);
    napi_set_element(env, array, (uint32_t)k, name);
  }
  return array;
}

#endif
