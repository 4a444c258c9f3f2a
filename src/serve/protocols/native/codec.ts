/**
 * NNP1, the protocol between `pair_style nnp/socket` and a force server: bytes to messages and back. The layout is written down
 * in lammps-scripts/protocol.md. Everything is little-endian; so is every platform Node runs on that LAMMPS runs on.
 */
import { ProtocolError } from '../../../core/errors.ts';

export const HEADER_BYTES = 32;
/** Bytes of a STEP payload before the positions, and of a FORCES payload before the forces. */
export const STEP_HEAD_BYTES = 88;
export const FORCES_HEAD_BYTES = 64;
/** HELLO and ERR are text. */
export const MAX_TEXT_BYTES = 65_536;

const MAGIC = 0x3150_4e4e; // "NNP1"
const VERSION = 1;
const FIRST_BUFFER_BYTES = 65_536;

export const TYPE = { hello: 1, helloOk: 2, step: 3, forces: 4, error: 5 } as const;
export const FLAG = { types: 1, neighbors: 2, atomicEnergies: 4, ilist: 8, members: 16 } as const;
const ALL_FLAGS = 31;

/** Name of a message type, for messages to people. */
function typeName(type: number): string {
  return ['', 'HELLO', 'HELLO_OK', 'STEP', 'FORCES', 'ERR'][type] ?? `message type ${type}`;
}

/** One message. `payload` lies at the start of its ArrayBuffer and is valid until the next call of `MessageReader.next`. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  /** LAMMPS timestep. */
  readonly step: bigint;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What HELLO says of a client: one MPI rank of LAMMPS. */
export interface Hello {
  readonly rank: number;
  readonly nranks: number;
  /** LAMMPS `units` style. */
  readonly units: string;
  /** Element of LAMMPS type k+1; null = a type of another pair style (NULL). */
  readonly elements: readonly (string | null)[];
  /** Name and version of the client, for logs. */
  readonly client: string;
  /** `lists`: every rank sends its atoms with a neighbor list. `structure`: rank 0 sends the whole structure. */
  readonly route: 'lists' | 'structure';
  /** Of `structure`: the same text in all ranks of one run, another in other runs. */
  readonly job: string;
  /** What a server with a token asks for. */
  readonly token: string | undefined;
}

/**
 * Cuts a byte stream into messages, whatever the packets. Lengths are checked before anything is allocated, and the buffer grows
 * with the bytes that really arrive. `longest(type)` gives the largest payload in bytes, undefined for types that may not come.
 */
export class MessageReader {
  readonly #longest: (type: number) => number | undefined;
  readonly #queue: Uint8Array[] = [];
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #payload = new Uint8Array(FIRST_BUFFER_BYTES);
  #payloadBytes = 0;
  #length = 0;

  constructor(longest: (type: number) => number | undefined) {
    this.#longest = longest;
  }

  /** Takes ownership of `chunk` until its bytes are read. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#queue.push(chunk);
  }

  /** True while some but not all bytes of a message have come. */
  get inMessage(): boolean {
    return this.#headerBytes > 0 || this.#queue.length > 0;
  }

  /** The next complete message, or undefined until more bytes come. Throws ProtocolError for anything that is not NNP1. */
  next(): Message | undefined {
    if (this.#headerBytes < HEADER_BYTES && !this.#readHeader()) return undefined;
    while (this.#payloadBytes < this.#length) {
      const chunk = this.#take(this.#length - this.#payloadBytes);
      if (!chunk) return undefined;
      this.#reserve(this.#payloadBytes + chunk.length);
      this.#payload.set(chunk, this.#payloadBytes);
      this.#payloadBytes += chunk.length;
    }
    const view = new DataView(this.#header.buffer);
    this.#headerBytes = 0;
    return {
      type: view.getUint16(6, true),
      flags: view.getUint32(8, true),
      step: view.getBigInt64(24, true),
      payload: this.#payload.subarray(0, this.#length),
    };
  }

  #readHeader(): boolean {
    for (;;) {
      const chunk = this.#take(HEADER_BYTES - this.#headerBytes);
      if (!chunk) return false;
      this.#header.set(chunk, this.#headerBytes);
      this.#headerBytes += chunk.length;
      if (this.#headerBytes >= 4) this.#checkMagic();
      if (this.#headerBytes === HEADER_BYTES) break;
    }
    this.#length = this.#checkedLength();
    this.#payloadBytes = 0;
    return true;
  }

  #checkMagic(): void {
    if (new DataView(this.#header.buffer).getUint32(0, true) === MAGIC) return;
    const start = Array.from(this.#header.subarray(0, this.#headerBytes), (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    ).join('');
    throw new ProtocolError(`expected an NNP1 message, received bytes that begin with "${start}"`);
  }

  #checkedLength(): number {
    const view = new DataView(this.#header.buffer);
    const version = view.getUint16(4, true);
    if (version !== VERSION) {
      throw new ProtocolError(`the peer speaks version ${version} of NNP1, this side version ${VERSION}`);
    }
    const type = view.getUint16(6, true);
    const longest = this.#longest(type);
    if (longest === undefined) throw new ProtocolError(`${typeName(type)} is not a message for this side`);
    if (view.getUint32(8, true) & ~ALL_FLAGS) throw new ProtocolError(`${typeName(type)} has unknown flags`);
    if (view.getUint32(12, true) !== 0) throw new ProtocolError(`${typeName(type)} has a reserved field that is not 0`);
    const length = view.getBigUint64(16, true);
    if (length > BigInt(longest)) {
      throw new ProtocolError(`${typeName(type)} announces ${length} bytes, more than the limit of ${longest}`);
    }
    return Number(length);
  }

  /** At most `wanted` bytes of the queue. */
  #take(wanted: number): Uint8Array | undefined {
    const first = this.#queue[0];
    if (!first) return undefined;
    if (first.length <= wanted) {
      this.#queue.shift();
      return first;
    }
    this.#queue[0] = first.subarray(wanted);
    return first.subarray(0, wanted);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#payload.length) return;
    const grown = new Uint8Array(Math.min(Math.max(bytes, 2 * this.#payload.length), roundUp8(this.#length)));
    grown.set(this.#payload.subarray(0, this.#payloadBytes));
    this.#payload = grown;
  }
}

/** Sections of i32 are followed by zeros up to the next multiple of 8 bytes. */
export function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Writes the 32 bytes of a header at the start of `frame`. */
export function putHeader(frame: Uint8Array, type: number, step: bigint, flags = 0): void {
  const view = new DataView(frame.buffer, frame.byteOffset, HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, type, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, 0, true);
  view.setBigUint64(16, BigInt(frame.length - HEADER_BYTES), true);
  view.setBigInt64(24, step, true);
}

/** Of a model; `cutoff` in the length unit of the client, `modelId` an integer below 2^53, `committee`: MEMBERS may be asked for. */
interface HelloOk {
  readonly cutoff: number;
  readonly modelId: number;
  readonly name: string;
  readonly committee: boolean;
}

export function encodeHelloOk({ cutoff, modelId, name, committee }: HelloOk): Uint8Array {
  const text = new TextEncoder().encode(name);
  const frame = new Uint8Array(HEADER_BYTES + 16 + text.length);
  putHeader(frame, TYPE.helloOk, 0n, committee ? FLAG.members : 0);
  const view = new DataView(frame.buffer);
  view.setFloat64(HEADER_BYTES, cutoff, true);
  view.setFloat64(HEADER_BYTES + 8, modelId, true);
  frame.set(text, HEADER_BYTES + 16);
  return frame;
}

/** `step` 0n answers HELLO. Longer texts are cut. */
export function encodeError(text: string, step: bigint): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_TEXT_BYTES - 1);
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  putHeader(frame, TYPE.error, step);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

/** Throws ProtocolError that names the key when the JSON of a HELLO is not what protocol.md demands. */
export function decodeHello(payload: Uint8Array): Hello {
  let hello: Record<string, unknown>;
  try {
    hello = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    throw new ProtocolError('HELLO is not JSON');
  }
  const { rank, nranks, units, elements, client, token, job = '', route = 'lists' } = hello ?? {};
  if (!isCount(nranks) || nranks < 1) throw new ProtocolError('HELLO: "nranks" is not a positive integer');
  if (!isCount(rank) || rank >= nranks) throw new ProtocolError('HELLO: "rank" is not an integer below "nranks"');
  if (typeof units !== 'string') throw new ProtocolError('HELLO: "units" is not a text');
  if (!Array.isArray(elements) || !elements.every((e) => e === null || typeof e === 'string')) {
    throw new ProtocolError('HELLO: "elements" is not a list of texts and nulls');
  }
  if (route !== 'lists' && route !== 'structure')
    throw new ProtocolError('HELLO: "route" is neither lists nor structure');
  if (typeof job !== 'string') throw new ProtocolError('HELLO: "job" is not a text');
  const name = typeof client === 'string' ? client : 'unnamed client';
  return {
    rank,
    nranks,
    units,
    elements,
    client: name,
    route,
    job,
    token: typeof token === 'string' ? token : undefined,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
