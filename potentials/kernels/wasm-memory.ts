import { readFileSync } from 'node:fs';
import { PotentialError } from '../../src/core/errors.ts';

/** The part of the WebAssembly interface used here: the type libraries of Node lack it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** What every module exports. */
export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly __heap_base: { readonly value: number };
  blob_version(): number;
}

type NumberArray = Float64Array | Float32Array | Int32Array;
type NumberArrayType<T> = new (buffer: ArrayBuffer, at: number, length: number) => T;

const compiled = new Map<string, object>();

/** A new instance of a module of build.mjs. Throws Error with the reason when it does not load or is of another version. */
export function instantiate<Exports extends WasmExports>(file: string, blobVersion: number): Exports {
  const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
  const module = compiled.get(file) ?? new api.Module(readFileSync(file));
  compiled.set(file, module);
  const exports = new api.Instance(module).exports as Exports;
  const found = exports.blob_version();
  if (found !== blobVersion) throw new Error(`${file} is of version ${found}, not ${blobVersion}; build it again`);
  return exports;
}

const PAGE = 65536;

/** Hands out the memory of an instance from its heap base on, one piece after the other. */
export class WasmMemory {
  readonly #exports: WasmExports;
  #next: number;

  constructor(exports: WasmExports) {
    this.#exports = exports;
    this.#next = exports.__heap_base.value;
  }

  /** Everything handed out from now on is given back by `release`. */
  mark(): number {
    return this.#next;
  }

  release(mark: number): void {
    this.#next = mark;
  }

  /** Address of `bytes` bytes, 64-byte aligned; the memory grows with them. */
  take(bytes: number): number {
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
  put(array: NumberArray): number {
    if (array.length === 0) return 0;
    const at = this.take(array.byteLength);
    if (array instanceof Float64Array) this.view(Float64Array, at, array.length).set(array);
    else if (array instanceof Float32Array) this.view(Float32Array, at, array.length).set(array);
    else this.view(Int32Array, at, array.length).set(array);
    return at;
  }

  /** Good until the memory grows. */
  view<T>(type: NumberArrayType<T>, at: number, length: number): T {
    return new type(this.#exports.memory.buffer, at, length);
  }
}
