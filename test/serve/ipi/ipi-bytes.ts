// Messages of i-PI written by hand after its documentation, apart from the codec that they test. bohr, hartree.

export const word = (text: string) => Buffer.from(text.padEnd(12), 'ascii');

const doubles = (values: ArrayLike<number>) => Buffer.from(Float64Array.from(Array.from(values)).buffer);

const int = (value: number) => Buffer.from(Int32Array.of(value).buffer);

export const init = (text = ' ', bead = 0) =>
  Buffer.concat([word('INIT'), int(bead), int(Buffer.byteLength(text)), Buffer.from(text)]);

/** `cell` has the lattice vectors as rows; on the wire they are columns. */
export function posdata(cell: readonly number[], positions: readonly number[], natoms = positions.length / 3): Buffer {
  const columns = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((k) => cell[k]);
  return Buffer.concat([
    word('POSDATA'),
    doubles(columns),
    doubles(new Float64Array(9)),
    int(natoms),
    doubles(positions),
  ]);
}

export function forceready(energy: number, forces: readonly number[], virial: readonly number[], extra = ''): Buffer {
  const sections = [doubles([energy]), int(forces.length / 3), doubles(forces), doubles(virial)];
  return Buffer.concat([word('FORCEREADY'), ...sections, int(extra.length), Buffer.from(extra)]);
}
