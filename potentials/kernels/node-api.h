/* The part of Node-API (version 8, stable ABI) that addon.c uses, declared here so that building needs no headers from
 * anywhere. Reference: https://nodejs.org/api/n-api.html */
#ifndef NNP_NODE_API_H
#define NNP_NODE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);
typedef void (*napi_finalize)(napi_env env, void *data, void *hint);
typedef int napi_status; /* 0 = napi_ok */
typedef int napi_typedarray_type;
enum { napi_int32_array = 5, napi_float32_array = 7, napi_float64_array = 8 };
typedef struct napi_ref__ *napi_ref;
typedef struct napi_async_work__ *napi_async_work;
typedef void (*napi_async_execute_callback)(napi_env env, void *data);
typedef void (*napi_async_complete_callback)(napi_env env, napi_status status, void *data);

napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data,
                                 napi_value *result);
napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value);
napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *argc, napi_value *argv, napi_value *self,
                             void **data);
napi_status napi_is_typedarray(napi_env, napi_value, bool *result);
napi_status napi_get_typedarray_info(napi_env, napi_value, napi_typedarray_type *type, size_t *length, void **data,
                                     napi_value *buffer, size_t *offset);
napi_status napi_create_external(napi_env, void *data, napi_finalize, void *hint, napi_value *result);
napi_status napi_get_value_external(napi_env, napi_value, void **result);
napi_status napi_get_value_int32(napi_env, napi_value, int32_t *result);
napi_status napi_create_int32(napi_env, int32_t, napi_value *result);
napi_status napi_get_value_double(napi_env, napi_value, double *result);
napi_status napi_create_double(napi_env, double, napi_value *result);
napi_status napi_get_value_string_utf8(napi_env, napi_value, char *buffer, size_t size, size_t *length);
napi_status napi_create_string_utf8(napi_env, const char *, size_t length, napi_value *result);
napi_status napi_create_array(napi_env, napi_value *result);
napi_status napi_set_element(napi_env, napi_value object, uint32_t index, napi_value value);
napi_status napi_get_undefined(napi_env, napi_value *result);
napi_status napi_call_function(napi_env, napi_value self, napi_value function, size_t argc, const napi_value *argv,
                               napi_value *result);
napi_status napi_create_reference(napi_env, napi_value, uint32_t count, napi_ref *result);
napi_status napi_get_reference_value(napi_env, napi_ref, napi_value *result);
napi_status napi_delete_reference(napi_env, napi_ref);
napi_status napi_create_async_work(napi_env, napi_value resource, napi_value name, napi_async_execute_callback,
                                   napi_async_complete_callback, void *data, napi_async_work *result);
napi_status napi_queue_async_work(napi_env, napi_async_work);
napi_status napi_delete_async_work(napi_env, napi_async_work);
napi_status napi_throw_error(napi_env, const char *code, const char *message);

#endif
