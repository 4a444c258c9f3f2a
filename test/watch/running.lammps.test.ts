import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import type { Frame } from '../../src/core/frame.ts';
import { differences } from '../contracts/read.ts';
import { describeLane } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { Watching } from './watching.ts';

/** A Lennard-Jones melt that dumps as fast as it runs; LAMMPS notes each step that it dumped in `steps`. */
const melt = (dumps: string, steps: number, seed: number) => `
units metal
lattice fcc 5.3
region box block 0 4 0 4 0 4
create_box 1 box
create_atoms 1 box
mass 1 39.95
velocity all create 90 ${seed}
pair_style lj/cut 8.5
pair_coeff 1 1 0.0104 3.4
neigh_modify delay 0
fix 1 all nve
fix 2 all print 2 "$(step)" file steps screen no title ""
${dumps}
thermo 1000
run ${steps}
`;
const ONE_FILE = 'dump 1 all custom 2 melt.lammpstrj id type x y z vx vy vz';

function start(folder: string, input: string, ranks = 1): ChildProcess {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'in.melt'), input);
  const command = ['lmp', '-in', 'in.melt', '-log', 'log.lammps', '-screen', 'none'];
  if (ranks > 1) command.unshift('mpirun', '--oversubscribe', '-np', String(ranks));
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    OMPI_ALLOW_RUN_AS_ROOT: '1',
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  };
  const child = spawn(command[0], command.slice(1), { cwd: folder, stdio: 'ignore', env });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const ended = async (child: ChildProcess) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit'))[0];
const stepsIn = (folder: string) => readFileSync(join(folder, 'steps'), 'utf8').trim().split('\n').map(Number);

async function framesIn(path: string): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { path, strict: true, onDiagnostic: () => {} });
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

describeLane('lammps', 'LAMMPS that writes at full speed', () => {
  test('two runs into one folder: each dumped step comes once, in order, as it is in the file', async () => {
    const folder = temporaryFolder();
    const watching = Watching.folder(folder, { quietSeconds: 0.5 });
    const runs = [1, 2].map((k) => join(folder, `run${k}`));
    const children = runs.map((run, k) => start(run, melt(ONE_FILE, 1200, 100 + k)));
    for (const child of children) expect(await ended(child)).toBe(0);
    const wanted = runs.flatMap(stepsIn).length;
    expect(wanted).toBe(2 * 601);
    await watching.until(({ frames }) => frames.length >= wanted);
    for (const [k, run] of runs.entries()) {
      const own = watching.frames.filter(({ cursor }) => cursor.path === `run${k + 1}/melt.lammpstrj`);
      expect(own.map(({ step }) => step)).toEqual(stepsIn(run));
      const whole = await framesIn(join(run, 'melt.lammpstrj'));
      for (const [n, { frame }] of own.entries()) expect(differences(frame, whole[n])).toEqual([]);
    }
    expect(watching.frames.length).toBe(wanted);
    expect(watching.codes.filter((code) => code !== 'assumed-units')).toEqual([]);
  });

  test('one file a step, compressed files, and parts of two ranks', async () => {
    const folder = temporaryFolder();
    const patterns = ['each.*.dump', 'packed.*.dump.gz', 'part.%.*.dump'];
    const watching = Watching.folder(folder, { patterns, quietSeconds: 0.7 });
    const dumps = [
      'dump 1 all atom 10 each.*.dump',
      'dump 2 all custom 20 packed.*.dump.gz id type x y z',
      'dump 3 all custom 20 part.%.*.dump id type x y z',
    ];
    const child = start(join(folder, 'run'), melt(dumps.join('\n'), 400, 7), 2);
    expect(await ended(child)).toBe(0);
    await watching.until(({ frames }) => frames.length >= 41 + 21 + 21);
    const stepsOf = (name: string) => {
      const own = watching.frames.filter(({ cursor }) => cursor.path.startsWith(`run/${name}`));
      expect(own.map(({ frame }) => frame.natoms)).toEqual(own.map(() => 256));
      return own.map(({ step }) => step as number).sort((a, b) => a - b);
    };
    const every = (n: number) => Array.from({ length: 400 / n + 1 }, (_, k) => n * k);
    expect(stepsOf('each')).toEqual(every(10));
    expect(stepsOf('packed')).toEqual(every(20));
    expect(stepsOf('part.%')).toEqual(every(20));
    expect(watching.frames.length).toBe(41 + 21 + 21);
  });

  test('a run that is killed again and again and goes on appending: every complete frame comes once', async () => {
    const folder = temporaryFolder();
    const watching = Watching.folder(folder, { quietSeconds: 0.3 });
    const run = join(folder, 'run');
    const append = `${ONE_FILE}\ndump_modify 1 append yes`;
    for (const seed of [11, 12, 13, 14]) {
      const before = watching.frames.length;
      const child = start(run, melt(append, 1_000_000, seed));
      await watching.until(({ frames }) => frames.length > before + 60);
      child.kill('SIGKILL');
      await ended(child);
    }
    const child = start(run, melt(append, 20, 15));
    expect(await ended(child)).toBe(0);
    const complete = completeSteps(readFileSync(join(run, 'melt.lammpstrj'), 'latin1'));
    await watching.until(({ frames }) => frames.length >= complete.length);
    expect(watching.steps).toEqual(complete);
  });
});

/** Steps of the frames that have all of their rows, found by other means than the reader: by cutting the text at the items. */
function completeSteps(text: string): number[] {
  return text.split('ITEM: TIMESTEP\n').flatMap((part) => {
    const [head, rows] = part.split(/^ITEM: ATOMS .*\n/m);
    const complete = rows?.split('\n').filter((row) => row.trim().split(/\s+/).length === 8).length === 256;
    return complete && rows.endsWith('\n') ? [Number(head.split('\n')[0])] : [];
  });
}
