import { inverse } from '../core/cell.ts';
import { symbolOf } from '../core/elements.ts';
import type { Frame, Labels } from '../core/frame.ts';

export interface LabelDemands {
  /** Accepts results that do not say whether the SCF converged. */
  readonly convergenceUnknown: boolean;
  /** eV/Å per atom that the forces may sum up to. */
  readonly maxNetForce: number;
}

/** Å that an echoed coordinate may differ: programs print as few as three decimals of a cell. */
const TOLERANCE = 2e-3;

/** Why these results are not labels of `frame`; undefined when they are. `result` is what the program says it has computed. */
export function labelFault(frame: Frame, result: Frame, demands: LabelDemands): string | undefined {
  const { labels } = result;
  return (
    atomFault(frame, result) ??
    cellFault(frame, result) ??
    positionFault(frame, result) ??
    (labels ? valueFault(frame, labels, demands) : 'the output holds no energy and no forces')
  );
}

function atomFault(frame: Frame, result: Frame): string | undefined {
  if (result.natoms !== frame.natoms) return `the output has ${result.natoms} atoms, the structure ${frame.natoms}`;
  const at = frame.numbers.findIndex((z, i) => z !== result.numbers[i]);
  if (at < 0) return undefined;
  return `atom ${at + 1} is ${symbolOf(result.numbers[at])} in the output and ${symbolOf(frame.numbers[at])} in the structure`;
}

function cellFault(frame: Frame, result: Frame): string | undefined {
  if (!frame.cell || !result.cell) return undefined;
  const found = result.cell;
  const at = frame.cell.findIndex((x, k) => !(Math.abs(x - found[k]) <= TOLERANCE));
  if (at < 0) return undefined;
  const [row, axis] = ['abc'[Math.floor(at / 3)], 'xyz'[at % 3]];
  return `cell vector ${row} has ${axis} = ${found[at]} Å in the output and ${frame.cell[at]} Å in the structure`;
}

/** Positions may be those of another image. */
function positionFault({ natoms, positions, cell, pbc }: Frame, result: Frame): string | undefined {
  const inv = cell && inverse(cell);
  const delta = [0, 0, 0];
  for (let i = 0; i < natoms; i++) {
    for (let k = 0; k < 3; k++) delta[k] = result.positions[3 * i + k] - positions[3 * i + k];
    if (cell && inv)
      for (let row = 0; row < 3; row++) {
        if (!pbc[row]) continue;
        const shift = Math.round(delta[0] * inv[row] + delta[1] * inv[3 + row] + delta[2] * inv[6 + row]);
        for (let k = 0; k < 3; k++) delta[k] -= shift * cell[3 * row + k];
      }
    const distance = Math.hypot(delta[0], delta[1], delta[2]);
    // A coordinate that an image moves takes the error of the printed cell with it.
    if (!(distance <= 2 * TOLERANCE))
      return `atom ${i + 1} stands ${distance.toPrecision(3)} Å from its place in the structure`;
  }
  return undefined;
}

function valueFault(frame: Frame, labels: Labels, demands: LabelDemands): string | undefined {
  const { energy, energySigma0, forces, virial, converged } = labels;
  if (converged === false) return 'the SCF did not converge';
  if (converged === undefined && !demands.convergenceUnknown)
    return 'the output does not say that the SCF converged ("convergence_unknown: true" in labeller.yaml accepts that)';
  if (energy === undefined && energySigma0 === undefined) return 'the output has no energy';
  if (!forces) return 'the output has no forces';
  if (forces.length !== 3 * frame.natoms) return `the output has forces on ${forces.length / 3} atoms`;
  for (const [name, values] of Object.entries({ energy, energySigma0, virial }))
    if (values !== undefined && ![values].flatMap((v) => (typeof v === 'number' ? [v] : [...v])).every(Number.isFinite))
      return `the ${name} is not finite`;
  const bad = forces.findIndex((f) => !Number.isFinite(f));
  if (bad >= 0) return `the force on atom ${Math.floor(bad / 3) + 1} is not finite`;
  const net = [0, 1, 2].map((k) => forces.reduce((sum, f, i) => sum + (i % 3 === k ? f : 0), 0));
  const perAtom = Math.hypot(...net) / frame.natoms;
  if (perAtom > demands.maxNetForce)
    return `the forces sum up to ${perAtom.toPrecision(3)} eV/Å per atom, more than max_net_force ${demands.maxNetForce}`;
  return undefined;
}
