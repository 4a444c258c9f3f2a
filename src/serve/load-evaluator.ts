import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type LoadOptions, loadCommittee, loadPotential, readModels } from '../../potentials/load.ts';
import type { Potential } from '../../potentials/potential.ts';
import { readManifest } from '../../potentials/trained/manifest.ts';
import { PotentialError } from '../core/errors.ts';
import { LocalEvaluator } from './local-evaluator.ts';

/** Where a potential is and what its files do not say; plain data, so that it can be sent to a worker process. */
export type PotentialSource = {
  readonly directory: string;
  /** Directories of further potentials: all of them together are a committee. */
  readonly further?: readonly string[];
} & Pick<LoadOptions, 'lengthUnit' | 'energyUnit' | 'backend'>;

/** A potential with the hash of its content: an integer below 2^53. Errors are those of `loadPotential` and `loadCommittee`. */
export async function loadIdentified(
  source: PotentialSource,
  onDiagnostic?: LoadOptions['onDiagnostic'],
): Promise<{ readonly potential: Potential; readonly modelId: number }> {
  const { directory, further = [], ...words } = source;
  const directories = [directory, ...further];
  const options = { ...words, ...(onDiagnostic && { onDiagnostic }) };
  const potential =
    further.length > 0 ? await loadCommittee(directories, options) : await loadPotential(directory, options);
  const models = (await Promise.all(directories.map((one) => readModels(one, words)))).flat();
  return { potential, modelId: hashOf(models.length === 1 ? models[0] : models) };
}

/** The trained potential, or committee, as Evaluator of this process. Errors are those of `loadPotential` and `loadCommittee`. */
export async function loadEvaluator(
  source: PotentialSource,
  onDiagnostic?: LoadOptions['onDiagnostic'],
): Promise<LocalEvaluator> {
  const { directory, further = [], ...words } = source;
  const directories = [directory, ...further];
  const { potential, modelId } = await loadIdentified(source, onDiagnostic);
  const reduced = await Promise.all(
    directories.map(async (one) => (words.lengthUnit ?? (await lengthUnitOf(one))) === 'reduced'),
  );
  if (reduced.some((is) => is !== reduced[0]))
    throw new PotentialError('some members of the committee are in reduced units and some are not');
  return new LocalEvaluator(potential, { modelId, reduced: reduced[0] });
}

/** As stated by the potential, or by the first member of a committee. */
async function lengthUnitOf(directory: string): Promise<string | undefined> {
  const manifest = await readManifest(directory);
  if (manifest?.format !== 'committee' || !manifest.members?.[0]) return manifest?.lengthUnit;
  return (await readManifest(join(directory, manifest.members[0])))?.lengthUnit;
}

/** 48 bits of the hash of every number of the model. */
function hashOf(model: object): number {
  const text = JSON.stringify(model, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value,
  );
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}
