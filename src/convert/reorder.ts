import { atomicNumber, symbolOf } from '../core/elements.ts';
import { MissingDataError, UsageError } from '../core/errors.ts';
import type { Frame, PerAtom } from '../core/frame.ts';

/** Atomic numbers of a species order such as `['Si', 'O']`. Throws UsageError for a word that is no element. */
export function speciesOrder(symbols: readonly string[]): number[] {
  return symbols.map((symbol) => {
    const z = atomicNumber(symbol);
    if (z === 0) throw new UsageError(`--species-order: "${symbol}" is no element`);
    return z;
  });
}

/**
 * The frame with its atoms grouped by species in the given order; the order within a species stays. All per-atom data moves
 * along. Throws MissingDataError for an atom that the order does not name.
 */
export function reorderSpecies(frame: Frame, order: readonly number[]): Frame {
  const rank = new Map(order.map((z, k) => [z, k]));
  for (const z of frame.numbers)
    if (!rank.has(z)) throw new MissingDataError(`the species order has no ${symbolOf(z)}`, 'name every element in it');
  const from = Array.from(frame.numbers.keys()).sort(
    (i, j) => (rank.get(frame.numbers[i]) ?? 0) - (rank.get(frame.numbers[j]) ?? 0) || i - j,
  );
  if (from.every((i, k) => i === k)) return frame;
  const { velocities, masses, charges, labels } = frame;
  return {
    ...frame,
    numbers: Uint8Array.from(from, (i) => frame.numbers[i]),
    positions: rowsFrom(frame.positions, 3, from),
    ...(velocities && { velocities: rowsFrom(velocities, 3, from) }),
    ...(masses && { masses: rowsFrom(masses, 1, from) }),
    ...(charges && { charges: rowsFrom(charges, 1, from) }),
    ...(labels && { labels: { ...labels, ...(labels.forces && { forces: rowsFrom(labels.forces, 3, from) }) } }),
    arrays: Object.fromEntries(
      Object.entries(frame.arrays).map(([name, array]) => [
        name,
        { ...array, data: rowsFrom(array.data, array.columns, from) },
      ]),
    ),
  };
}

function rowsFrom<T extends PerAtom['data']>(data: T, columns: number, from: readonly number[]): T {
  const out = data.slice() as unknown as (typeof data)[number][];
  from.forEach((row, k) => {
    for (let c = 0; c < columns; c++) out[k * columns + c] = data[row * columns + c];
  });
  return out as unknown as T;
}
