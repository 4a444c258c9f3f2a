import { describe, expect, test } from 'vitest';
import { ProgressReader, progressText } from '../../src/lammps/progress.ts';

const SCREEN = `Setting up Verlet run ...
  Unit style    : metal
  Current step  : 0
  Time step     : 0.002
Per MPI rank memory allocation (min/avg/max) = 4.4 | 4.4 | 4.4 Mbytes
Step Temp PotEng c_disagreement 
       0          300   -123.45678   0.01 
     100     290.1234   -123.4 0.02 
Loop time of 1 on 1 procs
     100   1 2 3
`;

/** A clock that advances 10 s at each look. */
function clock() {
  let time = 0;
  return () => {
    time += 10_000;
    return time;
  };
}

describe('ProgressReader', () => {
  test('gives step, speed, temperature, energy and disagreement of the last line', () => {
    const progress = new ProgressReader(clock()).push(SCREEN);
    expect(progress?.step).toBe(100);
    // 100 steps of 2 fs in 10 s
    expect(progress?.nsPerDay).toBeCloseTo((100 * 0.002e-3 * 86_400) / 10, 12);
    expect(progress && progressText(progress)).toBe('step 100  1.73 ns/day  T 290.1234 K  E -123.4  disagreement 0.02');
  });

  test('gives the same when the output comes byte by byte', () => {
    const reader = new ProgressReader(clock());
    const seen = [...SCREEN].flatMap((letter) => reader.push(letter) ?? []);
    expect(seen.map(({ step }) => step)).toEqual([0, 100]);
    expect(seen[0].nsPerDay).toBeUndefined();
    expect(seen[1].values.get('Temp')).toBe(290.1234);
  });

  test('gives no speed in a minimization and in unknown units, and nothing for lines of words', () => {
    const without = SCREEN.replace(/.*Time step.*\n/, '');
    expect(new ProgressReader(clock()).push(without)?.nsPerDay).toBeUndefined();
    expect(new ProgressReader(clock()).push(SCREEN.replace('metal', 'lj'))?.nsPerDay).toBeUndefined();
    expect(new ProgressReader().push('Step by step we go on\n1 2\nWARNING: x\n')).toBeUndefined();
  });
});
