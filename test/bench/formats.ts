import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../lanes.ts';
import { makeFile } from './trajectory-files.ts';

/** What a program found in a file, how long it took inside the program, the time of processors in user mode, and its peak memory. */
interface Run {
  readonly frames: number;
  readonly positions: number;
  readonly forces: number;
  readonly energy: number;
  readonly seconds: number;
  readonly user: number;
  readonly megabytes: number;
}

/** Sums over all frames, by our readers as compiled; the time is from opening to the last frame. */
const OURS = `
const [build, format, path, threads] = process.argv.slice(1);
const { FORMATS } = await import(build + '/formats/index.js');
const { openFrames } = await import(build + '/src/convert/open.js');
const start = performance.now();
const before = process.cpuUsage();
let frames = 0, positions = 0, forces = 0, energy = 0;
const sum = (a) => { let s = 0; for (let k = 0; k < a.length; k++) s += a[k]; return s; };
const options = { path, strict: true, onDiagnostic() {}, lammpsUnits: 'metal', ...(threads > 1 && { threads: +threads }) };
for await (const f of (await openFrames(format, options)).frames) {
  frames++; positions += sum(f.positions);
  if (f.labels?.forces) forces += sum(f.labels.forces);
  energy += f.labels?.energySigma0 ?? f.labels?.energy ?? 0;
}
const seconds = (performance.now() - start) / 1000;
const user = process.cpuUsage(before).user / 1e6;
console.log(JSON.stringify({ frames, positions, forces, energy, seconds, user, megabytes: process.resourceUsage().maxRSS / 1024 }));
`;

/** The same by ASE. */
const ASE = `
import sys, json, time, resource
import ase.io
fmt, path = sys.argv[1:]
start = time.perf_counter()
before = time.process_time()
frames = positions = forces = energy = 0
for a in ase.io.iread(path, ':', format=fmt):
    frames += 1
    positions += float(a.positions.sum())
    if a.calc is not None:
        forces += float(a.get_forces().sum()) if 'forces' in a.calc.results else 0
        energy += a.calc.results.get('energy', 0) or 0
seconds = time.perf_counter() - start
user = time.process_time() - before
print(json.dumps(dict(frames=frames, positions=positions, forces=forces, energy=energy, seconds=seconds, user=user,
    megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
`;

interface Case {
  readonly kind: 'dump' | 'extxyz' | 'outcar' | 'binary';
  readonly format: string;
  readonly ase: string | undefined;
  /** Least ratio of ASE's time to ours. */
  readonly aim: number;
}

const CASES: readonly Case[] = [
  { kind: 'dump', format: 'lammps-dump', ase: 'lammps-dump-text', aim: 15 },
  { kind: 'extxyz', format: 'extxyz', ase: 'extxyz', aim: 18 },
  { kind: 'outcar', format: 'vasp-outcar', ase: 'vasp-out', aim: 15 },
  { kind: 'binary', format: 'lammps-dump-binary', ase: undefined, aim: 0 },
];

const MEMORY_AIM = 150;

/**
 * Reads files that it makes itself with our readers, with ASE and with `wc -w`, one after the other in each round, checks that
 * the sums agree, and prints times and ratios (best of the rounds). Words: `--megabytes N` (of each file),
 * `--rounds N`, `--only KIND`, `--threads N`, `--no-ase`, `--assert` (fail when an aim is missed), `--no-build`.
 */
export default async function formats(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: {
      megabytes: { type: 'string', default: '215' },
      rounds: { type: 'string', default: '2' },
      threads: { type: 'string', default: '1' },
      only: { type: 'string' },
      'no-ase': { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
    },
  });
  const build = join(ROOT, 'dist-bench');
  if (!values['no-build']) spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', build], { cwd: ROOT });
  const missed: string[] = [];
  const folder = join(tmpdir(), 'nnp-bench-formats');
  for (const one of CASES) {
    if (values.only && values.only !== one.kind) continue;
    const path = await makeFile(folder, one.kind, Number(values.megabytes));
    warm(path);
    const ours: Run[] = [];
    const threaded: Run[] = [];
    const ase: Run[] = [];
    const wc: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const read = (threads: string) =>
        measure(process.execPath, ['--input-type=module', '-e', OURS, '--', build, one.format, path, threads]);
      ours.push(await read('1'));
      if (Number(values.threads) > 1) threaded.push(await read(values.threads));
      wc.push(timeWc(path));
      if (one.ase && !values['no-ase']) ase.push(await measure('/usr/bin/python3', ['-c', ASE, one.ase, path]));
    }
    report(one, path, { ours, threaded, ase, wc }, missed);
  }
  if (missed.length > 0) console.log(`missed: ${missed.join('; ')}`);
  if (values.assert && missed.length > 0) process.exitCode = 1;
}

interface Times {
  readonly ours: Run[];
  readonly threaded: Run[];
  readonly ase: Run[];
  readonly wc: number[];
}

function report(one: Case, path: string, { ours, threaded, ase, wc }: Times, missed: string[]): void {
  const best = (runs: Run[]) => runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const mine = best(ours);
  const size = statSync(path).size / 1e6;
  const words = Math.min(...wc);
  const line = (name: string, seconds: number, rest: string) =>
    console.log(
      `  ${name.padEnd(12)} ${seconds.toFixed(2).padStart(7)} s ${(size / seconds).toFixed(0).padStart(6)} MB/s  ${rest}`,
    );
  console.log(`${one.kind}: ${size.toFixed(0)} MB, ${mine.frames} frames, load ${loadavg()[0].toFixed(1)}`);
  line('ours', mine.seconds, `user ${mine.user.toFixed(2)} s, peak ${mine.megabytes.toFixed(0)} MB`);
  line('wc -w', words, `ours takes ${(mine.seconds / words).toFixed(2)} of it`);
  if (one.kind === 'dump' && mine.seconds > words) missed.push('dump slower than wc -w');
  if (mine.megabytes > MEMORY_AIM) missed.push(`${one.kind}: peak ${mine.megabytes.toFixed(0)} MB`);
  if (threaded.length > 0) {
    const many = best(threaded);
    expectSame(many, mine, one.kind);
    line(
      'threads',
      many.seconds,
      `${(mine.seconds / many.seconds).toFixed(2)} times one thread, user ${many.user.toFixed(2)} s, peak ${many.megabytes.toFixed(0)} MB`,
    );
  }
  if (ase.length > 0) {
    const other = best(ase);
    expectSame(mine, other, one.kind);
    const ratio = other.seconds / mine.seconds;
    line(
      'ASE',
      other.seconds,
      `${ratio.toFixed(1)} times ours (aim ${one.aim}), peak ${other.megabytes.toFixed(0)} MB; sums agree`,
    );
    if (ratio < one.aim) missed.push(`${one.kind}: ${ratio.toFixed(1)} times ASE, aim ${one.aim}`);
  }
}

/** A benchmark of wrong results is worth nothing. */
function expectSame(a: Run, b: Run, kind: string): void {
  for (const key of ['frames', 'positions', 'forces', 'energy'] as const)
    if (!(Math.abs(a[key] - b[key]) <= 1e-7 * Math.max(1, Math.abs(b[key])) + 1e-4))
      throw new Error(`${kind}: ${key} differ: ${a[key]}, ${b[key]}`);
}

/** Reads a file once, so that every program finds it in the page cache. */
function warm(path: string): void {
  const buffer = Buffer.alloc(1 << 22);
  const file = openSync(path, 'r');
  while (readSync(file, buffer) > 0);
  closeSync(file);
}

function timeWc(path: string): number {
  const start = performance.now();
  spawnSync('wc', ['-w', path]);
  return (performance.now() - start) / 1000;
}

function measure(command: string, args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${command} ended with ${code}`)),
    );
  });
}
