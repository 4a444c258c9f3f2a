import { expect, test } from 'vitest';
import type { Carries } from '../../formats/format.ts';
import { lossesOf } from '../../src/convert/losses.ts';
import type { Frame } from '../../src/core/frame.ts';

const ALL: Carries = {
  frames: 'many',
  composition: 'any',
  cell: 'any',
  pbc: 'each',
  elements: true,
  velocities: true,
  masses: true,
  charges: true,
  energy: true,
  energySigma0: true,
  forces: true,
  virial: true,
  arrays: true,
  info: true,
  units: 'Å, eV',
};

const three = () => new Float64Array(3);
const frame: Frame = {
  natoms: 1,
  cell: Float64Array.of(4, 0, 0, 1, 4, 0, 0, 0, 4),
  pbc: [true, true, false],
  numbers: Uint8Array.of(14),
  positions: three(),
  velocities: three(),
  charges: Float64Array.of(1),
  labels: { energy: -1, energySigma0: -1.1, forces: three(), virial: new Float64Array(9), converged: false },
  arrays: { id: { columns: 1, data: Int32Array.of(7) }, forces: { columns: 3, data: three() } },
  info: { step: 5, energy: -1.1 },
};

test('a format that carries everything loses nothing', () => {
  expect(lossesOf(frame, ALL)).toEqual([]);
});

test('every part that a format cannot hold is named', () => {
  const none: Carries = {
    ...ALL,
    cell: 'none',
    pbc: 'none',
    elements: false,
    velocities: false,
    charges: false,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: false,
    info: false,
  };
  expect(lossesOf(frame, none)).toEqual([
    'cell',
    'periodicity',
    'elements',
    'velocities',
    'charges',
    'energy',
    'energySigma0',
    'forces',
    'virial',
    'the mark of an unconverged frame',
    'column id',
    'column forces',
    'info step',
    'info energy',
  ]);
});

test('a column or key that repeats a label which is carried is not lost', () => {
  expect(lossesOf(frame, { ...ALL, arrays: false, info: false })).toEqual([
    'the mark of an unconverged frame',
    'column id',
    'info step',
  ]);
});

test('a format that writes the mark of convergence does not lose it', () => {
  const outcar = { ...ALL, info: false, infoKeys: ['scf_converged'] };
  expect(lossesOf(frame, outcar)).not.toContain('the mark of an unconverged frame');
});

test('a tilted cell does not fit an orthogonal one, nor mixed periodicity all or none', () => {
  expect(lossesOf(frame, { ...ALL, cell: 'orthogonal', pbc: 'all-or-none' })).toEqual(['cell tilt', 'periodicity']);
  expect(lossesOf(frame, { ...ALL, pbc: 'always' })).toEqual(['periodicity']);
});
