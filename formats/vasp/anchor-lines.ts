import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { ANCHOR_LINES_WASM } from './anchor-lines-wasm.ts';
import { ANCHOR_STARTS } from './outcar-anchors.ts';

// Places in the memory of the module; anchor-lines.as has the same.
const FIRST = 0;
const LATER = 131_072;
const INPUT = 262_144;
const INPUT_MOST = 128 << 10;
const LIST = INPUT + INPUT_MOST + 128;
const LF = 10;
const EMPTY = new Uint8Array(0);

interface Instance {
  readonly bytes: Uint8Array;
  readonly integers: Int32Array;
  readonly listLines: (limit: number) => number;
}

/** The part of the JavaScript API that we use; the types of Node do not have it. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: unknown };
  };
};

/** One per thread: a call leaves nothing behind that the next one needs. */
let instance: Instance | undefined;

function load(): Instance {
  if (instance) return instance;
  const module = new WebAssembly.Module(Buffer.from(ANCHOR_LINES_WASM, 'base64'));
  const { memory, listLines } = new WebAssembly.Instance(module).exports as {
    readonly memory: { readonly buffer: ArrayBuffer };
    readonly listLines: Instance['listLines'];
  };
  const { buffer } = memory;
  instance = { bytes: new Uint8Array(buffer), integers: new Int32Array(buffer), listLines };
  fillTables(new Uint16Array(buffer));
  return instance;
}

/**
 * One bit an anchor, set in both tables by its first two bytes and by its seventh and eighth (by all, where it has fewer than
 * eight). Bit 0 is that of the rulers, which the module looks at more closely; the others may be shared.
 */
function fillTables(table: Uint16Array): void {
  const pair = (start: string, at: number) => start.charCodeAt(at) | (start.charCodeAt(at + 1) << 8);
  ANCHOR_STARTS.forEach((start, k) => {
    const bit = k === 0 ? 1 : 2 << (k % 15);
    table[(FIRST >> 1) + pair(start, 0)] |= bit;
    if (start.length >= 8) table[(LATER >> 1) + pair(start, 6)] |= bit;
    else for (let any = 0; any < 65_536; any++) table[(LATER >> 1) + any] |= bit;
  });
}

/** Steps through a text from one line that can be an anchor to the next. Of a block of lines, all are listed at once. */
export class AnchorLines {
  readonly #scanner: TextScanner;
  /** Window of the scanner of which a block is listed: `[#from, #to)`. */
  #bytes: Uint8Array = EMPTY;
  #from = 0;
  #to = 0;
  /** Number of the line before the block. */
  #before = 0;
  /** Of each listed line: its place in the block and the number of lines before it; behind the last, those of the end. */
  #list = new Int32Array(0);
  #count = 0;
  #next = 0;

  constructor(scanner: TextScanner) {
    this.#scanner = scanner;
  }

  /** Makes the next such line current. False when none is wholly in memory; `fill` then gives the next line, whatever it is. */
  tryNext(): boolean {
    const scanner = this.#scanner;
    for (;;) {
      const from = scanner.unreadStart;
      if (scanner.bytes !== this.#bytes || from < this.#from || from >= this.#to) {
        if (this.#listBlock(from)) continue;
        return false;
      }
      const list = this.#list;
      const offset = from - this.#from;
      let k = this.#next;
      while (k < this.#count && list[2 * k] < offset) k++;
      this.#next = k;
      scanner.skipLines(this.#from + list[2 * k], this.#before + list[2 * k + 1] - scanner.lineNumber);
      if (k < this.#count) return scanner.tryLine();
    }
  }

  /** Lists the unread lines, as many as the module takes; false when no line is whole, or it is longer than that. */
  #listBlock(from: number): boolean {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    const to = bytes.lastIndexOf(LF, Math.min(scanner.unreadEnd, from + INPUT_MOST) - 1) + 1;
    if (to <= from) return false;
    const { bytes: memory, integers, listLines } = load();
    memory.set(bytes.subarray(from, to), INPUT);
    this.#count = listLines(INPUT + to - from);
    const entries = 2 * this.#count + 2;
    if (this.#list.length < entries) this.#list = new Int32Array(2 * entries);
    const list = this.#list;
    for (let k = 0, at = LIST >> 2; k < entries; k += 2, at += 2) {
      list[k] = integers[at] - INPUT;
      list[k + 1] = integers[at + 1];
    }
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    // a line that is delivered once more is not counted yet
    this.#before = scanner.lineNumber;
    this.#next = 0;
    return true;
  }
}
