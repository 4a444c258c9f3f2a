import { PotentialError } from '../../src/core/errors.ts';
import type { Neighborhood } from '../neighborhood.ts';
import type { AtomsAndCell } from './atoms-and-cell.ts';
import { CellGrid } from './cell-grid.ts';
import { addImages, type Images } from './images.ts';

/** A full list with explicit images. Centers come first, in the order of the structure, folded into the (reduced) cell. */
export interface NeighborList extends Neighborhood {
  /** (natoms): the center each atom is an image of; itself for centers. */
  readonly owner: Int32Array;
  /** (natoms,3): position = given position of the owner + shift · cell rows. */
  readonly shift: Int32Array;
}

/** More neighbors of one atom than this are a broken structure, not physics. */
const MAX_NEIGHBORS = 50_000;
const MAX_PAIRS = 400_000_000;
/** Atoms closer than this (Å) are the same atom given twice. */
const COINCIDENT = 1e-6;

/**
 * All pairs with r < `cutoff` (Å) by linked cells; O(n). Handles triclinic and skewed cells, any periodicity, cells smaller than the
 * cutoff. The order is deterministic. Throws PotentialError for coordinates that are not finite (naming the atom, from 1), cells
 * that do not span a volume, coincident atoms and structures that would need an absurd number of images or pairs.
 */
export function buildNeighborList(structure: AtomsAndCell, cutoff: number): NeighborList {
  if (!(cutoff > 0 && Number.isFinite(cutoff))) throw new PotentialError(`expected a cutoff > 0 Å, found ${cutoff}`);
  const n = structure.numbers.length;
  if (structure.positions.length !== 3 * n)
    throw new PotentialError(`expected ${3 * n} coordinates for ${n} atoms, found ${structure.positions.length}`);
  checkFinite(structure.positions);
  const images = addImages(structure, cutoff);
  const pairs = findPairs(images, cutoff);
  return dropUnusedImages(images, pairs);
}

/** Adds the forces (natoms,3) on images to their owners, in place, and zeroes them on the images. */
export function foldForces(list: Pick<NeighborList, 'owner' | 'ncenters' | 'natoms'>, forces: Float64Array): void {
  const { owner, ncenters, natoms } = list;
  for (let g = ncenters; g < natoms; g++) {
    const o = 3 * owner[g];
    forces[o] += forces[3 * g];
    forces[o + 1] += forces[3 * g + 1];
    forces[o + 2] += forces[3 * g + 2];
    forces[3 * g] = 0;
    forces[3 * g + 1] = 0;
    forces[3 * g + 2] = 0;
  }
}

function checkFinite(positions: Float64Array): void {
  for (let k = 0; k < positions.length; k++) {
    if (Number.isFinite(positions[k])) continue;
    throw new PotentialError(
      `coordinate ${'xyz'[k % 3]} of atom ${Math.floor(k / 3) + 1} is ${positions[k]}, not a number`,
    );
  }
}

interface Pairs {
  readonly first: Int32Array;
  readonly neighbors: Int32Array;
}

function findPairs(images: Images, cutoff: number): Pairs {
  const { ncenters, positions } = images;
  const grid = new CellGrid(positions, cutoff);
  const { x, y, z, atom } = grid;
  const first = new Int32Array(ncenters + 1);
  let neighbors = new Int32Array(Math.max(1024, ncenters * 64));
  const limit = cutoff * cutoff;
  let count = 0;
  for (let i = 0; i < ncenters; i++) {
    const xi = positions[3 * i];
    const yi = positions[3 * i + 1];
    const zi = positions[3 * i + 2];
    const nrows = grid.rowsAround(xi, yi, zi);
    let most = count;
    for (let row = 0; row < nrows; row++) most += grid.rowEnd[row] - grid.rowStart[row];
    if (most > neighbors.length) neighbors = grown(neighbors, count, most);
    const before = count;
    for (let row = 0; row < nrows; row++) {
      const end = grid.rowEnd[row];
      for (let k = grid.rowStart[row]; k < end; k++) {
        const dx = x[k] - xi;
        const dy = y[k] - yi;
        const dz = z[k] - zi;
        const square = dx * dx + dy * dy + dz * dz;
        if (square < limit && atom[k] !== i) {
          if (square < COINCIDENT * COINCIDENT) throw coincident(i, images.owner[atom[k]], Math.sqrt(square));
          neighbors[count++] = atom[k];
        }
      }
    }
    if (count - before > MAX_NEIGHBORS)
      throw new PotentialError(
        `atom ${i + 1} has ${count - before} neighbors within ${cutoff} Å, more than ${MAX_NEIGHBORS}: are the cell and the units right?`,
      );
    first[i + 1] = count;
  }
  return { first, neighbors: neighbors.slice(0, count) };
}

function coincident(i: number, j: number, distance: number): PotentialError {
  const [a, b] = i < j ? [i + 1, j + 1] : [j + 1, i + 1];
  return new PotentialError(
    a === b
      ? `atom ${a} coincides with an image of itself: the cell is not a cell`
      : `atoms ${a} and ${b} coincide, directly or through the periodic cell (distance ${distance} Å)`,
  );
}

function grown(array: Int32Array<ArrayBuffer>, used: number, needed: number): Int32Array<ArrayBuffer> {
  if (needed > MAX_PAIRS)
    throw new PotentialError(`more than ${MAX_PAIRS} pairs of neighbors: are the cell and the units right?`);
  const larger = new Int32Array(Math.min(MAX_PAIRS, Math.max(needed, Math.ceil(array.length * 1.5))));
  larger.set(array.subarray(0, used));
  return larger;
}

/** Images that no center sees are left out; the order of the others is kept. */
function dropUnusedImages(images: Images, { first, neighbors }: Pairs): NeighborList {
  const { ncenters, owner } = images;
  const place = new Int32Array(images.natoms).fill(-1);
  for (let k = 0; k < neighbors.length; k++) place[neighbors[k]] = 0;
  let natoms = 0;
  for (let g = 0; g < images.natoms; g++) if (g < ncenters || place[g] === 0) place[g] = natoms++;
  for (let k = 0; k < neighbors.length; k++) neighbors[k] = place[neighbors[k]];
  const numbers = new Uint8Array(natoms);
  const positions = new Float64Array(3 * natoms);
  const kept = new Int32Array(natoms);
  const shift = new Int32Array(3 * natoms);
  for (let g = 0; g < images.natoms; g++) {
    const to = place[g];
    if (to === -1) continue;
    numbers[to] = images.numbers[owner[g]];
    kept[to] = owner[g];
    for (let k = 0; k < 3; k++) {
      positions[3 * to + k] = images.positions[3 * g + k];
      shift[3 * to + k] = images.shift[3 * g + k];
    }
  }
  return { ncenters, natoms, numbers, positions, first, neighbors, owner: kept, shift };
}
