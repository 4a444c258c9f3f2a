import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BOHR } from '../../src/core/units.ts';
import { buildPairStyle } from '../../src/lammps/build.ts';
import { findLammps, type LammpsInstallation } from '../../src/lammps/installation.ts';
import { writePotentialFile } from '../../src/lammps/potential-file.ts';
import { runLammps } from '../../src/lammps/run.ts';
import type { Evaluator } from '../../src/serve/evaluator.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import { SHARED } from '../lanes.ts';

const POTENTIAL = join(SHARED, 'potentials/n2p2/H2O_RPBE-D3');

/** Microseconds per step at 100 atoms; fraction of the step at 10 000. */
const AIMS = { small: 100, large: 0.03 };

interface Size {
  readonly atoms: number;
  /** Copies of the cell with 1080 atoms; without it, a small cell of 96 atoms is made. */
  readonly copies?: readonly [number, number, number];
  readonly steps: number;
}
const SIZES: readonly Size[] = [
  { atoms: 96, steps: 400 },
  { atoms: 1080, copies: [1, 1, 1], steps: 40 },
  { atoms: 9720, copies: [3, 3, 1], steps: 6 },
  { atoms: 108_000, copies: [5, 5, 4], steps: 2 },
];

interface Run {
  /** Seconds per step in the pair style of the slowest rank, and of the whole step. */
  readonly pair: number;
  readonly step: number;
  /** Thermodynamic output of the last step as text. */
  readonly last: string;
}

/**
 * What the bridge costs: pair_style nnp/socket with a server that gives zero forces, the same with the native kernel, and pair_style
 * nnp, one after the other in each round, on liquid water; then pair_style nnp on 1, 2 and 4 ranks. Stops when socket and
 * in-process do not give the same digits. Words: `--rounds N`, `--atoms N` (largest size), `--assert` (fail when an aim is missed).
 */
export default async function serve(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: {
      rounds: { type: 'string', default: '3' },
      atoms: { type: 'string', default: '10000' },
      assert: { type: 'boolean', default: false },
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'nnp-bench-serve-'));
  try {
    const bench = await Bench.prepare(folder);
    const sizes = SIZES.filter(({ atoms }) => atoms <= Number(values.atoms));
    console.log(`${bench.model.name}, load ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors`);
    const missed: string[] = [];
    for (const size of sizes) missed.push(...(await bench.compare(size, Number(values.rounds))));
    await bench.scale(sizes[sizes.length - 1], Number(values.rounds));
    if (missed.length > 0) console.log(`missed: ${missed.join('; ')}`);
    if (values.assert && missed.length > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Bench {
  readonly model: Evaluator;
  readonly #folder: string;
  readonly #file: string;
  readonly #lammps: LammpsInstallation;
  readonly #library: string;

  constructor(parts: { folder: string; model: Evaluator; file: string; lammps: LammpsInstallation; library: string }) {
    this.model = parts.model;
    this.#folder = parts.folder;
    this.#file = parts.file;
    this.#lammps = parts.lammps;
    this.#library = parts.library;
  }

  static async prepare(folder: string): Promise<Bench> {
    const lammps = findLammps();
    const library = await buildPairStyle(lammps);
    const model = await loadEvaluator({ directory: POTENTIAL, backend: 'native' });
    const { path: file } = await writePotentialFile([{ directory: POTENTIAL }], join(folder, 'water.nnp'));
    await writeFile(join(folder, 'small.data'), smallCell());
    await writeFile(join(folder, 'large.data'), await referenceCell());
    return new Bench({ folder, model, file, lammps, library });
  }

  async compare(size: Size, rounds: number): Promise<string[]> {
    const zero: Evaluator = { ...facts(this.model), evaluateStructure: never, evaluateNeighborhood: async () => {} };
    const runs: Record<'zero' | 'socket' | 'inside', Run[]> = { zero: [], socket: [], inside: [] };
    for (let round = 0; round < rounds; round++) {
      runs.zero.push(await this.#run(size, zero));
      runs.socket.push(await this.#run(size, this.model));
      runs.inside.push(await this.#run(size, this.#file));
    }
    for (const { last } of [...runs.socket, ...runs.inside])
      if (last !== runs.socket[0].last) throw new Error(`results differ:\n${last}\n${runs.socket[0].last}`);
    const [zeroPair, socket, inside] = [runs.zero, runs.socket, runs.inside].map(best);
    const overhead = socket - inside;
    console.log(
      [
        `${String(size.atoms).padStart(7)} atoms, us/step (least of ${rounds}):`,
        `zero-force server ${us(zeroPair)}`,
        `socket ${us(socket)}`,
        `in-process ${us(inside)}`,
        `difference ${us(overhead)} = ${((100 * overhead) / inside).toFixed(1)} %`,
        `medians ${us(median(runs.zero))} ${us(median(runs.socket))} ${us(median(runs.inside))}`,
        'results equal',
      ].join('  '),
    );
    if (size.atoms < 500 && zeroPair * 1e6 > AIMS.small)
      return [`${us(zeroPair)} us at ${size.atoms} atoms, aim ${AIMS.small}`];
    if (size.atoms > 5000 && overhead / inside > AIMS.large)
      return [`${((100 * overhead) / inside).toFixed(1)} % at ${size.atoms} atoms, aim ${100 * AIMS.large} %`];
    return [];
  }

  /** Whole steps: LAMMPS' communication and lists count. */
  async scale(size: Size, rounds: number): Promise<void> {
    const ranks = [1, 2, 4];
    const runs = ranks.map((): Run[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [k, n] of ranks.entries()) runs[k].push(await this.#run(size, this.#file, n));
    const energies = runs.flat().map(({ last }) => Number(last.split(/\s+/)[1]));
    for (const energy of energies)
      if (!(Math.abs(energy - energies[0]) < 1e-9 * Math.abs(energies[0])))
        throw new Error(`energies differ: ${energies}`);
    const times = runs.map((some) => Math.min(...some.map(({ step }) => step)));
    for (const [k, n] of ranks.entries()) {
      const efficiency = (100 * times[0]) / (n * times[k]);
      console.log(
        `in-process, ${size.atoms} atoms, ${n} ranks: ${(1e3 * times[k]).toFixed(1)} ms/step, ${(size.atoms / times[k] / 1e3).toFixed(0)} k atom-steps/s, efficiency ${efficiency.toFixed(0)} %`,
      );
    }
    console.log(`load ${loadavg()[0].toFixed(1)}; energies equal to 1e-9`);
  }

  async #run(size: Size, forces: Evaluator | string, ranks = 1): Promise<Run> {
    let output = '';
    const run = {
      lammps: this.#lammps,
      library: this.#library,
      input: 'bench',
      inputText: inputText(size),
      ranks,
      cwd: this.#folder,
      timeout: 600,
      args: ['-log', 'none'],
      onOutput: (text: string) => {
        output += text;
      },
    };
    const source =
      typeof forces === 'string'
        ? { file: async () => forces }
        : (address: Parameters<typeof startServer>[1]) => startServer(forces, address);
    const code = await runLammps(run, source);
    const pair = /^Pair +\|[^|]*\|[^|]*\| *([\d.e+-]+)/m.exec(output);
    const loop = /^Loop time of ([\d.e+-]+)/m.exec(output);
    const rows = /^ *Step[^\n]*\n([\s\S]*?)^Loop time/m.exec(output);
    if (code !== 0 || !pair || !loop || !rows) throw new Error(`LAMMPS ended with ${code}:\n${output.slice(-2000)}`);
    const last = rows[1].trim().split('\n').pop() ?? '';
    return { pair: Number(pair[1]) / size.steps, step: Number(loop[1]) / size.steps, last: last.trim() };
  }
}

const facts = ({ name, species, cutoff, reduced, modelId }: Evaluator) => ({ name, species, cutoff, reduced, modelId });
const never = async () => {
  throw new Error('not asked for');
};
const best = (runs: readonly Run[]) => Math.min(...runs.map(({ pair }) => pair));
const median = (runs: readonly Run[]) =>
  runs.map(({ pair }) => pair).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
const us = (seconds: number) => (seconds * 1e6).toFixed(0);

function inputText({ copies, steps }: Size): string {
  return `units metal
atom_style atomic
read_data ${copies ? 'large' : 'small'}.data
${copies ? `replicate ${copies.join(' ')}` : ''}
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * H O
velocity all create 300 4928 loop geom
neigh_modify every 1 delay 0 check yes
timestep 0.0002
fix 1 all nve
thermo_style custom step pe etotal press
thermo_modify format float %.15g norm no
thermo ${steps}
run ${steps}
`;
}

interface Atoms {
  readonly lengths: readonly number[];
  readonly symbols: readonly string[];
  readonly positions: readonly (readonly number[])[];
}

function dataText({ lengths, symbols, positions }: Atoms): string {
  const box = ['x', 'y', 'z'].map((axis, k) => `0 ${lengths[k]} ${axis}lo ${axis}hi`);
  const atoms = positions.map((r, k) => `${k + 1} ${symbols[k] === 'H' ? 1 : 2} ${r.join(' ')}`);
  const head = [`${symbols.length} atoms`, '2 atom types', ...box];
  return ['water', '', ...head, '', 'Masses', '', '1 1.008', '2 15.999', '', 'Atoms # atomic', '', ...atoms, ''].join(
    '\n',
  );
}

/** 360 molecules, orthogonal. */
async function referenceCell(): Promise<string> {
  const { cell, symbols, positions } = JSON.parse(await readFile(join(POTENTIAL, 'reference-1080.json'), 'utf8'))
    .structures[0];
  return dataText({
    lengths: [0, 1, 2].map((k) => cell[k][k] * BOHR),
    symbols,
    positions: positions.map((r: number[]) => r.map((x) => x * BOHR)),
  });
}

/** 32 molecules on a lattice, turned by quarter turns. */
function smallCell(): string {
  const side = 3.1;
  const symbols: string[] = [];
  const positions: number[][] = [];
  for (let k = 0; k < 32; k++) {
    const at = [k % 4, Math.floor(k / 4) % 4, Math.floor(k / 16)].map((n) => (n + 0.3) * side);
    const [a, b, c] = [0, 1, 2].map((d) => (d + k) % 3);
    const hydrogen = (x: number, y: number) => at.map((r, d) => r + (d === a ? x : d === b ? y : d === c ? 0.05 : 0));
    symbols.push('O', 'H', 'H');
    positions.push(at, hydrogen(0.76, 0.59), hydrogen(-0.76, 0.59));
  }
  return dataText({ lengths: [4 * side, 4 * side, 2 * side], symbols, positions });
}
