import type { AtomsAndCell } from '../../potentials/neighbors/atoms-and-cell.ts';

/** Neighbors of one atom as [atomic number, dx, dy, dz] in Å, sorted; images in −reach…reach along every periodic vector. */
export function bruteForceNeighbors(structure: AtomsAndCell, cutoff: number, reach: number): number[][][] {
  const { numbers, positions, cell, pbc } = structure;
  const range = pbc.map((periodic) => (periodic ? Array.from({ length: 2 * reach + 1 }, (_, k) => k - reach) : [0]));
  return Array.from(numbers, (_, i) => {
    const found: number[][] = [];
    for (let j = 0; j < numbers.length; j++) {
      for (const a of range[0])
        for (const b of range[1])
          for (const c of range[2]) {
            if (i === j && a === 0 && b === 0 && c === 0) continue;
            const d = [0, 1, 2].map((k) => {
              const shift = cell ? (a && a * cell[k]) + (b && b * cell[3 + k]) + (c && c * cell[6 + k]) : 0;
              return positions[3 * j + k] - positions[3 * i + k] + shift;
            });
            if (Math.hypot(...d) < cutoff) found.push([numbers[j], ...d]);
          }
    }
    return found.sort(compareRows);
  });
}

/** Order of rows that does not depend on rounding in the tenth digit. */
export function compareRows(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < a.length; k++) {
    if (Math.abs(a[k] - b[k]) > 1e-9) return a[k] - b[k];
  }
  return 0;
}
