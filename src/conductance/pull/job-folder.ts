import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingDataError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import { writeWire } from '../geometry/wire-file.ts';
import { metalOf } from '../metals.ts';
import type { PullJob, PullSettings } from './plan.ts';

/** Names of files in a set of pulls; LAMMPS runs in the folder of its pull and finds the common ones above it. */
export const FILES = {
  jobs: 'jobs.json',
  pair: 'pair.lmp',
  script: 'pull.lmp',
  input: 'in.lmp',
  data: 'wire.data',
  log: 'log.lammps',
  result: 'result.json',
} as const;

/** What LAMMPS says at the end of its script. */
export interface PullResult {
  /** MD steps of the pull. */
  readonly steps: number;
  readonly broken: boolean;
}

/** Room above the wire at its longest, Å. */
const ROOM = 30;
/** Distance over that of nearest neighbors up to which two atoms hold together: between second and third neighbors of bcc. */
const BOND = 1.37;
const NEAREST = { bcc: Math.sqrt(3) / 2, fcc: Math.SQRT1_2 } as const;

/** Distance (Å) up to which two atoms of a crystal hold a wire together (conductance.md §7: 6.0 to 6.3 Å of potassium). */
export function bondLength(lattice: keyof typeof NEAREST, a: number): number {
  return BOND * NEAREST[lattice] * a;
}

/** The input script that all pulls include. */
export async function copyScript(set: string): Promise<void> {
  await copyFile(join(packageRoot(), 'lammps-scripts', 'inputs', FILES.script), join(set, FILES.script));
}

/** The result of a finished pull; undefined when it has not been run to its end. */
export async function pullResult(set: string, job: PullJob): Promise<PullResult | undefined> {
  const text = await readFile(join(set, job.name, FILES.result), 'utf8').catch(() => '');
  try {
    const { steps, broken } = JSON.parse(text) as { steps?: unknown; broken?: unknown };
    if (typeof steps === 'number' && typeof broken === 'number') return { steps, broken: broken === 1 };
  } catch {
    // Cut off: LAMMPS did not come to its end.
  }
  return undefined;
}

/**
 * Makes the folder of a pull anew and gives its path. What an earlier, killed run left there goes away together with the folder: a
 * LAMMPS that still runs in the old folder can no longer write into the new one.
 */
export async function makeJobFolder(set: string, settings: PullSettings, job: PullJob): Promise<string> {
  const folder = join(set, job.name);
  const old = `${folder}.old-${process.pid}`;
  const hadOne = await rename(folder, old).then(
    () => true,
    () => false,
  );
  if (hadOne) await rm(old, { recursive: true, force: true });
  await mkdir(folder);
  const { lattice, a, diameter, length, grip, elongation } = settings;
  const { z } = metalOf({ element: settings.element, lattice, latticeConstant: a });
  const plan = { z, lattice, a, orientation: job.orientation, diameter, free: length, grip, center: job.center };
  const unexpected: string[] = [];
  const wire = await writeWire(
    plan,
    join(folder, FILES.data),
    (d) => d.severity === 'warning' && unexpected.push(d.message),
    elongation + ROOM,
  );
  if (wire.natoms === wire.bottom + wire.top)
    throw new MissingDataError(`${job.name}: the wire has no atom between its grips`, 'give a greater --length');
  await writeFile(join(folder, FILES.input), inputText(settings, job));
  return folder;
}

function inputText(settings: PullSettings, job: PullJob): string {
  const variables = {
    data: FILES.data,
    pair: `../${FILES.pair}`,
    name: job.name,
    element: settings.element,
    temperature: job.temperature,
    speed: job.speed,
    elongation: settings.elongation,
    frames: settings.frames,
    seed: job.seed,
    timestep: settings.timestep,
    damp: settings.damp,
    equilibration: settings.equilibration,
    bond: bondLength(settings.lattice, settings.a).toFixed(4),
    stop: settings.stop ? 1 : 0,
  };
  const lines = Object.entries(variables).map(([name, value]) => `variable ${name} index ${value}`);
  return `# ${job.name}: ${settings.element} [${job.orientation}], ${job.temperature} K, ${job.speed} m/s\n${lines.join('\n')}\ninclude ../${FILES.script}\n`;
}
