import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { finnisSinclair, setflText } from '../../../src/conductance/pull/finnis-sinclair.ts';
import { describeLane, SHARED } from '../../lanes.ts';

/** Numbers of a setfl file after its six lines of head. */
function tableOf(text: string): number[] {
  return text.split('\n').slice(6).join(' ').trim().split(/\s+/).map(Number);
}

describe('the Finnis-Sinclair potential', () => {
  test('has the tabulated values of potassium', () => {
    const { phi, rho, cutoff } = finnisSinclair('K');
    expect(phi(4.521)).toBeCloseTo(0.061618342, 9);
    expect(rho(4.521)).toBeCloseTo(0.135599725, 9);
    expect(phi(5.2205)).toBeCloseTo(0.021509809, 9);
    expect(phi(6)).toBeCloseTo(-0.005199911, 9);
    expect(cutoff).toBeCloseTo(6.78549, 5);
    expect(phi(cutoff)).toBe(0);
    expect(rho(2)).toBe(0);
  });

  test('of rubidium is the one that potassium is scaled from', () => {
    const [k, rb] = ['K', 'Rb'].map(finnisSinclair);
    expect(k.phi(4.5)).toBeCloseTo(1.111915705 * rb.phi((4.5 * 5.585) / 5.21960779), 12);
    expect(k.rho(4.5)).toBeCloseTo(1.111915705 ** 2 * rb.rho((4.5 * 5.585) / 5.21960779), 12);
  });

  test('binds a bcc crystal of potassium by 0.934 eV an atom at its lattice constant', () => {
    const { phi, rho, cutoff } = finnisSinclair('K');
    const energy = (a: number) => {
      let pair = 0;
      let density = 0;
      for (let i = -6; i <= 6; i++)
        for (let j = -6; j <= 6; j++)
          for (let k = -6; k <= 6; k++) {
            // bcc: all three even or all three odd, in halves of the edge
            if ((i - j) % 2 !== 0 || (i - k) % 2 !== 0) continue;
            const r = (a / 2) * Math.hypot(i, j, k);
            if (r === 0 || r >= cutoff) continue;
            pair += phi(r) / 2;
            density += rho(r);
          }
      return pair - Math.sqrt(density);
    };
    expect(energy(5.2196)).toBeCloseTo(-0.934, 4);
    expect(energy(5.2196)).toBeLessThan(energy(5.21));
    expect(energy(5.2196)).toBeLessThan(energy(5.23));
  });

  test('the table holds the functions in the order of setfl', () => {
    const potential = finnisSinclair('K');
    const lines = [...setflText(potential)].join('').split('\n');
    expect(lines[3]).toBe('1 K');
    const [rows, step, count, dr, cutoff] = lines[4].split(' ').map(Number);
    expect([rows, step, count]).toEqual([400, 0.05, 10_000]);
    expect(dr * count).toBeCloseTo(cutoff, 12);
    expect(lines[5]).toBe('19 39.0983 5.2205 bcc');
    const table = tableOf(lines.join('\n'));
    expect(table).toHaveLength(rows + 2 * count);
    expect(table[80]).toBeCloseTo(-2, 12);
    expect(table[rows + 6000]).toBeCloseTo(potential.rho(6000 * dr), 12);
    expect(table[rows + count + 7000]).toBeCloseTo(7000 * dr * potential.phi(7000 * dr), 12);
  });

  test('an element without one is an error that says what to give', () => {
    expect(() => finnisSinclair('Au')).toThrow('--pair');
  });
});

describeLane('corpus', 'the table of the nanowire data set', () => {
  test('is the one that is written here, to its digits', () => {
    const given = gunzipSync(readFileSync(join(SHARED, 'datasets/nanowire/raw/K_fs.eam.fs.gz'))).toString();
    const [theirs, ours] = [given, [...setflText(finnisSinclair('K'))].join('')].map(tableOf);
    expect(ours).toHaveLength(theirs.length);
    let largest = 0;
    for (let k = 0; k < ours.length; k++) largest = Math.max(largest, Math.abs(ours[k] - theirs[k]));
    expect(largest).toBeLessThan(1e-9);
  });
});
