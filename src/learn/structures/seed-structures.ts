import { openFrames } from '../../convert/open.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import { MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { type Random, seededRandom } from '../../core/random.ts';
import { drawCrystal, varied } from './draw-structure.ts';
import type { StructurePlan } from './structure-plan.ts';

/** Distinct odd constant of the golden ratio, so that numbered draws have unrelated seeds. */
const STRIDE = 0x9e3779b1;

/** Unrelated seeds for numbered draws of one run. */
export function drawSeed(seed: number, draw: number): number {
  return (seed + Math.imul(draw + 1, STRIDE)) >>> 0;
}

/** The structures that round 0 labels; each carries the name of its entry as `config_type`. Throws as `structureSource`. */
export async function seedStructures(
  plans: readonly StructurePlan[],
  seed: number,
  sink: DiagnosticSink,
): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (const [index, plan] of plans.entries()) {
    const draw = await structureSource(plan, sink);
    for (let k = 0; k < plan.count; k++) frames.push(draw(seededRandom(drawSeed(seed, 1000 * index + k)), k));
  }
  return frames;
}

/**
 * Draws structures of a plan: the k-th takes the k-th structure of a file (again from the first when they are used up), varied.
 * Throws FormatError for the file, MissingDataError when it is empty.
 */
export async function structureSource(
  plan: StructurePlan,
  sink: DiagnosticSink,
): Promise<(random: Random, k: number) => Frame> {
  const { source, variation, name } = plan;
  const named = (frame: Frame): Frame => ({ ...frame, info: { config_type: name } });
  if (source.kind === 'crystal') return (random) => named(varied(drawCrystal(source, random), variation, random));
  const { frames } = await openFrames(undefined, { path: source.path, onDiagnostic: sink, strict: true });
  const given: Frame[] = [];
  for await (const frame of frames) given.push(frame);
  if (given.length === 0) throw new MissingDataError(`${source.path} holds no structure`, `${name} needs one`);
  const unknown = given.findIndex(({ numbers }) => numbers.includes(0));
  if (unknown !== -1)
    throw new MissingDataError(
      `${source.path}, frame ${unknown}: an atom has no element`,
      'give a file that names elements',
    );
  return (random, k) => named(varied(given[k % given.length], variation, random));
}
