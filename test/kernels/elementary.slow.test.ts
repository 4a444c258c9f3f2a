import { describe, expect, test } from 'vitest';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { COMPILER, compile, runJson, targets } from './compile.ts';

/** Units in the last place against long double; absolute for cutoffs (against a difference quotient for their slopes). */
const BOUNDS = {
  exp: 4,
  log: 5,
  tanh: 5,
  rsqrt: 3,
  acos: 5,
  sin: 5,
  cosine: 4,
  sine: 4,
  power: 50,
  squaring: 20,
  cutoff: 2e-15,
  cutoffSlope: 1e-9,
};

describe.skipIf(!COMPILER || process.arch !== 'x64')('elementary functions of the kernel', () => {
  test.each(targets(nativeVariants()))(
    'are right to a few units in the last place (%s)',
    { timeout: 300_000 },
    (_name, flags) => {
      const errors = runJson(compile('elementary.cpp', ['-O2', '-ffp-contract=fast', ...flags]), []);
      expect(Object.keys(errors)).toEqual(Object.keys(BOUNDS));
      for (const [name, bound] of Object.entries(BOUNDS)) expect.soft(errors[name], name).toBeLessThan(bound);
    },
  );
});
