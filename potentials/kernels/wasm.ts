import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PotentialError } from '../../src/core/errors.ts';
import { BLOB_VERSION } from './blob.ts';
import { kernelFolder } from './kernel-folder.ts';
import { CODES, type KernelCall, type KernelInstance } from './kernel-instance.ts';

/** The part of the WebAssembly interface used here: the type libraries of Node lack it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** wasm.cpp; addresses and counts are unsigned 32-bit numbers. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly __heap_base: { readonly value: number };
  blob_version(): number;
  model_bytes(blob: number, length: number): number;
  bad_blob_entry(): number;
  model_init(blob: number, length: number, model: number): number;
  scratch_bytes(model: number, listed: number, minimum: number): number;
  evaluate(call: number): number;
}

const PAGE = 65536;
/** Numbers of 32 bits in `struct Call` of wasm.cpp. */
const CALL_WORDS = 21;

export interface WasmOptions {
  /** As in NativeOptions. */
  readonly minimumScratch?: boolean;
}

let compiled: object | undefined;

/** Throws Error with the reason when the module does not load here or the blob is invalid. */
export function wasmKernel(blob: Float64Array, options: WasmOptions = {}): KernelInstance {
  const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
  compiled ??= new api.Module(readFileSync(join(kernelFolder(), 'hdnnp.wasm')));
  const { exports } = new api.Instance(compiled);
  const kernel = new WasmKernel(exports as Exports, blob, options);
  return { description: 'wasm', evaluate: (call) => kernel.evaluate(call) };
}

class WasmKernel {
  readonly #exports: Exports;
  readonly #model: number;
  readonly #minimum: number;
  /** First free address behind the model: reused by every evaluation. */
  readonly #free: number;
  #next = 0;

  constructor(exports: Exports, blob: Float64Array, { minimumScratch = false }: WasmOptions) {
    if (exports.blob_version() !== BLOB_VERSION)
      throw new Error(`hdnnp.wasm is of version ${exports.blob_version()}, not ${BLOB_VERSION}; build it again`);
    this.#exports = exports;
    this.#minimum = Number(minimumScratch);
    this.#next = exports.__heap_base.value;
    const at = this.#put(blob);
    const bytes = exports.model_bytes(at, blob.length) >>> 0;
    if (bytes === 0) throw new Error(`the model description is invalid at entry ${exports.bad_blob_entry()}`);
    this.#model = this.#take(bytes);
    if (exports.model_init(at, blob.length, this.#model)) throw new Error('the model description cannot be prepared');
    this.#free = this.#next;
  }

  evaluate(call: KernelCall): number {
    const { element, first, neighbors, positions, extrapolations, status } = call;
    const centers = first.length - 1;
    const longest = longestRow(first, neighbors.length);
    status[0] = -1;
    status[1] = 0;
    if (longest < 0) return CODES.badIndex;
    this.#next = this.#free;
    const frame = this.#take(4 * CALL_WORDS);
    const inputs = [this.#put(positions), this.#put(element), this.#put(first), this.#put(neighbors)];
    const written = [
      call.forces,
      call.virial,
      call.energies,
      call.memberEnergies,
      call.memberForces,
      call.memberVirials,
    ];
    const results = written.map((array) => this.#put(array));
    const features = this.#put(call.features);
    const extrapolated = this.#take(extrapolations.byteLength);
    const scratchBytes = this.#exports.scratch_bytes(this.#model, longest, this.#minimum) >>> 0;
    const scratch = this.#take(scratchBytes);
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
    this.#view(Int32Array, frame, CALL_WORDS).set(words);
    const code = this.#exports.evaluate(frame);
    const [at, count] = this.#view(Int32Array, frame + 4 * words.length, 2);
    status[0] = at;
    status[1] = code === CODES.ok ? count : 0;
    written.forEach((array, k) => {
      if (array.length) array.set(this.#view(Float64Array, results[k], array.length));
    });
    if (call.features.length) call.features.set(this.#view(Float64Array, features, call.features.length));
    const stored = 3 * Math.min(status[1], extrapolations.length / 3);
    extrapolations.set(this.#view(Float64Array, extrapolated, stored));
    return code;
  }

  /** Address of `bytes` bytes, 64-byte aligned; the memory grows with them. */
  #take(bytes: number): number {
    const at = ((this.#next + 63) & ~63) >>> 0;
    this.#next = at + bytes;
    const missing = this.#next - this.#exports.memory.buffer.byteLength;
    if (missing > 0) this.#grow(Math.ceil(missing / PAGE));
    return at;
  }

  #grow(pages: number): void {
    try {
      this.#exports.memory.grow(pages);
    } catch {
      throw new PotentialError(
        `the WebAssembly kernel cannot have ${Math.ceil(this.#next / 2 ** 20)} MB; use another backend or fewer atoms`,
      );
    }
  }

  /** Copies an array into the module; 0 for an empty one. */
  #put(array: Float64Array | Int32Array): number {
    if (array.length === 0) return 0;
    const at = this.#take(array.byteLength);
    if (array instanceof Float64Array) this.#view(Float64Array, at, array.length).set(array);
    else this.#view(Int32Array, at, array.length).set(array);
    return at;
  }

  #view<T>(type: new (buffer: ArrayBuffer, at: number, length: number) => T, at: number, length: number): T {
    return new type(this.#exports.memory.buffer, at, length);
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
