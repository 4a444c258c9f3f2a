import { createHash } from 'node:crypto';
import { type LoadOptions, loadPotential, readModels } from '../../potentials/load.ts';
import { readManifest } from '../../potentials/trained/manifest.ts';
import { LocalEvaluator } from './local-evaluator.ts';

/** Where a potential is and what its files do not say; plain data, so that it can be sent to a worker process. */
export type PotentialSource = { readonly directory: string } & Pick<
  LoadOptions,
  'lengthUnit' | 'energyUnit' | 'backend'
>;

/** The trained potential of a directory as Evaluator of this process. Errors are those of `loadPotential`. */
export async function loadEvaluator(
  source: PotentialSource,
  onDiagnostic?: LoadOptions['onDiagnostic'],
): Promise<LocalEvaluator> {
  const { directory, ...words } = source;
  const options = { ...words, ...(onDiagnostic && { onDiagnostic }) };
  const potential = await loadPotential(directory, options);
  const models = await readModels(directory, words);
  const modelId = hashOf(models.length === 1 ? models[0] : models);
  const lengthUnit = words.lengthUnit ?? (await readManifest(directory))?.lengthUnit;
  return new LocalEvaluator(potential, { modelId, reduced: lengthUnit === 'reduced' });
}

/** 48 bits of the hash of every number of the model. */
function hashOf(model: object): number {
  const text = JSON.stringify(model, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value,
  );
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}
