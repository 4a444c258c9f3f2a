// The conductance kernels as a WebAssembly module: the same source with two lanes of doubles, and entry points that take
// addresses in the module's memory. task-wasm.ts is the other side.
#include "kernel.cpp"

extern "C" {

#define EXPORT(name) __attribute__((export_name(#name))) name

int EXPORT(blob_version)() { return NNP_CONDUCTANCE_VERSION; }

size_t EXPORT(model_bytes)(int task, const double *description, size_t length) {
  return NNP_SYMBOL.task[task].model_bytes(description, length);
}
int EXPORT(model_init)(int task, const double *description, size_t length, void *model) {
  return NNP_SYMBOL.task[task].model_init(description, length, model);
}
/// The snapshot is the struct itself, filled in by task-wasm.ts.
size_t EXPORT(scratch_bytes)(int task, const void *model, const NnpSnapshot *snapshot) {
  return NNP_SYMBOL.task[task].scratch_bytes(model, snapshot);
}
int EXPORT(run)(int task, const void *model, NnpSnapshot *snapshot, void *scratch) {
  return NNP_SYMBOL.task[task].run(model, snapshot, scratch);
}
}
