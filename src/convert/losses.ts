import type { Carries } from '../../formats/format.ts';
import type { Frame, Labels } from '../core/frame.ts';
import { repeatsLabel } from '../core/label-copies.ts';

/**
 * Columns and keys that readers keep as written although their content is also a part of the frame that the format may carry;
 * those of labels are in label-copies.ts, except for the names that only some programs use. A name that is in neither counts as
 * lost.
 */
const COPIES: readonly (readonly [name: RegExp, parts: readonly (keyof Carries)[]])[] = [
  [/^(ref_?|dft_?)?(total_?|tot)energy$/i, ['energy', 'energySigma0']],
  [/^stress_kB$/i, ['virial']],
  [/^f[xyz]$/i, ['forces']],
  [/^(velo|vel|velocities|v[xyz])$/i, ['velocities']],
  [/^mass(es)?$/i, ['masses']],
  [/^(initial_)?charges?$|^q$/i, ['charges']],
  [/^(type|element|species|Z|numbers)$/, ['elements']],
];

/** True when a column or key only repeats what the frame has and the format carries. */
function isCopy(name: string, frame: Frame, carries: Carries): boolean {
  if (repeatsLabel(name, carriedLabels(frame, carries))) return true;
  const parts = COPIES.find(([pattern]) => pattern.test(name))?.[1] ?? [];
  return parts.some((part) => carries[part] === true && has(frame, part));
}

function carriedLabels({ labels }: Frame, carries: Carries): Labels {
  const kept = Object.entries(labels ?? {}).filter(([name]) => carries[name as keyof Carries] === true);
  return Object.fromEntries(kept);
}

function has(frame: Frame, part: keyof Carries): boolean {
  if (part === 'elements') return !frame.numbers.includes(0);
  const values = { ...frame, ...frame.labels } as Readonly<Record<string, unknown>>;
  return values[part] !== undefined;
}

/** What of a frame a format cannot hold, as short names for the report: `velocities`, `column id`, `info step`, `cell tilt`. */
export function lossesOf(frame: Frame, carries: Carries): string[] {
  const lost: string[] = [];
  const { cell, pbc, labels } = frame;
  if (cell && carries.cell === 'none') lost.push('cell');
  if (cell && carries.cell === 'orthogonal' && isTilted(cell)) lost.push('cell tilt');
  if (losesPbc(pbc, carries.pbc)) lost.push('periodicity');
  if (!carries.elements && frame.numbers.some((z) => z !== 0)) lost.push('elements');
  for (const name of ['velocities', 'masses', 'charges'] as const)
    if (frame[name] !== undefined && !carries[name]) lost.push(name);
  for (const name of ['energy', 'energySigma0', 'forces', 'virial'] as const)
    if (labels?.[name] !== undefined && !carries[name]) lost.push(name);
  const carriesMark = carries.info || carries.infoKeys?.includes('scf_converged');
  if (!carriesMark && labels?.converged === false) lost.push('the mark of an unconverged frame');
  if (!carries.arrays) {
    for (const name of Object.keys(frame.arrays))
      if (!carries.arrayKeys?.includes(name) && !isCopy(name, frame, carries)) lost.push(`column ${name}`);
  }
  if (!carries.info) {
    for (const name of Object.keys(frame.info))
      if (!carries.infoKeys?.includes(name) && !isCopy(name, frame, carries)) lost.push(`info ${name}`);
  }
  return lost;
}

function losesPbc(pbc: Frame['pbc'], carried: Carries['pbc']): boolean {
  const periodic = pbc.filter(Boolean).length;
  switch (carried) {
    case 'each':
      return false;
    case 'all-or-none':
      return periodic === 1 || periodic === 2;
    case 'always':
      return periodic !== 3;
    case 'none':
      return periodic !== 0;
  }
}

function isTilted(cell: Float64Array): boolean {
  return [1, 2, 3, 5, 6, 7].some((k) => cell[k] !== 0);
}
