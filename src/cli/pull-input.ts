import { mkdir } from 'node:fs/promises';
import type { Orientation } from '../conductance/geometry/build-wire.ts';
import type { PullJob, PullSettings } from '../conductance/pull/plan.ts';
import type { PullOutcome } from '../conductance/pull/pull-files.ts';
import { UsageError } from '../core/errors.ts';
import { given } from './options.ts';
import { committeeSource } from './potential-options.ts';
import type { PullArguments } from './pull-options.ts';

const ORIENTATIONS: readonly string[] = ['100', '110', '111'];

/** ps. */
const TIMESTEPS = { builtIn: 0.005, other: 0.002 } as const;

/** The words of `nanowire pull` as settings. Throws UsageError for a word that is no such thing. */
export async function pullSettings(argv: PullArguments): Promise<PullSettings> {
  const { metalOf } = await import('../conductance/metals.ts');
  const { symbolOf } = await import('../core/elements.ts');
  const words = given({ lattice: argv.lattice, latticeConstant: argv.latticeConstant });
  const { z, lattice, a } = metalOf({ element: argv.element, ...words });
  const orientations = list(argv.orientations);
  const odd = orientations.find((word) => !ORIENTATIONS.includes(word));
  if (odd !== undefined) throw new UsageError(`--orientations ${odd}: known are ${ORIENTATIONS.join(', ')}`);
  const isBuiltIn = argv.pair === undefined && argv.potential === undefined;
  const positive = {
    diameter: argv.diameter,
    length: argv.length,
    grip: argv.grip,
    elongation: argv.elongation,
    frames: argv.frames,
    timestep: argv.timestep ?? (isBuiltIn ? TIMESTEPS.builtIn : TIMESTEPS.other),
    damp: argv.damp,
  };
  for (const [name, value] of Object.entries(positive))
    if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`--${name} ${value}: expected a number above 0`);
  if (!(argv.equilibration >= 0)) throw new UsageError(`--equilibration ${argv.equilibration}: expected ps`);
  if (!Number.isSafeInteger(argv.seed)) throw new UsageError(`--seed ${argv.seed}: expected a whole number`);
  return {
    element: symbolOf(z),
    lattice,
    a,
    orientations: orientations as Orientation[],
    temperatures: numbers('temperatures', argv.temperatures),
    speeds: numbers('speeds', argv.speeds),
    seed: argv.seed,
    ...positive,
    equilibration: argv.equilibration,
    stop: argv.stopAtRupture,
  };
}

/** The pair lines that the words ask for; files they need are written into the set. */
export async function pullPair(argv: PullArguments, element: string): Promise<string> {
  const { builtInPair, givenPair, trainedPair } = await import('../conductance/pull/pair-text.ts');
  if (argv.pair !== undefined) return givenPair(argv.pair);
  await mkdir(argv.output, { recursive: true });
  if (argv.potential === undefined) return builtInPair(element, argv.output);
  const [{ findLammps, loadRoute }, { buildPairStyle }] = await Promise.all([
    import('../lammps/installation.ts'),
    import('../lammps/build.ts'),
  ]);
  const lammps = findLammps(argv.lmp);
  const library = await buildPairStyle(lammps, given({ headers: argv.headers }));
  const source = committeeSource(argv.potential, argv);
  return trainedPair([source], element, { set: argv.output, library, route: loadRoute(lammps) });
}

/** A line on stderr for each pull that has ended. */
export function showPull(count: number) {
  return (job: PullJob, outcome: PullOutcome, done: number): void => {
    const what = `${job.name} [${job.orientation}] ${job.temperature} K ${job.speed} m/s`;
    const how =
      'failure' in outcome
        ? outcome.failure
        : `${outcome.broken ? 'broke' : 'did not break'}, ${outcome.steps} steps in ${outcome.seconds.toFixed(1)} s`;
    process.stderr.write(`${what}: ${how} (${done} of ${count})\n`);
  };
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

function numbers(name: string, text: string): number[] {
  const values = list(text).map(Number);
  if (values.length > 0 && values.every((value) => value > 0 && Number.isFinite(value))) return values;
  throw new UsageError(`--${name} ${text}: expected numbers above 0, for example 4.5,77`);
}
