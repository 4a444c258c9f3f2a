import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCommittee } from '../../../potentials/load.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import { ProgramError } from '../../core/errors.ts';
import { seededRandom } from '../../core/random.ts';
import type { LearnConfig, RunPlan } from '../learn-config.ts';
import { readRecord, writeRecord } from '../stage.ts';
import { drawSeed, structureSource } from '../structures/seed-structures.ts';
import { builtinEngine } from './builtin-engine.ts';
import type { Engine, ExploreRun, RunRecord } from './explore-run.ts';
import { lammpsEngine } from './lammps-engine.ts';
import { runFrames } from './run-frames.ts';

export interface Exploration {
  readonly config: LearnConfig;
  readonly round: number;
  /** Directory of the committee, whose members are its folders 1, 2, … */
  readonly committee: string;
  /** One folder per run is made in it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onDiagnostic: DiagnosticSink;
  readonly onRun: (record: RunRecord, done: number, total: number) => void;
}

/**
 * Runs molecular dynamics with the committee, as many runs at a time as there are cores to use. A run that is there with its record is
 * not repeated. Throws ProgramError when no run gave a single frame, or there is no suitable LAMMPS.
 */
export async function explore(exploration: Exploration): Promise<RunRecord[]> {
  const { config, folder, signal } = exploration;
  await mkdir(folder, { recursive: true });
  const runs = await runsOfRound(exploration);
  const engine = lazily(() => engineFor(exploration));
  const records: RunRecord[] = new Array(runs.length);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < runs.length && !signal.aborted) {
      const index = next++;
      const record = await oneRun(runs[index], exploration, engine);
      if (!record) return;
      records[index] = record;
      exploration.onRun(record, ++done, runs.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(config.cores, runs.length) }, work));
  if (!signal.aborted && records.length > 0 && records.every(({ steps }) => steps.length === 0))
    throw new ProgramError(`no exploration run gave a frame; the first: ${records[0].message ?? 'no reason known'}`);
  return records;
}

/** undefined when it was interrupted. */
async function oneRun(
  run: ExploreRun,
  { folder, config, signal, onDiagnostic }: Exploration,
  engine: () => Promise<Engine>,
) {
  const at = join(folder, run.name);
  const recordPath = join(at, 'run.json');
  const before = await readRecord<RunRecord>(recordPath);
  if (before) return before;
  await rm(at, { recursive: true, force: true });
  await mkdir(at, { recursive: true });
  const began = performance.now();
  const end = await (await engine())(run, at, signal);
  if (signal.aborted) return undefined;
  const steps: number[] = [];
  const disagreements: (number | null)[] = [];
  for await (const { step, disagreement } of runFrames(at, onDiagnostic)) {
    steps.push(step);
    disagreements.push(Number.isFinite(disagreement) ? disagreement : null);
  }
  const last = disagreements[disagreements.length - 1];
  const halted = end.ended === 'finished' && (last ?? 0) > config.select.hi;
  const record: RunRecord = {
    run: run.name,
    group: run.plan.name,
    temperature: run.temperature,
    pressure: run.pressure,
    seed: run.seed,
    ...end,
    ...(halted && { ended: 'disagreement' as const }),
    seconds: (performance.now() - began) / 1000,
    steps,
    disagreements,
  };
  await writeRecord(recordPath, record);
  return record;
}

async function engineFor({ config, committee, folder, onDiagnostic }: Exploration): Promise<Engine> {
  const members = Array.from({ length: config.train.committee }, (_, k) => join(committee, String(k + 1)));
  const loaded = await loadCommittee(members, { onDiagnostic });
  const { engine, lmp } = config.explore;
  const { hi } = config.select;
  if (engine === 'builtin') return builtinEngine(loaded, hi, onDiagnostic);
  return lammpsEngine({ lmp, committee, folder, species: loaded.species, hi, onDiagnostic });
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Every plan of this round, once per temperature, pressure and copy; starts and velocities follow from the seed and the round. */
async function runsOfRound({ config, round, onDiagnostic }: Exploration): Promise<ExploreRun[]> {
  const runs: ExploreRun[] = [];
  const plans = config.explore.runs.filter(({ rounds: [first, last] }) => first <= round && round <= last);
  for (const plan of plans) {
    const structure = config.structures.find(({ name }) => name === plan.start);
    if (!structure) continue; // the configuration was checked
    const { variation } = structure;
    // Velocities do the rest of the displacing.
    const calm = {
      ...structure,
      variation: { ...variation, rattle: [variation.rattle[0], variation.rattle[0]] as const },
    };
    const draw = await structureSource(calm, onDiagnostic);
    for (const { name, temperature, pressure } of conditions(plan)) {
      const seed = drawSeed(config.seed + 1_000_003 * round, runs.length);
      const start = draw(seededRandom(seed), runs.length + round);
      runs.push({ name, plan, temperature, pressure, start, seed });
    }
  }
  return runs;
}

function conditions(plan: RunPlan) {
  return plan.temperatures.flatMap((temperature) =>
    plan.pressures.flatMap((pressure) =>
      Array.from({ length: plan.copies }, (_, k) => ({
        name: [plan.name, `${temperature}K`, ...(plan.pressures.length > 1 ? [`${pressure}bar`] : []), k + 1].join('-'),
        temperature,
        pressure,
      })),
    ),
  );
}
