import {
  type BuiltWire,
  buildWire,
  type Orientation,
  type WirePlan,
} from '../../src/conductance/geometry/build-wire.ts';
import { orderWire, type Wire } from '../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../src/conductance/metals.ts';

export const POTASSIUM = metalOf({ element: 'K' });

/** A wire of potassium around an atom row, grips of 9.5 Å. */
export function potassiumWire(orientation: Orientation, diameter: number, words: Partial<WirePlan> = {}): BuiltWire {
  return buildWire({ ...POTASSIUM, orientation, diameter, free: 30, grip: 9.5, ...words });
}

/** The wire with mobile atoms only where `keep` says so. */
export function thinned(wire: BuiltWire, keep: (x: number, y: number, z: number) => boolean): Wire {
  const kept: number[] = [];
  for (let i = 0; i < wire.natoms; i++) {
    const isGrip = i < wire.bottom || i >= wire.natoms - wire.top;
    if (isGrip || keep(wire.positions[3 * i], wire.positions[3 * i + 1], wire.positions[3 * i + 2])) kept.push(i);
  }
  return rebuilt(wire, kept, (i, k) => wire.positions[3 * i + k]);
}

/** The wire of length Lz with everything above its middle moved up by `gap` Å. */
export function split(wire: BuiltWire, gap: number): Wire {
  const all = Array.from({ length: wire.natoms }, (_, i) => i);
  return rebuilt(wire, all, (i, k) => {
    const lifted = k === 2 && wire.positions[3 * i + 2] > wire.length / 2 - 1e-6;
    return wire.positions[3 * i + k] + (lifted ? gap : 0);
  });
}

/** The wire with other coordinates; `order` permutes its atoms, which must leave them in their parts. */
export function moved(
  wire: Wire,
  move: (x: number, y: number, z: number) => readonly number[],
  order?: readonly number[],
): Wire {
  const places = order ?? Array.from({ length: wire.natoms }, (_, i) => i);
  return rebuilt(
    wire,
    places,
    (i, k) => move(...(wire.positions.slice(3 * i, 3 * i + 3) as unknown as [number, number, number]))[k],
  );
}

function rebuilt(wire: Wire, kept: readonly number[], coordinate: (i: number, k: number) => number): Wire {
  const positions = Float64Array.from(kept.flatMap((i) => [0, 1, 2].map((k) => coordinate(i, k))));
  const part = Int8Array.from(kept, (i) => (i < wire.bottom ? -1 : i >= wire.natoms - wire.top ? 1 : 0));
  return orderWire(new Uint8Array(kept.length).fill(19), positions, part, wire.leadPeriod);
}

/** A straight chain of n atoms at distance d; the first and last `grip` are the grips. */
export function chain(d: number, n: number, grip: number): Wire {
  const positions = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) positions[3 * i + 2] = i * d;
  const part = Int8Array.from({ length: n }, (_, i) => (i < grip ? -1 : i >= n - grip ? 1 : 0));
  return orderWire(new Uint8Array(n).fill(19), positions, part, grip * d);
}

/** The wire upside down: its top grip becomes the bottom one. */
export function reversed(wire: Wire): Wire {
  const positions = wire.positions.map((value, k) => (k % 3 === 2 ? -value : value));
  const part = Int8Array.from({ length: wire.natoms }, (_, i) =>
    i < wire.bottom ? 1 : i >= wire.natoms - wire.top ? -1 : 0,
  );
  return orderWire(wire.numbers, positions, part, wire.leadPeriod);
}
