import { gzipSync } from 'node:zlib';
import type { Format } from '../../formats/format.ts';
import { ProjectError } from '../../src/core/errors.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { contradictions, readAll, type Sample } from './read.ts';

export interface FuzzInput {
  readonly format: Format;
  readonly sample: Sample;
}

/** Pieces of text that break parsers, put in at random places. */
const SPITE = [
  '\0', '\n', '\r\n', ' ', '-', '.', '"', '{', ']', '=', 'nan', '-inf', '1e999', '99999999999999999999', '4294967297', '-1', '0',
  '2147483648', '*****', '\xff\xfe', '<', '/>', 'ITEM: ', '=T', '0x10', '1.5', 'é',
].map((text) => Buffer.from(text, 'latin1')); // biome-ignore format: a list

/** The input with one to three small changes; one in eight is also cut off. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const at = () => Math.floor(random() * bytes.length);
  let out: Uint8Array = Uint8Array.from(bytes);
  for (let k = Math.floor(random() * 3); k >= 0; k--) {
    const place = Math.floor(random() * out.length);
    const kind = random();
    if (kind < 0.5) out[place] = random() < 0.5 ? Math.floor(random() * 256) : bytes[at()];
    else if (kind < 0.7) out = splice(out, place, 0, SPITE[Math.floor(random() * SPITE.length)]);
    else if (kind < 0.8)
      out = splice(out, place, 1 + Math.floor(random() * 8), SPITE[Math.floor(random() * SPITE.length)]);
    else if (kind < 0.9) out = splice(out, place, 1 + Math.floor(random() * 40), new Uint8Array(0));
    else out = splice(out, place, 0, bytes.subarray(at(), at()));
  }
  return random() < 0.125 ? out.subarray(0, Math.floor(random() * out.length)) : out;
}

function splice(bytes: Uint8Array, at: number, remove: number, put: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + remove))]);
}

async function* once(bytes: Uint8Array, split: number): AsyncGenerator<Uint8Array, void> {
  if (split > 0 && split < bytes.length) {
    yield bytes.subarray(0, split);
    yield bytes.subarray(split);
  } else yield bytes;
}

/**
 * Reads the changed input of one number: always the same for the same samples. Throws when the reader fails with another error
 * than one of ours, or yields a frame that contradicts itself. One in sixteen goes through gzip.
 */
export async function fuzzOne(inputs: readonly FuzzInput[], number: number): Promise<void> {
  const random = seededRandom(number);
  const { format, sample } = inputs[Math.floor(random() * inputs.length)];
  const changed = mutate(sample.bytes, random);
  const packed = random() < 1 / 16 ? gzipSync(changed, { level: 1 }) : changed;
  const split = random() < 0.25 ? Math.floor(random() * packed.length) : 0;
  const { error, frames } = await readAll(format, once(packed, split), { ...sample.options, strict: random() < 0.8 });
  const wrong = frames.flatMap(contradictions);
  if ((error !== undefined && !(error instanceof ProjectError)) || wrong.length > 0) {
    const what = `input ${number} (${format.name}, ${sample.name}, ${changed.length} bytes): ${wrong.join('; ') || 'untyped error'}`;
    throw new Error(`${what}\n${Buffer.from(changed).toString('latin1').slice(0, 2000)}`, { cause: error });
  }
}
