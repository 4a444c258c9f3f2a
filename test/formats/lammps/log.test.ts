import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readThermo, type ThermoTable } from '../../../formats/lammps/log.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { ROOT } from '../../lanes.ts';
import { inPieces } from './reading.ts';

async function tables(text: string | Uint8Array, sizes = [4096]) {
  const found: ThermoTable[] = [];
  const diagnostics: Diagnostic[] = [];
  const options = { path: 'log.lammps', onDiagnostic: (d: Diagnostic) => diagnostics.push(d) };
  for await (const table of readThermo(inPieces(Buffer.from(text), sizes), options)) found.push(table);
  return { found, diagnostics };
}

const LOG = readFileSync(join(ROOT, 'test/data/lammps-dump/tilted/tilted.log.txt'));
const HEAD = 'Per MPI rank memory allocation (min/avg/max) = 1 | 1 | 1 Mbytes\n';

describe('thermo output of a log', () => {
  test('a real log gives one table a run: styles one, multi and custom', async () => {
    const { found, diagnostics } = await tables(LOG);
    expect(diagnostics).toEqual([]);
    expect(found.map((t) => [t.columns[0], t.rows, t.complete])).toEqual([
      ['Step', 3, true],
      ['Step', 3, true],
      ['Step', 2, true],
    ]);
    const [one, multi, custom] = found;
    expect([...one.values['Step']]).toEqual([0, 2, 4]);
    expect(one.values['E_pair'][0]).toBe(-0.25383);
    expect(multi.columns).toContain('PotEng');
    expect(multi.values['Press'][2]).toBe(-567.7983);
    expect(custom.columns).toEqual(['Step', 'PotEng', 'Press']);
    expect(await tables(LOG, [1, 5])).toEqual({ found, diagnostics });
  });

  test('warnings between the rows are kept apart, other lines are passed over', async () => {
    const { found } = await tables(
      `${HEAD}   Step          Temp   \n 0 300\nWARNING: Fix x is odd (src/fix.cpp:1)\nSHAKE stats (type/ave/delta/count) on step 0\n 10 nan\nLoop time of 1 on 1 procs for 10 steps\n`,
    );
    expect([...found[0].values['Temp']]).toEqual([300, Number.NaN]);
    expect(found[0].warnings).toEqual([{ line: 4, text: 'WARNING: Fix x is odd (src/fix.cpp:1)' }]);
  });

  test('yaml tables', async () => {
    const { found } = await tables(
      `${HEAD}---\nkeywords: ['Step', 'Temp', 'PotEng', ]\ndata:\n  - [0, 300, -1.5, ]\n  - [10, 299.5, -1.25, ]\n...\nLoop time of 1 on 1 procs for 10 steps\n`,
    );
    expect(found[0].columns).toEqual(['Step', 'Temp', 'PotEng']);
    expect([...found[0].values['PotEng']]).toEqual([-1.5, -1.25]);
  });

  test('a killed run gives its complete rows and a diagnostic', async () => {
    const { found, diagnostics } = await tables(`${HEAD}Step Temp\n 0 300\n 10 29`);
    expect(found[0]).toMatchObject({ rows: 1, complete: false });
    expect(diagnostics).toMatchObject([{ code: 'truncated', at: { line: 4 } }]);
    const ended = await tables(
      `${HEAD}Step Temp\n 0 300\nERROR: Lost atoms: original 12 current 10 (src/thermo.cpp:439)\n`,
    );
    expect(ended.found[0]).toMatchObject({ rows: 1, complete: false });
  });

  test('a row of numbers with a number too many is an error with its line', async () => {
    await expect(tables(`${HEAD}Step Temp\n 0 300 5\nLoop time of 1\n`)).rejects.toThrow(
      /^log.lammps:3: expected 2 values/,
    );
  });
});
