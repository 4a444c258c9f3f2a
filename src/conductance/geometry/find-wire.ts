import { symbolOf } from '../../core/elements.ts';
import { formatLocation, MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import type { GripRule } from './grips.ts';
import { findLeadPeriod } from './lead-period.ts';
import { gripPositions, orderWire, type Wire } from './wire.ts';

export interface WireRule {
  readonly grips: GripRule;
  /** Direction of the wire in the frames. */
  readonly axis: 'x' | 'y' | 'z';
  /** Å; otherwise `lead_period` of the frame, or what the crystal of the grips says. */
  readonly leadPeriod?: number;
  /** Atomic number every atom must have; unknown elements (0) pass. */
  readonly z: number;
  /** Whether the lead period is wanted; otherwise it is NaN. Default true. */
  readonly leads?: boolean;
}

/** Finds the wire in frames of one or several trajectories, in the order they come. */
export class WireFinder {
  readonly #rule: WireRule;
  #ends: { readonly trajectory: string; readonly part: Map<number, number> } | undefined;

  constructor(rule: WireRule) {
    this.#rule = rule;
  }

  /**
   * The wire of a frame. `trajectory` tells trajectories apart where grips are found in their first frame. Throws MissingDataError for
   * foreign elements, a frame without grips, or grips whose lead period is not known.
   */
  find(frame: Frame, trajectory: string): Wire {
    const fail = (what: string, hint: string) =>
      new MissingDataError(`${frame.origin ? `${formatLocation(frame.origin)}: ` : ''}${what}`, hint);
    const { z } = this.#rule;
    const foreign = frame.numbers.find((number) => number !== z && number !== 0);
    if (foreign !== undefined)
      throw fail(
        `an atom of ${symbolOf(foreign)} in a wire of ${symbolOf(z)}`,
        'the label generators know wires of one metal; see --element',
      );
    if (!frame.positions.every(Number.isFinite)) throw fail('a position is not a finite number', 'leave the frame out');
    const positions = alongZ(frame.positions, this.#rule.axis);
    const part = this.#parts(frame, positions, trajectory);
    for (const end of [-1, 1])
      if (!part.includes(end))
        throw fail(
          `no atom belongs to the ${end < 0 ? 'bottom' : 'top'} grip by ${ruleText(this.#rule.grips)}${typesOf(frame)}`,
          'say with --grips which atoms are grips: type:BOTTOM,TOP, id:FIRST-LAST,FIRST-LAST, ends:LENGTH or region:LOW,HIGH',
        );
    upright(part, positions);
    const loose = orderWire(frame.numbers, positions, part, Number.NaN);
    if (this.#rule.leads === false) return loose;
    const leadPeriod = this.#leadPeriod(frame, loose);
    if (leadPeriod === undefined)
      throw fail('the lead period of the grips is not known', 'give --lead-period (Å), the length of one grip block');
    return { ...loose, leadPeriod };
  }

  #parts(frame: Frame, positions: Float64Array, trajectory: string): Int8Array {
    const rule = this.#rule.grips;
    const part = new Int8Array(frame.natoms);
    if (rule.kind === 'type') {
      const type = frame.arrays['type']?.data;
      if (type)
        for (let i = 0; i < part.length; i++)
          part[i] = sideOf(Number(type[i]), [rule.bottom, rule.bottom], [rule.top, rule.top]);
      return part;
    }
    const ids = frame.arrays['id']?.data;
    const idOf = (i: number) => (ids ? Number(ids[i]) : i + 1);
    if (rule.kind === 'id') {
      for (let i = 0; i < part.length; i++) part[i] = sideOf(idOf(i), rule.bottom, rule.top);
      return part;
    }
    if (this.#ends?.trajectory !== trajectory) this.#ends = { trajectory, part: endAtoms(positions, rule, idOf) };
    for (let i = 0; i < part.length; i++) part[i] = this.#ends.part.get(idOf(i)) ?? 0;
    return part;
  }

  #leadPeriod(frame: Frame, wire: Wire): number | undefined {
    const stated = this.#rule.leadPeriod ?? frame.info['lead_period'];
    if (typeof stated === 'number' && stated > 0 && Number.isFinite(stated)) return stated;
    return findLeadPeriod(gripPositions(wire, 'bottom'));
  }
}

function sideOf(value: number, bottom: readonly [number, number], top: readonly [number, number]): number {
  if (value >= bottom[0] && value <= bottom[1]) return -1;
  return value >= top[0] && value <= top[1] ? 1 : 0;
}

type PlaceRule = Extract<GripRule, { kind: 'ends' | 'region' }>;

function endAtoms(positions: Float64Array, rule: PlaceRule, idOf: (i: number) => number): Map<number, number> {
  const [below, above] = rule.kind === 'region' ? [rule.low, rule.high] : endsOf(positions, rule.length);
  const part = new Map<number, number>();
  for (let i = 0; 3 * i < positions.length; i++) {
    const z = positions[3 * i + 2];
    if (z < below) part.set(idOf(i), -1);
    else if (z > above) part.set(idOf(i), 1);
  }
  return part;
}

/** Borders of the atoms within `length` of either end; none where the ends would meet. */
function endsOf(positions: Float64Array, length: number): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 2; k < positions.length; k += 3) {
    low = Math.min(low, positions[k]);
    high = Math.max(high, positions[k]);
  }
  return high - low > 2 * length ? [low + length, high - length] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/** Which grip is called bottom does not matter to the conductance: it is the lower one. */
function upright(part: Int8Array, positions: Float64Array): void {
  const mean = (end: number) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < part.length; i++)
      if (part[i] === end) {
        sum += positions[3 * i + 2];
        count++;
      }
    return sum / count;
  };
  if (mean(-1) > mean(1)) for (let i = 0; i < part.length; i++) part[i] = -part[i];
}

/** Coordinates cyclically renamed so that the axis is z. */
function alongZ(positions: Float64Array, axis: 'x' | 'y' | 'z'): Float64Array {
  if (axis === 'z') return positions;
  const turn = axis === 'x' ? 1 : 2;
  return positions.map((_, k) => positions[k - (k % 3) + ((k + turn) % 3)]);
}

function ruleText(rule: GripRule): string {
  if (rule.kind === 'type') return `type ${rule.bottom} and ${rule.top}`;
  if (rule.kind === 'region') return `region below ${rule.low} and above ${rule.high} Å`;
  return rule.kind === 'id' ? `id ${rule.bottom.join('-')} and ${rule.top.join('-')}` : `ends of ${rule.length} Å`;
}

function typesOf(frame: Frame): string {
  const type = frame.arrays['type'];
  if (!type) return ' (the frame has no types)';
  const seen = [...new Set(Array.from(type.data as ArrayLike<number>, Number))].sort((p, q) => p - q).slice(0, 10);
  return ` (types of the frame: ${seen.join(' ')})`;
}
