import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import type { HdnnpModel } from '../../potentials/hdnnp-model.ts';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { KernelPotential } from '../../potentials/kernels/kernel-potential.ts';
import { nativeKernel, nativeVariants } from '../../potentials/kernels/native.ts';
import { wasmKernel } from '../../potentials/kernels/wasm.ts';
import { readModel } from '../../potentials/load.ts';
import { buildNeighborList, foldForces, type NeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';
import { atomicNumber } from '../../src/core/elements.ts';
import { ENERGY_UNITS, LENGTH_UNITS } from '../../src/core/units.ts';
import { SHARED } from '../lanes.ts';

/**
 * `npm run bench -- kernel [SYSTEM…] [--rounds=N]`: µs per atom and evaluation of energy, forces and virial, neighbor list
 * excluded, for every backend and thread count, interleaved with the TypeScript program. Every timed run is compared with the
 * reference values. One thread: processor time; several: wall time (meaningful on idle cores only, hence the load is printed).
 */
export default async function bench(words: string[]): Promise<void> {
  const rounds = Number(words.find((word) => word.startsWith('--rounds='))?.slice(9) ?? 8);
  const wanted = words.filter((word) => !word.startsWith('--'));
  const load = loadavg()[0].toFixed(1);
  console.log(
    `${cpus()[0].model}, ${availableParallelism()} processors, load ${load}, Node ${process.version}, ${rounds} rounds`,
  );
  for (const system of SYSTEMS)
    if (wanted.length === 0 || wanted.includes(system.name)) await benchSystem(system, rounds);
}

interface System {
  readonly name: string;
  readonly folder: string;
  readonly reference: string;
}

const SYSTEMS: readonly System[] = [
  { name: 'water-1080', folder: 'n2p2/H2O_RPBE-D3', reference: 'reference-1080.json' },
  { name: 'water-8640', folder: 'n2p2/H2O_RPBE-D3', reference: 'reference-8640.json' },
  { name: 'Cu2S-144', folder: 'n2p2/Cu2S_PBE', reference: 'reference-144.json' },
  { name: 'Si', folder: 'n2p2/mlearn-Si', reference: 'reference-test.json' },
  { name: 'Mo', folder: 'n2p2/mlearn-Mo', reference: 'reference-test.json' },
];

/** µs per atom of n2p2 2.3.0 (-O3 -march=native, symmetry function groups) for the 1080 atoms of water: best and median. */
const N2P2_WATER = [210, 235];

interface Contender {
  readonly name: string;
  readonly threads: number;
  readonly potential: Potential;
  readonly times: number[];
}

async function benchSystem({ name, folder, reference }: System, rounds: number): Promise<void> {
  const directory = join(SHARED, 'potentials', folder);
  const model = await readModel(directory);
  const { list, energy, forces } = await readReference(join(directory, reference), new Hdnnp(model).cutoff);
  const contenders = contendersFor(model);
  const out = newEvaluation(list.natoms, list.ncenters);
  // long enough that the clock's steps do not show
  const repeats = Math.max(1, Math.ceil(3000 / list.ncenters));
  for (let round = -1; round < rounds; round++)
    for (const contender of contenders) {
      const us = time(contender, list, out, repeats);
      assertReference(contender.name, list, out, { energy, forces }, repeats);
      if (round >= 0) contender.times.push(us);
    }
  const perAtom = list.first[list.ncenters] / list.ncenters;
  console.log(`\n${name}: ${list.ncenters} atoms, ${perAtom.toFixed(0)} neighbors per atom`);
  console.log(
    'backend              threads  us/atom min  median   TypeScript/this' +
      (name === 'water-1080' ? '  n2p2/this' : ''),
  );
  const oracle = contenders[0];
  for (const contender of contenders) {
    const [least, middle] = [Math.min(...contender.times), median(contender.times)];
    const ratio = `${(Math.min(...oracle.times) / least).toFixed(1)} / ${(median(oracle.times) / middle).toFixed(1)}`;
    const n2p2 = `${(N2P2_WATER[0] / least).toFixed(1)} / ${(N2P2_WATER[1] / middle).toFixed(1)}`;
    console.log(
      `${contender.name.padEnd(20)} ${String(contender.threads).padStart(7)}  ${least.toFixed(2).padStart(11)}  ${middle.toFixed(2).padStart(6)}   ${ratio.padEnd(15)}${name === 'water-1080' ? `  ${n2p2}` : ''}`,
    );
  }
}

function contendersFor(model: HdnnpModel): Contender[] {
  const blob = planBlob([model]);
  const four = Array<HdnnpModel>(4).fill(model);
  const kernel = (name: string, threads: number, potential: Potential) => ({ name, threads, potential, times: [] });
  const native = (variant: string, threads: number, models: readonly HdnnpModel[] = [model]) =>
    new KernelPotential(models, nativeKernel(models.length > 1 ? planBlob(models) : blob, { variant, threads }));
  const best = nativeVariants().slice(0, 1);
  const threads = [2, 4].filter((n) => n <= availableParallelism());
  return [
    kernel('typescript', 1, new Hdnnp(model)),
    kernel('wasm', 1, new KernelPotential([model], wasmKernel(blob))),
    ...nativeVariants().map((variant) => kernel(`native-${variant}`, 1, native(variant, 1))),
    ...best.map((variant) => kernel(`${variant}, 4 models`, 1, native(variant, 1, four))),
    ...best.flatMap((variant) => threads.map((n) => kernel(`native-${variant}`, n, native(variant, n)))),
  ];
}

/** µs per atom and evaluation; `out` holds the sum of all repeats. */
function time({ potential, threads }: Contender, list: NeighborList, out: Evaluation, repeats: number): number {
  out.energy = 0;
  out.extrapolationCount = 0;
  out.extrapolations?.splice(0);
  for (const array of [out.forces, out.virial, out.atomicEnergies]) array.fill(0);
  const cpu = process.cpuUsage();
  const wall = performance.now();
  for (let k = 0; k < repeats; k++) potential.evaluate(list, out);
  const elapsed = threads > 1 ? (performance.now() - wall) * 1e3 : process.cpuUsage(cpu).user;
  return elapsed / repeats / list.ncenters;
}

interface Reference {
  readonly energy: number;
  readonly forces: Float64Array;
}

function assertReference(name: string, list: NeighborList, out: Evaluation, wanted: Reference, repeats: number): void {
  foldForces(list, out.forces);
  const energyError = Math.abs(out.energy / repeats - wanted.energy) / Math.abs(wanted.energy);
  const largest = wanted.forces.reduce((most, f) => Math.max(most, Math.abs(f)), 0);
  const forceError =
    wanted.forces.reduce((most, f, k) => Math.max(most, Math.abs(out.forces[k] / repeats - f)), 0) / largest;
  if (!(energyError < 1e-12 && forceError < 1e-10))
    throw new Error(
      `${name}: energy off by ${energyError}, forces by ${forceError} of the largest: a fast wrong kernel`,
    );
}

/** First structure of a reference file as neighbor list in Å, with its energy (eV) and forces (eV/Å). */
async function readReference(file: string, cutoff: number): Promise<Reference & { readonly list: NeighborList }> {
  const { units, structures } = JSON.parse(await readFile(file, 'utf8'));
  const [{ symbols, positions, cell, pbc, energy, forces }] = structures;
  const length = LENGTH_UNITS[units.length];
  const eV = ENERGY_UNITS[units.energy];
  const scaled = (rows: number[][], factor: number) => Float64Array.from(rows.flat(), (x) => x * factor);
  const structure = {
    numbers: Uint8Array.from(symbols as string[], atomicNumber),
    positions: scaled(positions, length),
    cell: cell && scaled(cell, length),
    pbc,
  };
  return { list: buildNeighborList(structure, cutoff), energy: energy * eV, forces: scaled(forces, eV / length) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
