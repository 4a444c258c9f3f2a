import { MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { gaussian, type Random } from '../../core/random.ts';
import { type CrystalBlock, crystalBlock } from './crystal.ts';
import type { CrystalSource, Variation } from './structure-plan.ts';

/** The crystal of a plan, cut as the plan says; `random` chooses the vacancies. Throws MissingDataError when no atom is left. */
export function drawCrystal(source: CrystalSource, random: Random): Frame {
  const block = crystalBlock(source);
  const shape = source.diameter === undefined ? slabOrBulk(block, source.vacuum) : wire(block, source);
  const kept = withoutVacancies(shape.positions, source.vacancies, random);
  const natoms = kept.length / 3;
  if (natoms === 0) throw new MissingDataError('no atom is left of the crystal', 'cut less, or give more cells');
  return {
    natoms,
    cell: Float64Array.of(shape.edges[0], 0, 0, 0, shape.edges[1], 0, 0, 0, shape.edges[2]),
    pbc: [true, true, true],
    numbers: new Uint8Array(natoms).fill(source.element),
    positions: kept,
    arrays: {},
    info: {},
  };
}

/** Vacuum along z, half of it on either side. */
function slabOrBulk({ edges, positions }: CrystalBlock, vacuum: number): CrystalBlock {
  if (vacuum === 0) return { edges, positions };
  const [low, high] = range(positions, 2);
  const shift = vacuum / 2 - low;
  return {
    edges: [edges[0], edges[1], high - low + vacuum],
    positions: positions.map((x, k) => (k % 3 === 2 ? x + shift : x)),
  };
}

/** The atoms within a cylinder along z through the middle of the block, vacuum around them. */
function wire({ edges, positions }: CrystalBlock, { diameter = 0, vacuum }: CrystalSource): CrystalBlock {
  const kept: number[] = [];
  for (let k = 0; k < positions.length; k += 3)
    if (Math.hypot(positions[k] - edges[0] / 2, positions[k + 1] - edges[1] / 2) <= diameter / 2)
      kept.push(positions[k], positions[k + 1], positions[k + 2]);
  if (kept.length === 0) return { edges, positions: new Float64Array(0) };
  const inside = Float64Array.from(kept);
  const [xlo, xhi] = range(inside, 0);
  const [ylo, yhi] = range(inside, 1);
  const shift = [vacuum / 2 - xlo, vacuum / 2 - ylo, 0];
  return {
    edges: [xhi - xlo + vacuum, yhi - ylo + vacuum, edges[2]],
    positions: inside.map((x, k) => x + shift[k % 3]),
  };
}

function range(positions: Float64Array, axis: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let k = axis; k < positions.length; k += 3) {
    low = Math.min(low, positions[k]);
    high = Math.max(high, positions[k]);
  }
  return [low, high];
}

function withoutVacancies(positions: Float64Array, vacancies: number, random: Random): Float64Array {
  const left = Array.from({ length: positions.length / 3 }, (_, i) => i);
  for (let n = 0; n < vacancies && left.length > 0; n++) left.splice(Math.floor(random() * left.length), 1);
  return Float64Array.from(left.flatMap((i) => [...positions.subarray(3 * i, 3 * i + 3)]));
}

/**
 * The structure with its cell strained and sheared (the atoms follow) and its atoms displaced at random; velocities and labels are
 * left out. The shear is symmetric: it turns nothing.
 */
export function varied(frame: Frame, { strain, shear, rattle }: Variation, random: Random): Frame {
  const even = (limit: number) => (2 * random() - 1) * limit;
  const [xx, yy, zz] = [even(strain), even(strain), even(strain)];
  const [xy, xz, yz] = [even(shear) / 2, even(shear) / 2, even(shear) / 2];
  const deform = frame.cell ? [1 + xx, xy, xz, xy, 1 + yy, yz, xz, yz, 1 + zz] : [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const width = rattle[0] + random() * (rattle[1] - rattle[0]);
  const positions = times(frame.positions, deform);
  for (let k = 0; k < positions.length; k++) positions[k] += width * gaussian(random);
  const { natoms, pbc, numbers, info } = frame;
  return { natoms, cell: frame.cell && times(frame.cell, deform), pbc, numbers, positions, arrays: {}, info };
}

/** Rows of three times a (3,3) matrix. */
function times(rows: Float64Array, m: readonly number[]): Float64Array {
  return rows.map((_, k) => {
    const [row, column] = [k - (k % 3), k % 3];
    return rows[row] * m[column] + rows[row + 1] * m[3 + column] + rows[row + 2] * m[6 + column];
  });
}
