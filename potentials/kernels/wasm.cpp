// The kernel as a WebAssembly module: the same source with two lanes, and entry points that take addresses in the
// module's memory. wasm.ts is the other side.
#include "kernel.cpp"

extern "C" {

#define EXPORT(name) __attribute__((export_name(#name))) name

static size_t bad_entry;

int EXPORT(blob_version)() { return NNP_BLOB_VERSION; }

/// Bytes of the prepared model; 0 = invalid, then bad_blob_entry() tells where.
size_t EXPORT(model_bytes)(const double *blob, size_t length) { return modelBytes(blob, length, &bad_entry); }
size_t EXPORT(bad_blob_entry)() { return bad_entry; }
int EXPORT(model_init)(const double *blob, size_t length, void *model) { return modelInit(blob, length, model); }
size_t EXPORT(scratch_bytes)(const void *model, int listed, int minimum) {
  return scratchBytes(model, listed, minimum);
}

/// One evaluation; wasm.ts fills it in this order. Addresses are 0 where nothing is wanted.
struct Call {
  const void *model;
  int nall, centers;
  const double *x;
  const int *element, *first, *neighbors;
  void *scratch;
  size_t scratch_bytes;
  double *forces, *virial, *energies, *member_energies, *member_forces, *member_virials, *features;
  int feature_stride;
  double *extrapolations;
  int extrapolation_capacity;
  int at, extrapolation_count; // results
};

int EXPORT(evaluate)(Call *call) {
  const NnpAtoms atoms = {call->nall, call->x, call->element, ~0};
  NnpResult result = {call->forces,
                      call->virial,
                      call->energies,
                      call->member_energies,
                      call->member_forces,
                      call->member_virials,
                      call->features,
                      call->feature_stride,
                      call->extrapolations,
                      call->extrapolation_capacity,
                      0,
                      -1};
  call->at = checkPositions(call->x, call->nall);
  if (call->at >= 0) return NNP_BAD_POSITION;
  const int code = range(call->model, &atoms, 0, call->centers, call->first, call->neighbors, call->scratch,
                         call->scratch_bytes, &result);
  call->at = result.at;
  call->extrapolation_count = result.extrapolation_count;
  return code;
}
}
