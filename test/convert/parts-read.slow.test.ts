import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { ROOT } from '../lanes.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnp-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(name: string, text: string | Buffer, format: string, strict = true) {
  const path = join(folder, name);
  writeFileSync(path, text);
  const [one, three] = ['1', '3'].map((threads) => {
    const script = fileURLToPath(new URL('./parts-reading.mjs', import.meta.url));
    const words = ['--import', 'tsx', script, join(ROOT, 'src/convert/open.ts'), path, threads, format];
    const out = execFileSync(process.execPath, [...words, strict ? 'strict' : 'lenient'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    return JSON.parse(out);
  });
  return { one, three };
}

const random = seededRandom(7);
const number = () => (40 * (random() - 0.5)).toFixed(8);

function xyz(frames: number, atoms: number): string[] {
  return Array.from({ length: frames }, (_, k) => {
    let text = `${atoms}\nProperties=species:S:1:pos:R:3 Lattice="20 0 0 0 20 0 0 0 20" REF_energy=-${k}.5 step=${k}\n`;
    for (let a = 0; a < atoms; a++) text += `Si ${number()} ${number()} ${number()}\n`;
    return text;
  });
}

function dump(frames: number, atoms: number, first: string): string {
  let text = '';
  for (let k = 0; k < frames; k++) {
    text += `${k === 0 ? first : ''}ITEM: TIME\n${k}.5\nITEM: TIMESTEP\n${k}\nITEM: NUMBER OF ATOMS\n${atoms}\n`;
    text += 'ITEM: BOX BOUNDS pp pp pp\n0 20\n0 20\n0 20\nITEM: ATOMS id type x y z\n';
    for (let a = 0; a < atoms; a++) text += `${a + 1} 1 ${number()} ${number()} ${number()}\n`;
  }
  return text;
}

describe('a file read by several threads', () => {
  test('extxyz gives the frames, remarks and places of one thread', () => {
    const { one, three } = read('a.xyz', xyz(1500, 250).join(''), 'extxyz');
    expect(one.frames).toBe(1500);
    expect(one.diagnostics).toHaveLength(1);
    expect(three).toEqual(one);
  });

  test('a dump gives the frames, remarks and places of one thread, units of its head included', () => {
    const { one, three } = read('a.dump', dump(900, 400, 'ITEM: UNITS\nmetal\n'), 'lammps-dump');
    expect(one.frames).toBe(900);
    expect(one.diagnostics.map((d: { code: string }) => d.code)).toEqual(['units-contradict']);
    expect(three).toEqual(one);
  });

  test('units that change in the middle are noticed', () => {
    const text = dump(500, 400, 'ITEM: UNITS\nmetal\n') + dump(500, 400, 'ITEM: UNITS\nreal\n');
    const { one, three } = read('two.dump', text, 'lammps-dump');
    expect(one.frames).toBe(1000);
    expect(three).toEqual(one);
  });

  test.each([
    ['a bad row', (t: string[]) => t.with(1200, t[1200].replace('\nSi ', '\nSi x '))],
    ['a wrong count', (t: string[]) => t.with(900, t[900].replace('250\n', '251\n'))],
    ['a blank line between frames', (t: string[]) => t.with(1000, `\n${t[1000]}`)],
    ['a blank line before each frame', (t: string[]) => t.map((f, k) => (k > 600 ? `\n${f}` : f))],
    ['a cut end', (t: string[]) => t.with(-1, t[1499].slice(0, -200))],
    ['no last line break', (t: string[]) => t.with(-1, t[1499].slice(0, -1))],
    ['comments that look like counts', (t: string[]) => t.map((f) => f.replace(/\n.*\n/, '\n250\n'))],
    ['remarks in every frame', (t: string[]) => t.map((f) => f.replace(' step=', ' step=1 step='))],
  ])(
    '%s gives the same error, frames and remarks',
    (_, change) => {
      const text = change(xyz(1500, 250)).join('');
      for (const strict of [true, false]) {
        const { one, three } = read('b.xyz', text, 'extxyz', strict);
        expect(three).toEqual(one);
      }
    },
    60_000,
  );
});
