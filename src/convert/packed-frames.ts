import type { Frame } from '../core/frame.ts';

/**
 * Frames of a part on their way between threads. Copying thousands of small objects and arrays between threads costs more than
 * reading them, so what frames of one layout share (their keys) is sent once, and their small arrays lie in common blocks.
 */
export interface PackedFrames {
  /** Each layout that occurs. */
  readonly layouts: readonly Layout[];
  /** By frame: index of its layout. */
  readonly layoutOf: readonly number[];
  /** Frame after frame, in the order of its layout: numbers; block, byte and length of arrays; place of other values in `others`. */
  readonly numbers: Float64Array;
  /** Every value that is neither number nor array of numbers, once. */
  readonly others: readonly unknown[];
  /** Contents of the arrays, to be handed over. */
  readonly blocks: readonly ArrayBuffer[];
}

type ArrayKind = 'Float64Array' | 'Int32Array' | 'BigInt64Array' | 'Uint8Array';
type NumberArray = Float64Array | Int32Array | BigInt64Array | Uint8Array;
type Entries = Record<PropertyKey, unknown>;

/** A value: a number, an array of numbers by its constructor, an object or list of such values, or any other. */
type Layout = 'number' | 'other' | ArrayKind | ListLayout | ObjectLayout;
interface ListLayout {
  readonly items: readonly Layout[];
}
interface ObjectLayout {
  readonly keys: readonly string[];
  readonly values: readonly Layout[];
  /** Names of registered symbols (`Symbol.for`), which have the same meaning in every thread; their values are `other`. */
  readonly symbols: readonly string[];
}

const ARRAYS = { Float64Array, Int32Array, BigInt64Array, Uint8Array };
/** Buffers from here on are handed over as they are; smaller ones are copied into blocks. */
const LARGE = 64 << 10;
/** What a frame that is kept may hold in memory besides its own. */
const BLOCK = 128 << 10;
/** Longer lists (words, one an atom) are copied between threads by themselves. */
const LIST_MOST = 16;
/** Frames whose layouts all differ are not compared with more than these. */
const LAYOUTS_COMPARED = 8;

/** Collects the frames of one part. */
export class FramePacker {
  readonly #layouts: Layout[] = [];
  readonly #layoutOf: number[] = [];
  readonly #others: unknown[] = [];
  readonly #placeOfOther = new Map<unknown, number>();
  readonly #blocks: ArrayBuffer[] = [];
  /** Of the buffers of one frame: block and first byte. */
  readonly #placeOfBuffer = new Map<ArrayBufferLike, readonly [block: number, at: number]>();
  #numbers = new Float64Array(1024);
  #count = 0;
  #last = 0;
  #open = new Uint8Array(0);
  #openBlock = -1;
  #used = 0;

  add(frame: Frame): void {
    const index = this.#layoutIndex(frame);
    this.#layoutOf.push(index);
    this.#placeOfBuffer.clear();
    this.#put(frame, this.#layouts[index]);
  }

  packed(): PackedFrames {
    return {
      layouts: this.#layouts,
      layoutOf: this.#layoutOf,
      numbers: this.#numbers.slice(0, this.#count),
      others: this.#others,
      blocks: this.#blocks,
    };
  }

  #layoutIndex(frame: Frame): number {
    const layouts = this.#layouts;
    if (layouts.length > 0 && fits(frame, layouts[this.#last])) return this.#last;
    for (let k = layouts.length - 1, end = Math.max(0, k - LAYOUTS_COMPARED); k >= end; k--)
      if (fits(frame, layouts[k])) {
        this.#last = k;
        return k;
      }
    this.#last = layouts.push(layoutOf(frame)) - 1;
    return this.#last;
  }

  #put(value: unknown, layout: Layout): void {
    if (layout === 'number') this.#number(value as number);
    else if (layout === 'other') this.#other(value);
    else if (typeof layout === 'string') this.#array(value as NumberArray);
    else if ('items' in layout)
      for (let k = 0; k < layout.items.length; k++) this.#put((value as unknown[])[k], layout.items[k]);
    else {
      const { keys, values, symbols } = layout;
      for (let k = 0; k < keys.length; k++) this.#put((value as Entries)[keys[k]], values[k]);
      for (const name of symbols) this.#other((value as Entries)[Symbol.for(name)]);
    }
  }

  #other(value: unknown): void {
    let place = this.#placeOfOther.get(value);
    if (place === undefined) {
      place = this.#others.push(value) - 1;
      this.#placeOfOther.set(value, place);
    }
    this.#number(place);
  }

  #number(value: number): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#count++] = value;
  }

  #array({ buffer, byteOffset, length }: NumberArray): void {
    let place = this.#placeOfBuffer.get(buffer);
    if (!place) {
      place = buffer.byteLength >= LARGE ? [this.#blocks.push(buffer as ArrayBuffer) - 1, 0] : this.#copy(buffer);
      this.#placeOfBuffer.set(buffer, place);
    }
    this.#number(place[0]);
    this.#number(place[1] + byteOffset);
    this.#number(length);
  }

  #copy(buffer: ArrayBufferLike): readonly [block: number, at: number] {
    if (this.#used + buffer.byteLength > this.#open.length) {
      this.#open = new Uint8Array(BLOCK);
      this.#openBlock = this.#blocks.push(this.#open.buffer) - 1;
      this.#used = 0;
    }
    const at = this.#used;
    this.#open.set(new Uint8Array(buffer), at);
    this.#used = (at + buffer.byteLength + 7) & ~7;
    return [this.#openBlock, at];
  }
}

/** The frames again, each built when it is asked for. Their arrays are views of the blocks. */
export function* unpacked({ layouts, layoutOf, numbers, others, blocks }: PackedFrames): Generator<Frame, void> {
  let n = 0;
  const take = (layout: Layout): unknown => {
    if (layout === 'number') return numbers[n++];
    if (layout === 'other') return others[numbers[n++]];
    if (typeof layout === 'string') {
      n += 3;
      return new ARRAYS[layout](blocks[numbers[n - 3]], numbers[n - 2], numbers[n - 1]);
    }
    if ('items' in layout) return layout.items.map(take);
    const { keys, values, symbols } = layout;
    const made: Entries = {};
    for (let k = 0; k < keys.length; k++) made[keys[k]] = take(values[k]);
    for (const name of symbols) made[Symbol.for(name)] = others[numbers[n++]];
    return made;
  };
  for (const index of layoutOf) yield take(layouts[index]) as Frame;
}

function layoutOf(value: unknown): Layout {
  if (typeof value === 'number') return 'number';
  const kind = arrayKind(value);
  if (kind) return kind;
  if (isList(value)) return { items: value.map(layoutOf) };
  if (!isPlain(value)) return 'other';
  const keys = Object.keys(value);
  const symbols = Object.getOwnPropertySymbols(value).map((symbol) => Symbol.keyFor(symbol) ?? '');
  return { keys, values: keys.map((key) => layoutOf(value[key])), symbols };
}

/** Whether `value` has exactly this layout, the order of keys included. */
function fits(value: unknown, layout: Layout): boolean {
  if (layout === 'number') return typeof value === 'number';
  if (typeof layout === 'string' && layout !== 'other') return value instanceof ARRAYS[layout];
  if (layout === 'other') return typeof value !== 'number' && !arrayKind(value) && !isList(value) && !isPlain(value);
  if ('items' in layout) {
    if (!isList(value) || value.length !== layout.items.length) return false;
    for (let k = 0; k < value.length; k++) if (!fits(value[k], layout.items[k])) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  const { keys, values, symbols } = layout;
  let k = 0;
  for (const key in value) if (key !== keys[k] || !fits(value[key], values[k++])) return false;
  if (k < keys.length) return false;
  const own = Object.getOwnPropertySymbols(value);
  return own.length === symbols.length && own.every((symbol, s) => Symbol.keyFor(symbol) === symbols[s]);
}

function arrayKind(value: unknown): ArrayKind | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  if (value instanceof Float64Array) return 'Float64Array';
  if (value instanceof Int32Array) return 'Int32Array';
  if (value instanceof BigInt64Array) return 'BigInt64Array';
  return value.constructor === Uint8Array ? 'Uint8Array' : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= LIST_MOST;
}

/** An object of the reader's making: one with the key `__proto__` could not be built again by setting its entries. */
function isPlain(value: unknown): value is Entries {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, '__proto__')
  );
}
