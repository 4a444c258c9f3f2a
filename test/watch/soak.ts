import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readModel } from '../../potentials/load.ts';
import { writeN2p2 } from '../../potentials/trained/n2p2/write.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { WatchState } from '../../src/watch/pipeline-run.ts';
import { ROOT } from '../lanes.ts';

export interface SoakOptions {
  /** A new folder. */
  readonly folder: string;
  /** Of LAMMPS; the watcher takes what is left afterwards. */
  readonly seconds: number;
  /** kill -9 at random times, of the watcher and of the runs in turn. */
  readonly kills: number;
  /** Steps between two dumped frames. */
  readonly every: number;
  readonly seed: number;
  readonly print: (line: string) => void;
}

export interface SoakResult {
  /** Complete frames that LAMMPS wrote. */
  readonly written: number;
  readonly stored: number;
  /** `file step` of frames that were written and are not in the store, and of those that are there more than once or were not written. */
  readonly missing: readonly string[];
  readonly wrong: readonly string[];
  readonly watcherKills: number;
  readonly runKills: number;
  /** Of the watcher, MB, with the seconds at which they were taken and the frames stored by then; one process unless it was killed. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly seconds: number;
  readonly pid: number;
  readonly rss: number;
  readonly stored: number;
  readonly framesPerSecond: number;
  readonly megabytesBehind: number;
}

const RUNS = 4;
/** Seconds between two samples. */
const SAMPLE = 10;
/** Seconds without new frames after which the watcher ends. */
const IDLE = 4;
/** Seconds that the watcher has to finish after the runs have ended, at least. */
const PATIENCE = 240;

/**
 * Four LAMMPS runs dump as fast as they can into one folder while `watch` labels every frame with a committee of two; then the frames in
 * the store are counted against those that LAMMPS wrote.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { folder, seconds, kills, print } = options;
  const [runs, store] = [join(folder, 'runs'), join(folder, 'store')];
  mkdirSync(runs, { recursive: true });
  const committee = await makeCommittee(folder);
  const random = seededRandom(options.seed);
  const began = Date.now();
  const elapsed = () => (Date.now() - began) / 1000;
  const lammps = Array.from({ length: RUNS }, (_, k) => new LammpsRuns(runs, k, options, () => seconds - elapsed()));
  const watcher = new Watcher(runs, store, committee, join(folder, 'watch.log'));
  const samples: Sample[] = [];
  const killTimes = Array.from({ length: kills }, () => 0.02 * seconds + 0.93 * seconds * random()).sort(
    (a, b) => a - b,
  );
  const counts = { watcher: 0, runs: 0 };
  try {
    for (const run of lammps) run.start();
    watcher.start();
    let nextSample = SAMPLE;
    while (elapsed() < seconds || lammps.some((run) => run.isRunning)) {
      if (killTimes.length > 0 && elapsed() >= killTimes[0]) {
        killTimes.shift();
        if (random() < 0.5) {
          await watcher.killAndRestart();
          counts.watcher++;
        } else {
          await lammps[Math.floor(RUNS * random())].killAndRestart();
          counts.runs++;
        }
      }
      watcher.restartIfEnded(elapsed() < seconds);
      if (elapsed() >= nextSample) {
        nextSample += SAMPLE;
        const sample = watcher.sample(elapsed());
        if (sample) samples.push(sample);
        if (sample && samples.length % 6 === 0) print(sampleText(sample));
      }
      await sleep(50);
      if (elapsed() > 1.5 * seconds + 300) throw new Error('LAMMPS does not end');
    }
    print(`LAMMPS has ended after ${elapsed().toFixed(0)} s; ${watcher.behind()} MB are not taken yet`);
    await watcher.finish(Math.max(PATIENCE, seconds));
    print(`the watcher has ended after ${elapsed().toFixed(0)} s`);
  } finally {
    watcher.kill();
    for (const run of lammps) run.kill();
  }
  const written = (await Promise.all(lammps.map((run) => run.writtenFrames()))).flat();
  return { ...(await compare(store, written)), watcherKills: counts.watcher, runKills: counts.runs, samples };
}

function sampleText({ seconds, pid, rss, stored, framesPerSecond, megabytesBehind }: Sample): string {
  return `${seconds.toFixed(0).padStart(5)} s  pid ${pid}  RSS ${rss.toFixed(0).padStart(4)} MB  ${String(stored).padStart(7)} frames stored  ${framesPerSecond.toFixed(1).padStart(6)} frames/s  ${megabytesBehind.toFixed(2).padStart(7)} MB behind`;
}

/** One place of four: LAMMPS runs one after the other, as each is killed, into files of their own. */
class LammpsRuns {
  readonly #folder: string;
  readonly #place: number;
  readonly #options: SoakOptions;
  readonly #secondsLeft: () => number;
  readonly #files: { readonly name: string; readonly killed: boolean }[] = [];
  #child: ChildProcess | undefined;

  constructor(folder: string, place: number, options: SoakOptions, secondsLeft: () => number) {
    this.#folder = folder;
    this.#place = place;
    this.#options = options;
    this.#secondsLeft = secondsLeft;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    const left = Math.floor(this.#secondsLeft());
    if (left < 1) return;
    const name = `run-${this.#place}-${this.#files.length}`;
    const seed = 1 + this.#options.seed + 1000 * this.#place + 10 * this.#files.length;
    const input = join(this.#folder, '..', `${name}.lmp`);
    writeFileSync(input, lammpsInput(join(this.#folder, `${name}.dump`), this.#options.every, seed, left));
    const log = join(this.#folder, '..', `${name}.log`);
    const env = {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: '1',
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
      OMP_NUM_THREADS: '1',
    };
    // Below the watcher, so that the four do not take all of a small machine.
    const words = ['-n', '4', 'lmp', '-in', input, '-log', log, '-screen', 'none'];
    this.#child = spawn('nice', words, { stdio: 'ignore', env });
    this.#files.push({ name, killed: false });
  }

  async killAndRestart(): Promise<void> {
    if (!this.isRunning || !this.#child) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
    const last = this.#files.pop();
    if (last) this.#files.push({ ...last, killed: true });
    this.start();
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** `file step` of each: by LAMMPS' own thermo output, or what is complete in the dump of a run that was killed. */
  async writtenFrames(): Promise<string[]> {
    const all: string[] = [];
    for (const { name, killed } of this.#files) {
      const dump = join(this.#folder, `${name}.dump`);
      const inDump = existsSync(dump) ? await completeSteps(dump) : [];
      const steps = killed ? inDump : stepsOfLog(join(this.#folder, '..', `${name}.log`), this.#options.every);
      if (!killed && steps.join() !== inDump.join())
        throw new Error(`${name}: the log has ${steps.length} steps, the dump ${inDump.length}`);
      all.push(...steps.map((step) => `${name}.dump ${step}`));
    }
    return all;
  }
}

/** 32 atoms of a Lennard-Jones solid that calls itself silicon. */
function lammpsInput(dump: string, every: number, seed: number, seconds: number): string {
  return `units metal
atom_style atomic
lattice fcc 3.6
region box block 0 2 0 2 0 2
create_box 1 box
create_atoms 1 box
mass 1 28.0855
displace_atoms all random 0.1 0.1 0.1 ${seed}
velocity all create 300 ${seed}
pair_style lj/cut 5.0
pair_coeff 1 1 0.2 2.3
timestep 0.002
fix 1 all nve
fix 2 all langevin 300 300 0.5 ${seed}
dump d all custom ${every} ${dump} id element xu yu zu fx fy fz
dump_modify d element Si sort id
thermo ${every}
thermo_style custom step temp pe
timer timeout ${seconds} every ${every}
run 2000000000
`;
}

/** Steps of the thermo table that are dumped. */
function stepsOfLog(path: string, every: number): number[] {
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => /^\s*(\d+)\s+\S+\s+\S+\s*$/.exec(line)?.[1] ?? []);
  return rows.map(Number).filter((step) => step % every === 0);
}

/** Steps of a dump whose atom lines are all there, read without our readers. */
async function completeSteps(path: string): Promise<number[]> {
  const steps: number[] = [];
  let step = -1;
  let expected: 'step' | 'count' | undefined;
  let left = 0;
  const endsWithNewline = readFileSync(path).at(-1) === 10;
  const lines = createInterface({ input: createReadStream(path) });
  for await (const line of lines) {
    if (expected === 'step') step = Number(line);
    if (expected === 'count') left = Number(line);
    expected = line === 'ITEM: TIMESTEP' ? 'step' : line === 'ITEM: NUMBER OF ATOMS' ? 'count' : undefined;
    if (/^\d+ Si /.test(line) && --left === 0) steps.push(step);
  }
  return endsWithNewline || left > 0 ? steps : steps.slice(0, -1);
}

/** `nnp-bridge watch` as a process of its own, started again whenever it is gone. */
class Watcher {
  readonly #words: readonly string[];
  readonly #store: string;
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(runs: string, store: string, committee: readonly string[], log: string) {
    this.#words = ['watch', runs, '-o', store, '--idle-exit', String(IDLE), '--label-by', ...committee];
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    const main = join(ROOT, 'src/cli/main.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...this.#words], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.on('data', (text: Buffer) => writeFileSync(this.#log, text, { flag: 'a' }));
    this.#child = child;
  }

  async killAndRestart(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    this.start();
  }

  /** It ends when nothing is new for a while, as on a machine that is busy with other things. */
  restartIfEnded(wanted: boolean): void {
    const child = this.#child;
    if (!wanted || !child || (child.exitCode === null && child.signalCode === null)) return;
    if (child.exitCode !== 0)
      throw new Error(`the watcher ended with ${child.signalCode ?? child.exitCode}:\n${this.#said()}`);
    this.start();
  }

  async finish(seconds: number): Promise<void> {
    const limit = Date.now() + 1000 * seconds;
    for (let ended = 0; ; ) {
      const child = this.#child;
      if (child?.exitCode === 0) {
        if (++ended === 2) return; // once more, as the first may have ended before the last frame
        this.start();
      } else if (child && (child.exitCode !== null || child.signalCode !== null))
        throw new Error(`the watcher ended with ${child.signalCode ?? child.exitCode}:\n${this.#said()}`);
      if (Date.now() > limit) throw new Error(`the watcher does not end:\n${this.#said()}`);
      await sleep(100);
    }
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  behind(): string {
    return this.#state()?.bytesBehind === undefined ? '?' : ((this.#state()?.bytesBehind ?? 0) / 1e6).toFixed(2);
  }

  sample(seconds: number): Sample | undefined {
    const state = this.#state();
    const pid = this.#child?.pid;
    if (!state || pid === undefined || state.pid !== pid) return undefined;
    const rss = /VmRSS:\s+(\d+)/.exec(tryRead(`/proc/${pid}/status`))?.[1];
    if (rss === undefined) return undefined;
    const { stored, framesPerSecond, bytesBehind } = state;
    return { seconds, pid, rss: Number(rss) / 1024, stored, framesPerSecond, megabytesBehind: bytesBehind / 1e6 };
  }

  #state(): WatchState | undefined {
    const folder = join(this.#store, 'watch');
    const [name] = existsSync(folder) ? readdirSync(folder) : [];
    const text = name === undefined ? '' : tryRead(join(folder, name, 'state.json'));
    return text === '' ? undefined : JSON.parse(text);
  }

  #said(): string {
    return tryRead(this.#log).slice(-2000);
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The potential of the silicon example, and one whose weights differ by up to 2 %; with ranges in which nothing extrapolates. */
export async function makeCommittee(folder: string): Promise<string[]> {
  const example = join(ROOT, 'examples', 'silicon', 'potential');
  const model = await readModel(example);
  const random = seededRandom(1);
  const members: string[] = [];
  for (const name of ['first', 'second']) {
    for (const { statistics, network } of model.elements) {
      statistics?.min.fill(-1e3);
      statistics?.max.fill(1e3);
      if (name === 'second')
        for (const { weights } of network.layers)
          for (let k = 0; k < weights.length; k++) weights[k] *= 0.98 + 0.04 * random();
    }
    const member = join(folder, name);
    mkdirSync(member);
    await writeN2p2(model, member);
    writeFileSync(join(member, 'potential.json'), readFileSync(join(example, 'potential.json')));
    members.push(member);
  }
  return members;
}

/** By the comment lines of the shards, read without our readers. */
async function compare(store: string, written: readonly string[]) {
  const found = new Map<string, number>();
  for (const name of readdirSync(store).filter((one) => /^shard-.*\.extxyz$/.test(one)))
    for await (const line of createInterface({ input: createReadStream(join(store, name)) })) {
      const source = /\bsource=(\S+) .*\bsource_step=(\d+)/.exec(line);
      if (!source) continue;
      const key = `${source[1]} ${source[2]}`;
      found.set(key, (found.get(key) ?? 0) + 1);
    }
  const expected = new Set(written);
  return {
    written: written.length,
    stored: [...found.values()].reduce((sum, n) => sum + n, 0),
    missing: written.filter((key) => !found.has(key)),
    wrong: [...found].filter(([key, n]) => n > 1 || !expected.has(key)).map(([key]) => key),
  };
}
