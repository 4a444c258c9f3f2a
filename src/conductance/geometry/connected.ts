import type { Wire } from './wire.ts';

/** More cells than this a wire never fills: atoms that flew away must not make a grid without end. */
const MOST_CELLS = 1 << 20;

/** Whether chains of atoms that are nearer than `bond` (Å) lead from the bottom to the top grip. */
export function isConnected(wire: Wire, bond: number): boolean {
  const { natoms, positions, bottom, top } = wire;
  if (bottom === 0 || top === 0) return false;
  const { head, next, size, cellOf } = cellList(positions, bond);
  const reached = new Uint8Array(natoms);
  const open = new Int32Array(natoms);
  let count = 0;
  for (let i = 0; i < bottom; i++) {
    reached[i] = 1;
    open[count++] = i;
  }
  const square = bond * bond;
  while (count > 0) {
    const i = open[--count];
    if (i >= natoms - top) return true;
    const [x, y, z] = [positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]];
    const cell = cellOf(i);
    for (let dx = -1; dx <= 1; dx++)
      for (let dy = -1; dy <= 1; dy++)
        for (let dz = -1; dz <= 1; dz++) {
          const [cx, cy, cz] = [cell[0] + dx, cell[1] + dy, cell[2] + dz];
          if (cx < 0 || cy < 0 || cz < 0 || cx >= size[0] || cy >= size[1] || cz >= size[2]) continue;
          for (let j = head[(cx * size[1] + cy) * size[2] + cz]; j >= 0; j = next[j]) {
            if (reached[j] !== 0) continue;
            const [a, b, c] = [positions[3 * j] - x, positions[3 * j + 1] - y, positions[3 * j + 2] - z];
            if (a * a + b * b + c * c >= square) continue;
            reached[j] = 1;
            open[count++] = j;
          }
        }
  }
  return false;
}

/** Atoms in cubes of at least `edge`: the first of each cube, and for each atom the next. */
function cellList(positions: Float64Array, edge: number) {
  const natoms = positions.length / 3;
  const low = [0, 1, 2].map(() => Number.POSITIVE_INFINITY);
  const high = low.map((v) => -v);
  for (let k = 0; k < positions.length; k++) {
    low[k % 3] = Math.min(low[k % 3], positions[k]);
    high[k % 3] = Math.max(high[k % 3], positions[k]);
  }
  const size = [0, 1, 2].map((k) => Math.max(1, Math.floor((high[k] - low[k]) / edge)));
  const scale = Math.cbrt(Math.max(1, (size[0] * size[1] * size[2]) / MOST_CELLS));
  for (let k = 0; k < 3; k++) size[k] = Math.max(1, Math.floor(size[k] / scale));
  const place = (i: number, k: number) =>
    Math.min(size[k] - 1, Math.floor(((positions[3 * i + k] - low[k]) / (high[k] - low[k] || 1)) * size[k]));
  const head = new Int32Array(size[0] * size[1] * size[2]).fill(-1);
  const next = new Int32Array(natoms);
  const cellOf = (i: number) => [place(i, 0), place(i, 1), place(i, 2)] as const;
  for (let i = 0; i < natoms; i++) {
    const [x, y, z] = cellOf(i);
    const cell = (x * size[1] + y) * size[2] + z;
    next[i] = head[cell];
    head[cell] = i;
  }
  return { head, next, size, cellOf };
}
