import { createHash } from 'node:crypto';
import type { Frame } from '../core/frame.ts';

const bytesOf = (array: Float64Array | Uint8Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** SHA-256 of atoms, cell, periodicity and positions, bit by bit: equal structures in equal order have equal hashes. */
export function structureHash(frame: Frame): string {
  const hash = createHash('sha256').update(frame.numbers).update(Uint8Array.from(frame.pbc, Number));
  hash.update(frame.cell ? bytesOf(frame.cell) : 'no cell').update(bytesOf(frame.positions));
  return hash.digest('base64');
}

/** SHA-256 of energies, forces and virial. */
export function labelsHash(frame: Frame): string {
  const { energy, energySigma0, forces, virial } = frame.labels ?? {};
  const hash = createHash('sha256').update(`${energy} ${energySigma0}`);
  for (const array of [forces, virial]) hash.update(array ? bytesOf(array) : 'none');
  return hash.digest('base64');
}
