import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { LabelError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';
import { openLabeller } from '../../src/label/open-labeller.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const SILICON = join(ROOT, 'examples', 'silicon', 'potential');
const never = new AbortController().signal;
const room = { scratch: 'unused', cores: 1 };

const frame: Frame = {
  natoms: 2,
  cell: Float64Array.of(0, 2.715, 2.735, 2.7, 0, 2.715, 2.715, 2.75, 0),
  pbc: [true, true, true],
  numbers: Uint8Array.of(14, 14),
  positions: Float64Array.of(0, 0, 0, 1.3, 1.38, 1.4),
  arrays: {},
  info: {},
  origin: { path: 'si.xyz', line: 1 },
};

/** The silicon potential with one weight changed. */
function variant(factor: number): string {
  const folder = join(temporaryFolder(), 'potential');
  cpSync(SILICON, folder, { recursive: true });
  const file = join(folder, 'weights.014.data');
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => /^\s*-?\d\.\d/.test(line));
  lines[at] = lines[at].replace(/^\s*\S+/, (word) => String(Number(word) * factor));
  writeFileSync(file, lines.join('\n'));
  return folder;
}

test('a potential labels with its energy, forces, virial and number of extrapolations', async () => {
  const labeller = await openLabeller({ kind: 'potential', source: { directory: SILICON } }, room);
  const { labels, info } = await labeller.label(frame, never);
  const truth = evaluateFrame(await loadPotential(SILICON), frame);
  expect(labels.energy).toBe(truth.energy);
  expect([...(labels.forces ?? [])]).toEqual([...truth.forces]);
  expect([...(labels.virial ?? [])]).toEqual([...truth.virial]);
  expect(info).toEqual({ extrapolations: truth.extrapolationCount });
  expect(labeller.provenance['label_model']).toMatch(/^[0-9a-f]{12}$/);
});

test('a committee labels with its mean and says how far its members disagree', async () => {
  const folders = [SILICON, variant(3), variant(-2)];
  const [directory, ...further] = folders;
  const labeller = await openLabeller({ kind: 'potential', source: { directory, further } }, room);
  const { labels, info, arrays } = await labeller.label(frame, never);
  const members = await Promise.all(folders.map(async (one) => evaluateFrame(await loadPotential(one), frame)));
  const mean = (pick: (m: (typeof members)[number]) => number) => members.reduce((s, m) => s + pick(m), 0) / 3;
  const spread = (pick: (m: (typeof members)[number]) => number) => Math.sqrt(mean((m) => (pick(m) - mean(pick)) ** 2));
  expect(labels.energy).toBeCloseTo(
    mean((m) => m.energy),
    9,
  );
  expect(labels.forces?.[4]).toBeCloseTo(
    mean((m) => m.forces[4]),
    9,
  );
  const column = [0, 1].map((i) => Math.hypot(...[0, 1, 2].map((k) => spread((m) => m.forces[3 * i + k]))));
  expect(Math.max(...column)).toBeGreaterThan(1e-4);
  for (const [i, x] of column.entries()) expect(Number(arrays?.['force_deviation'].data[i])).toBeCloseTo(x, 9);
  expect(info?.['max_devi_f']).toBeCloseTo(Math.max(...column), 9);
  expect(info?.['devi_e']).toBeCloseTo(
    spread((m) => m.energy / 2),
    9,
  );
  const other = await openLabeller({ kind: 'potential', source: { directory } }, room);
  expect(other.provenance['label_model']).not.toBe(labeller.provenance['label_model']);
});

test('a frame with an element that the potential does not know is a LabelError that names it', async () => {
  const labeller = await openLabeller({ kind: 'potential', source: { directory: SILICON } }, room);
  const label = labeller.label({ ...frame, numbers: Uint8Array.of(14, 19) }, never);
  await expect(label).rejects.toThrow(LabelError);
  await expect(label).rejects.toThrow(/si\.xyz:1.*K/);
});
