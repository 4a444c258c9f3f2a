import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { replacePair } from '../../src/lammps/replace-pair.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const SCRIPT = `units metal # pair_style here is a comment
read_data si.data
pair_style sw
pair_coeff * * &
   Si.sw Si Si
pair_modify shift yes
run 10
clear
pair_style sw
pair_coeff * * Si.sw Si
print "done # not a comment"
`;

describe('replacePair', () => {
  test('replaces pair lines, keeps every other line, and says what it did', async () => {
    const { text, changes } = await replacePair('in.sw', SCRIPT);
    expect(text).toBe(`units metal # pair_style here is a comment
read_data si.data
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * Si Si
run 10
clear
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * Si
print "done # not a comment"

`);
    expect(changes).toEqual([
      `line 3: pair_style sw -> pair_style \${nnp_pair}`,
      'line 4: pair_coeff * * Si.sw Si Si -> pair_coeff * * Si Si',
      'line 6: pair_modify shift yes left out',
      `line 9: pair_style sw -> pair_style \${nnp_pair}`,
      'line 10: pair_coeff * * Si.sw Si -> pair_coeff * * Si',
    ]);
  });

  test('takes the elements as given where pair_coeff does not name them, and leaves further pair_coeff lines out', async () => {
    const script = 'pair_style lj/cut 8\npair_coeff 1 1 0.1 3\npair_coeff 2 2 0.2 3\n';
    await expect(replacePair('in.lj', script)).rejects.toThrow(
      'in.lj:2: "pair_coeff 1 1 0.1 3" does not state the elements: give --elements "Si O" [--replace-pair]',
    );
    const { text } = await replacePair('in.lj', script, { elements: ['Ar', 'Kr'] });
    expect(text).toBe(`include \${nnp}\npair_style \${nnp_pair}\npair_coeff * * Ar Kr\n\n`);
  });

  test('refuses what it does not understand, with the line', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'more'));
    writeFileSync(join(folder, 'more/pair.in'), 'pair_style sw\npair_coeff * * Si.sw Si\n');
    writeFileSync(join(folder, 'outer.in'), 'include more/pair.in\ninclude outer.in\n');
    const pair = 'pair_style sw\npair_coeff * * Si.sw Si\n';
    const cases: [string, RegExp][] = [
      ['units metal\nrun 1\n', /in\.x:1: there is no pair_style line to replace/],
      ['pair_style hybrid sw lj/cut 3\n', /in\.x:1: "pair_style hybrid sw lj\/cut 3" is not understood/],
      [`pair_style \${style}\n`, /is not understood/],
      ['pair_coeff * * Si.sw Si\n', /pair_coeff before any pair_style/],
      ['pair_style sw\nrun 1\n', /there is a pair_style without a pair_coeff line/],
      ['pair_style sw\npair_coeff * * Si.sw Si NULL\n', /does not state the elements/],
      [`${pair}if "1" then "pair_style lj/cut 3"\n`, /in\.x:3: a pair line inside another command/],
      [`bond_style harmonic\n${pair}`, /in\.x:1: the forces of "bond_style harmonic" would be added/],
      [`${pair}kspace_style pppm 1e-4\n`, /in\.x:3: the forces of "kspace_style pppm 1e-4"/],
      [`include outer.in\n${pair}`, /in\.x:1: the included file more\/pair\.in has pair lines/],
      [`include \${file}\n${pair}`, /a file whose name is a variable/],
    ];
    for (const [script, message] of cases) {
      const refusal = replacePair('in.x', script, { cwd: folder });
      await expect(refusal).rejects.toThrow(UsageError);
      await expect(refusal).rejects.toThrow(message);
    }
    await expect(replacePair('in.x', `bond_style none\n${pair}`)).resolves.toBeDefined();
  });
});
