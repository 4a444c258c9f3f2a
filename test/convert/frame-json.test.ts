import { expect, test } from 'vitest';
import { frameJson } from '../../src/convert/frame-json.ts';
import type { Frame } from '../../src/core/frame.ts';

const frame: Frame = {
  natoms: 2,
  cell: Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2),
  pbc: [true, true, false],
  numbers: Uint8Array.of(14, 0),
  positions: Float64Array.of(0, -0, 0.1, 1, 2, 3),
  labels: {
    energy: -3,
    energySigma0: -2.5,
    forces: Float64Array.of(1, 2, 3, Number.NaN, 0, 0),
    virial: Float64Array.of(-8, 0, 0, 0, 0, -16, 0, -16, 0),
    converged: false,
  },
  arrays: {
    id: { columns: 1, data: BigInt64Array.of(7n, 9_007_199_254_740_993n) },
    type: { columns: 1, data: ['Si', 'X'] },
    fixed: { columns: 1, data: Uint8Array.of(1, 0), logical: true },
    pair: { columns: 2, data: Int32Array.of(1, 2, 3, 4) },
  },
  info: { timestep: 10n, origin: [0, 0, 0.5], note: 'a "b"\n', list: [1, [true, Infinity]], deep: { x: 1 } },
};

const parsed = (f: Frame) => JSON.parse([...frameJson(f)].join(''));

test('a frame is one line of JSON by the contract of the corpus check', () => {
  const text = [...frameJson(frame)].join('');
  expect(text.endsWith('}\n')).toBe(true);
  expect(text.indexOf('\n')).toBe(text.length - 1);
  expect(JSON.parse(text)).toEqual({
    natoms: 2,
    cell: [
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 2],
    ],
    pbc: [true, true, false],
    species: ['Si', 'X'],
    positions: [
      [0, -0, 0.1],
      [1, 2, 3],
    ],
    forces: [
      [1, 2, 3],
      [null, 0, 0],
    ],
    energy: -2.5,
    free_energy: -3,
    virial: [
      [-8, 0, 0],
      [0, 0, -16],
      [0, -16, 0],
    ],
    stress: [1, -0, -0, 2, -0, -0],
    types: ['Si', 'X'],
    ids: [7, '9007199254740993'],
    timestep: 10,
    origin: [0, 0, 0.5],
    info: {
      timestep: 10,
      origin: [0, 0, 0.5],
      note: 'a "b"\n',
      list: [1, [true, 'Infinity']],
      deep: { x: 1 },
      scf_converged: false,
    },
    arrays: {
      fixed: [true, false],
      pair: [
        [1, 2],
        [3, 4],
      ],
    },
  });
});

test('what a frame does not have is not in its JSON', () => {
  const { labels: _, arrays: __, info: ___, ...bare } = frame;
  const found = parsed({ ...bare, cell: null, arrays: {}, info: {} });
  expect(Object.keys(found)).toEqual(['natoms', 'cell', 'pbc', 'species', 'positions', 'info']);
  expect(found.cell).toBeNull();
});

test('one kind of energy is printed as energy, without a second', () => {
  const found = parsed({ ...frame, labels: { energy: -3 } });
  expect(found.energy).toBe(-3);
  expect(found).not.toHaveProperty('free_energy');
});

test('labels of atoms as the file has them stand for the symbols', () => {
  const found = parsed({ ...frame, arrays: { species: { columns: 1, data: ['Si_sv', 'foo'] } } });
  expect(found.species).toEqual(['Si_sv', 'foo']);
});
