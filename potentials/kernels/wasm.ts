import { join } from 'node:path';
import { BLOB_VERSION } from './blob.ts';
import { kernelFolder } from './kernel-folder.ts';
import { CODES, type KernelCall, type KernelInstance } from './kernel-instance.ts';
import { instantiate, type WasmExports, WasmMemory } from './wasm-memory.ts';

/** wasm.cpp; addresses and counts are unsigned 32-bit numbers. */
interface Exports extends WasmExports {
  model_bytes(blob: number, length: number): number;
  bad_blob_entry(): number;
  model_init(blob: number, length: number, model: number): number;
  scratch_bytes(model: number, listed: number, minimum: number): number;
  evaluate(call: number): number;
}

/** Numbers of 32 bits in `struct Call` of wasm.cpp. */
const CALL_WORDS = 21;

export interface WasmOptions {
  /** As in NativeOptions. */
  readonly minimumScratch?: boolean;
}

/** Throws Error with the reason when the module does not load here or the blob is invalid. */
export function wasmKernel(blob: Float64Array, options: WasmOptions = {}): KernelInstance {
  const exports = instantiate<Exports>(join(kernelFolder(), 'hdnnp.wasm'), BLOB_VERSION);
  const kernel = new WasmKernel(exports, blob, options);
  return { description: 'wasm', evaluate: (call) => kernel.evaluate(call) };
}

class WasmKernel {
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  readonly #model: number;
  readonly #minimum: number;
  /** End of the model: what lies behind is used again by every evaluation. */
  readonly #free: number;

  constructor(exports: Exports, blob: Float64Array, { minimumScratch = false }: WasmOptions) {
    this.#exports = exports;
    this.#memory = new WasmMemory(exports);
    this.#minimum = Number(minimumScratch);
    const at = this.#memory.put(blob);
    const bytes = exports.model_bytes(at, blob.length) >>> 0;
    if (bytes === 0) throw new Error(`the model description is invalid at entry ${exports.bad_blob_entry()}`);
    this.#model = this.#memory.take(bytes);
    if (exports.model_init(at, blob.length, this.#model)) throw new Error('the model description cannot be prepared');
    this.#free = this.#memory.mark();
  }

  evaluate(call: KernelCall): number {
    const { element, first, neighbors, positions, extrapolations, status } = call;
    const centers = first.length - 1;
    const longest = longestRow(first, neighbors.length);
    status[0] = -1;
    status[1] = 0;
    if (longest < 0) return CODES.badIndex;
    const memory = this.#memory;
    memory.release(this.#free);
    const frame = memory.take(4 * CALL_WORDS);
    const inputs = [memory.put(positions), memory.put(element), memory.put(first), memory.put(neighbors)];
    const written = [
      call.forces,
      call.virial,
      call.energies,
      call.memberEnergies,
      call.memberForces,
      call.memberVirials,
    ];
    const results = written.map((array) => memory.put(array));
    const features = memory.put(call.features);
    const extrapolated = memory.take(extrapolations.byteLength);
    const scratchBytes = this.#exports.scratch_bytes(this.#model, longest, this.#minimum) >>> 0;
    const scratch = memory.take(scratchBytes);
    const words = [
      ...[
        this.#model,
        element.length,
        centers,
        ...inputs,
        scratch,
        scratchBytes,
        ...results,
        features,
        call.featureStride,
      ],
      ...[extrapolated, extrapolations.length / 3],
    ];
    memory.view(Int32Array, frame, CALL_WORDS).set(words);
    const code = this.#exports.evaluate(frame);
    const [at, count] = memory.view(Int32Array, frame + 4 * words.length, 2);
    status[0] = at;
    status[1] = code === CODES.ok ? count : 0;
    written.forEach((array, k) => {
      if (array.length) array.set(memory.view(Float64Array, results[k], array.length));
    });
    if (call.features.length) call.features.set(memory.view(Float64Array, features, call.features.length));
    const stored = 3 * Math.min(status[1], extrapolations.length / 3);
    extrapolations.set(memory.view(Float64Array, extrapolated, stored));
    return code;
  }
}

/** The longest neighbor list; −1 if the rows do not lie inside the array. The kernel checks the indices themselves. */
function longestRow(first: Int32Array, listed: number): number {
  let longest = 0;
  if (first[0] < 0) return -1;
  for (let i = 0; i + 1 < first.length; i++) {
    const n = first[i + 1] - first[i];
    if (n < 0 || first[i + 1] > listed) return -1;
    if (n > longest) longest = n;
  }
  return longest;
}
