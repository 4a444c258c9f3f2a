// Writes silicon.extxyz: a 3×3×3 diamond cell of 216 Si atoms at the lattice constant of the potential, every atom displaced at random by up to 0.02 Å.
import { writeFileSync } from 'node:fs';

const [path = 'silicon.extxyz', cells = '3', latticeConstant = '5.469'] = process.argv.slice(2);
const n = Number(cells);
const a = Number(latticeConstant);
const basis = [
  [0, 0, 0],
  [0, 2, 2],
  [2, 0, 2],
  [2, 2, 0],
  [1, 1, 1],
  [1, 3, 3],
  [3, 1, 3],
  [3, 3, 1],
];

let state = 20240229;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' linear congruential generator
  return state / 4294967296;
}

const rows = [];
for (let x = 0; x < n; x++)
  for (let y = 0; y < n; y++)
    for (let z = 0; z < n; z++)
      for (const site of basis)
        rows.push(`Si ${[x, y, z].map((cell, k) => (cell + site[k] / 4) * a + (uniform() - 0.5) * 0.04).join(' ')}`);
const L = n * a;
writeFileSync(
  path,
  `${rows.length}\nLattice="${L} 0 0 0 ${L} 0 0 0 ${L}" Properties=species:S:1:pos:R:3 pbc="T T T"\n${rows.join('\n')}\n`,
);
