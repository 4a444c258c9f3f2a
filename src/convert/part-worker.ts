// One thread of `framesInParts`: reads the parts of a file that it is given, one after the other.
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Format } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FramePacker } from './packed-frames.ts';
import type { Part, PartFailed, PartRead, PartReaderSetup } from './part.ts';

const { format: name, module, options } = workerData as PartReaderSetup;
const exported: Record<string, unknown> = await import(module);
const format = Object.values(exported).find((value) => (value as Partial<Format>)?.name === name) as Format | undefined;
const file = openSync(options.path, 'r');

parentPort?.on('message', async (part: Part) => {
  const found = await readPart(part).catch((): PartFailed => ({ index: part.index, failed: true }));
  parentPort?.postMessage(found, 'failed' in found ? [] : found.frames.blocks);
});

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
  return { index: part.index, frames: packer.packed(), diagnostics, lines };
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
