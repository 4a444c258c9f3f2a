// One thread of `framesInParts`: reads the parts of a file that it is given, one after the other.
import { parentPort, workerData } from 'node:worker_threads';
import { findFormat } from '../../formats/detect.ts';
import { FORMATS } from '../../formats/index.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { countLines, type Part, type PartFailed, type PartRead, type PartReaderSetup, partBytes, type SentFrame, toSend } from './part.ts';

const { format: name, options, changes } = workerData as PartReaderSetup;
const format = findFormat(FORMATS, name);

parentPort?.on('message', async (part: Part) => {
  const found = await readPart(part).catch((): PartFailed => ({ index: part.index, failed: true }));
  const buffers = 'failed' in found ? [] : large(found.frames);
  parentPort?.postMessage(found, buffers);
});

/** Throws where the reader does, and where the part does not say all: one thread then reads it in its place. */
async function readPart(part: Part): Promise<PartRead> {
  if (!format?.read) throw new Error(`no reader for ${name}`);
  let lines = 0;
  let last: Uint8Array = new Uint8Array(0);
  async function* watched() {
    for await (const bytes of partBytes(options.path, part)) {
      lines += countLines(bytes);
      if (changes !== undefined && part.begin > 0) refuse(bytes, last, changes);
      last = bytes;
      yield bytes;
    }
  }
  const frames: SentFrame[] = [];
  const diagnostics: Diagnostic[] = [];
  const onDiagnostic = (diagnostic: Diagnostic) => diagnostics.push(diagnostic);
  for await (const frame of format.read(watched(), { ...options, strict: true, onDiagnostic })) frames.push(toSend(frame));
  if (!part.isLast && endsBlank(last)) throw new Error('a blank line between frames');
  return { index: part.index, frames, diagnostics, lines };
}

/** Text that changes what holds for later frames, also where it crosses two chunks. */
function refuse(bytes: Uint8Array, before: Uint8Array, text: string): void {
  const joint = Buffer.concat([before.subarray(-text.length), bytes.subarray(0, text.length)]);
  if (before.length > PREAMBLE_MOST && joint.includes(text)) throw new Error(text);
  if (bytes.length > PREAMBLE_MOST && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(text)) throw new Error(text);
}

const PREAMBLE_MOST = 200;

/** A blank last line may end a file, not a part of one. */
function endsBlank(bytes: Uint8Array): boolean {
  let k = bytes.length - 2;
  while (k >= 0 && bytes[k] !== 10 && bytes[k] <= 32) k--;
  return k < 0 || bytes[k] === 10;
}

/** Small arrays are copied faster than handed over. */
const LARGE = 64 << 10;

function large(frames: readonly SentFrame[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { frame } of frames) {
    const { positions, velocities, masses, charges, cell, numbers, labels, arrays } = frame;
    const all = [positions, velocities, masses, charges, cell, numbers, labels?.forces, labels?.virial];
    for (const data of [...all, ...Object.values(arrays).map((array) => array.data)])
      if (ArrayBuffer.isView(data) && data.buffer.byteLength >= LARGE) buffers.add(data.buffer as ArrayBuffer);
  }
  return [...buffers];
}
