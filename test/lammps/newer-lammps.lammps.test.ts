import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeLane, ROOT } from '../lanes.ts';
import { installedLammps } from './lammps-fixture.ts';

const folder = join(ROOT, 'lammps-scripts', 'pair-style');

/** A pair style below a base class whose destructor may throw (LAMMPS of 2025) or may not (LAMMPS of 2021). */
const program = (may: boolean) => `
#include "committee.h"
struct Pointers { virtual ~Pointers() noexcept(${!may}) {} };
struct Style : Pointers, NNP::Committee {
  ~Style() override {}
  bool is_committee() const override { return true; }
  int members() const override { return 1; }
  int members_atoms() const override { return 0; }
  const double *member_forces(int) const override { return nullptr; }
};
int main() { Style style; return style.members() - 1; }
`;

describeLane('lammps', 'styles of this folder', () => {
  for (const may of [true, false])
    test(`compile where destructors of LAMMPS may ${may ? '' : 'not '}throw`, () => {
      const headers = join(dirname(dirname(installedLammps().path)), 'include', 'lammps');
      const words = ['-x', 'c++', '-std=c++17', '-fsyntax-only', `-I${folder}`, `-I${headers}`, '-'];
      const done = spawnSync('mpicxx', words, { input: program(may), encoding: 'utf8', timeout: 60_000 });
      expect(done.stderr).toBe('');
      expect(done.status).toBe(0);
    });
});
