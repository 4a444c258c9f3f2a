import { volume } from '../core/cell.ts';
import { symbolOf } from '../core/elements.ts';
import type { Frame, InfoValue } from '../core/frame.ts';

interface Range {
  min: number;
  max: number;
}

/** More different compositions or names than this are counted, not listed. */
const LISTED = 12;

/** What a sequence of frames holds, gathered frame by frame in constant memory. Units are those the frames were read in. */
export class FrameSummary {
  frames = 0;
  readonly natoms: Range = emptyRange();
  readonly volume: Range = emptyRange();
  readonly energyPerAtom: Range = emptyRange();
  readonly force: Range = emptyRange();
  /** Frames by formula. */
  readonly compositions = new Map<string, number>();
  otherCompositions = 0;
  /** Frames by boundary, `TTF` = periodic in a and b. */
  readonly boundaries = new Map<string, number>();
  withoutCell = 0;
  unknownSpecies = 0;
  unconverged = 0;
  machineLearned = 0;
  /** Frames with forces that the file could not give (NaN). */
  missingForces = 0;
  /** Frames that have each label or per-atom quantity. */
  readonly present = new Map<string, number>();
  readonly arrays = new Map<string, number>();
  readonly info = new Map<string, number>();
  firstStep: InfoValue | undefined;
  lastStep: InfoValue | undefined;

  add(frame: Frame): void {
    const { labels, cell, info, natoms } = frame;
    this.frames++;
    widen(this.natoms, natoms);
    if (cell) widen(this.volume, volume(cell));
    else this.withoutCell++;
    count(this.boundaries, frame.pbc.map((p) => (p ? 'T' : 'F')).join(''));
    this.#addComposition(frame.numbers);
    for (const name of ['velocities', 'masses', 'charges'] as const) if (frame[name]) count(this.present, name);
    for (const name of ['energy', 'energySigma0', 'forces', 'virial'] as const)
      if (labels?.[name] !== undefined) count(this.present, name);
    const energy = labels?.energy ?? labels?.energySigma0;
    if (energy !== undefined && natoms > 0) widen(this.energyPerAtom, energy / natoms);
    if (labels?.forces) this.#addForces(labels.forces);
    if (labels?.converged === false) this.unconverged++;
    if (info['ml'] === true) this.machineLearned++;
    for (const name of Object.keys(frame.arrays)) countBounded(this.arrays, name);
    for (const name of Object.keys(info)) countBounded(this.info, name);
    if ('timestep' in info) {
      this.firstStep ??= info['timestep'];
      this.lastStep = info['timestep'];
    }
  }

  #addComposition(numbers: Uint8Array): void {
    const formula = formulaOf(numbers);
    if (numbers.includes(0)) this.unknownSpecies++;
    if (this.compositions.has(formula) || this.compositions.size < LISTED) count(this.compositions, formula);
    else this.otherCompositions++;
  }

  #addForces(forces: Float64Array): void {
    let largest = 0;
    for (let k = 0; k < forces.length; k += 3) {
      const square = forces[k] * forces[k] + forces[k + 1] * forces[k + 1] + forces[k + 2] * forces[k + 2];
      if (!(square <= largest)) largest = square;
      if (Number.isNaN(square)) break;
    }
    if (Number.isNaN(largest)) this.missingForces++;
    else widen(this.force, Math.sqrt(largest));
  }
}

/** Chemical formula in the order of first appearance; `X` = unknown. */
function formulaOf(numbers: Uint8Array): string {
  const counts = new Int32Array(256);
  const order: number[] = [];
  for (const z of numbers) if (counts[z]++ === 0) order.push(z);
  return order.map((z) => `${symbolOf(z)}${counts[z] === 1 ? '' : counts[z]}`).join(' ') || 'no atoms';
}

/** Largest force of a frame (eV/Å): NaN when one is missing, undefined without forces. */
export function maxForce(frame: Frame): number | undefined {
  const forces = frame.labels?.forces;
  if (!forces) return undefined;
  let largest = 0;
  for (let k = 0; k < forces.length; k += 3)
    largest = Math.max(largest, Math.hypot(forces[k], forces[k + 1], forces[k + 2]));
  return largest;
}

function emptyRange(): Range {
  return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function widen(range: Range, value: number): void {
  if (value < range.min) range.min = value;
  if (value > range.max) range.max = value;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function countBounded(map: Map<string, number>, key: string): void {
  if (map.has(key) || map.size < 200) count(map, key);
}
