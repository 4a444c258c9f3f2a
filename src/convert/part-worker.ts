// One thread of `framesInParts`: reads parts of a file, one after the other.
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Format } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FramePacker } from './packed-frames.ts';
import { ALLOWED, NEXT, type Part, type PartFailed, type PartRead, type PartReaderSetup, partOf } from './part.ts';

const { format: name, module, options, plan, turns } = workerData as PartReaderSetup;
const exported: Record<string, unknown> = await import(module);
const format = Object.values(exported).find((value) => (value as Partial<Format>)?.name === name) as Format | undefined;
const file = openSync(options.path, 'r');

/** Throws where the reader does, and where the part does not say all: one thread then reads it in its place. */
async function readPart(part: Part): Promise<PartRead> {
  if (!format?.read) throw new Error(`no reader for ${name}`);
  let lines = -1;
  let last: Uint8Array = new Uint8Array(0);
  async function* watched() {
    for (const bytes of partBytes(part)) {
      last = bytes;
      yield bytes;
    }
  }
  const packer = new FramePacker();
  const diagnostics: Diagnostic[] = [];
  const onDiagnostic = (diagnostic: Diagnostic) => diagnostics.push(diagnostic);
  const onChange = () => {
    throw new Error('what holds for later frames changes here');
  };
  const onEnd = (count: number) => {
    lines = count;
  };
  const told = { ...options, strict: true, onDiagnostic, onChange, onEnd };
  for await (const frame of format.read(watched(), told)) packer.add(frame);
  if (lines < 0) throw new Error('the reader does not tell the lines');
  if (!part.isLast && endsBlank(last)) throw new Error('a blank line between frames');
  return { part, frames: packer.packed(), diagnostics, lines };
}

const CHUNK = 512 << 10;
/** Used in turn: a scanner of lines holds at most the chunk before the one it is given. */
const ring = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(CHUNK));

/** The preamble and the bytes of a part. This thread has nothing else to do: it reads without a detour through the event loop. */
function* partBytes({ preamble, begin, end }: Part): Generator<Uint8Array, void> {
  let turn = 0;
  const pieces = [
    [0, begin > 0 ? preamble : 0],
    [begin, end],
  ];
  for (const [from, to] of pieces)
    for (let at = from; at < to; ) {
      const buffer = ring[turn++ % ring.length];
      const length = readSync(file, buffer, 0, Math.min(CHUNK, to - at), at);
      if (length === 0) return;
      yield buffer.subarray(0, length);
      at += length;
    }
}

/** A blank last line may end a file, not a part of one. */
function endsBlank(bytes: Uint8Array): boolean {
  let k = bytes.length - 2;
  while (k >= 0 && bytes[k] !== 10 && bytes[k] <= 32) k--;
  return k < 0 || bytes[k] === 10;
}

// Threads take parts by themselves: none waits until another has time to deal it one.
for (;;) {
  const part = format?.parts && partOf(file, Atomics.add(turns, NEXT, 1), plan, format.parts);
  if (!part) break;
  for (let allowed = turns[ALLOWED]; part.index >= allowed; allowed = Atomics.load(turns, ALLOWED))
    Atomics.wait(turns, ALLOWED, allowed);
  const found = await readPart(part).catch((): PartFailed => ({ part, failed: true }));
  parentPort?.postMessage(found, 'failed' in found ? [] : found.frames.blocks);
}
