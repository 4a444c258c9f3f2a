import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectFiles } from '../../src/convert/inspect.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nnp-inspect-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function inspect(text: string, json: boolean, strict = true) {
  const path = join(folder, 'a.xyz');
  await writeFile(path, text);
  let out = '';
  const diagnostics: Diagnostic[] = [];
  const print = async (piece: string) => {
    out += piece;
  };
  const read = { strict, onDiagnostic: (d: Diagnostic) => diagnostics.push(d) };
  const error = await inspectFiles([path], { json, read, print }).catch((e: unknown) => e);
  return { out, error, diagnostics };
}

const block = (energy: number) =>
  `2\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:forces:R:3 energy=${energy} step=${-energy}\n` +
  'Si 0 0 0 0 0 3\nO 1 1 1 0 4 0\n';

test('the table says frames, atoms, composition, cell, labels and ranges', async () => {
  const { out, error } = await inspect(block(-4) + block(-6), false);
  expect(error).toBeUndefined();
  for (const pattern of [
    /format +extxyz/,
    /frames +2\n/,
    /atoms +2\n/,
    /composition +Si O\n/,
    /volume 64, periodic TTT/,
    /labels +energy.*forces/,
    /energy per atom +-3 … -2\n/,
    /largest force +4 /,
  ])
    expect(out).toMatch(pattern);
});

test('a cut-off file gives its whole frames and then an error, or a warning when asked', async () => {
  const cut = block(-4) + block(-6).slice(0, -12);
  const strict = await inspect(cut, true);
  expect(strict.out.trim().split('\n').length).toBe(1);
  expect(String(strict.error)).toMatch(/a\.xyz:8/);
  const lenient = await inspect(cut, true, false);
  expect(lenient.error).toBeUndefined();
  expect(lenient.diagnostics.map((d) => d.code)).toContain('truncated');
  expect((await inspect(cut, false)).out).toMatch(/frames +1\n/);
});
