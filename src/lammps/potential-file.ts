import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { readModels } from '../../potentials/load.ts';
import { symbolOf } from '../core/elements.ts';
import { PotentialError } from '../core/errors.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { loadEvaluator, type PotentialSource } from '../serve/load-evaluator.ts';

const MAGIC = 'NNPBLOB\n';
const FILE_VERSION = 1;
const HEAD_BYTES = 32;

export interface PotentialFile {
  readonly path: string;
  readonly elements: readonly string[];
  /** Å, or reduced. */
  readonly cutoff: number;
  readonly members: number;
  readonly bytes: number;
}

/**
 * Writes trained potentials (several, or a committee: they share their symmetry functions) as one file for `pair_style nnp`: the
 * kernel's description of them in eV and Å behind a small head (lammps-scripts/pair-style/model.cpp has the layout). Every one is
 * loaded and tried first. Throws what `loadPotential` throws, and PotentialError for a committee that does not fit together.
 */
export async function writePotentialFile(given: readonly PotentialSource[], path: string): Promise<PotentialFile> {
  const sources = given.flatMap(({ further = [], ...one }) => [
    one,
    ...further.map((directory) => ({ ...one, directory })),
  ]);
  const evaluators = [];
  for (const source of sources) evaluators.push(await loadEvaluator(source));
  const [first] = evaluators;
  if (evaluators.some(({ reduced }) => reduced !== first.reduced))
    throw new PotentialError('some of the potentials are in reduced units and some are not');
  const models = (await Promise.all(sources.map(({ directory, ...units }) => readModels(directory, units)))).flat();
  const blob = planBlob(models);
  const elements = first.species.map(symbolOf);
  const text = [
    `name ${sources.map(({ directory }) => basename(resolve(directory)).replace(/\s+/g, '_')).join('+')}`,
    `id ${committeeId(evaluators.map(({ modelId }) => modelId))}`,
    `units ${first.reduced ? 'reduced' : 'eV angstrom'}`,
    `elements ${elements.join(' ')}`,
    `cutoff ${first.cutoff}`,
    `members ${models.length}`,
    '',
  ].join('\n');
  const bytes = fileBytes(Buffer.from(text), blob);
  await writeBytes(path, once(bytes));
  return { path, elements, cutoff: first.cutoff, members: models.length, bytes: bytes.length };
}

/** Of one potential its own id, which a server tells its clients, too. */
function committeeId(ids: readonly number[]): number {
  if (ids.length === 1) return ids[0];
  return createHash('sha256').update(ids.join()).digest().readUIntBE(0, 6);
}

function fileBytes(text: Buffer, blob: Float64Array): Buffer {
  const textBytes = 8 * Math.ceil(text.length / 8);
  const out = Buffer.alloc(HEAD_BYTES + textBytes + blob.byteLength, ' ');
  out.write(MAGIC, 0, 'latin1');
  out.writeUInt32LE(FILE_VERSION, 8);
  out.writeBigUInt64LE(BigInt(textBytes), 16);
  out.writeBigUInt64LE(BigInt(blob.length), 24);
  text.copy(out, HEAD_BYTES);
  Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).copy(out, HEAD_BYTES + textBytes);
  out.writeUInt32LE(crc32(out.subarray(16)), 12);
  return out;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
