import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chartSvg } from '../../src/report/chart.ts';
import { reportPage, tableText } from '../../src/report/page.ts';
import { reportRuns } from '../../src/report/report-runs.ts';

const LOG = `Per MPI rank memory allocation (min/avg/max) = 4.6 | 4.6 | 4.6 Mbytes
Step Temp PotEng TotEng Press
0 600 -1169.9 -1153.25 16575.9
100 309.4 -1161.8 -1153.24 14164.3
Loop time of 1 on 1 procs for 100 steps with 216 atoms
`;

describe('reports', () => {
  test('a page is one file: inline SVG, no script, no outside reference, text escaped', () => {
    const page = reportPage('a < b', [
      {
        title: 'x & y',
        table: { head: ['<h>'], rows: [['"q"']] },
        charts: [
          {
            title: 't',
            x: 'x / ps',
            y: 'y / eV',
            series: [
              {
                name: 's',
                points: [
                  [0, 1],
                  [1, 2],
                ],
              },
            ],
          },
        ],
      },
    ]);
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script|<link|src="|href="http/);
    expect(page).toContain('a &lt; b');
    expect(page).toContain('&quot;q&quot;');
  });

  test('a chart shows the names and units of its axes', () => {
    const svg = chartSvg({
      title: 'T',
      x: 'time / ps',
      y: 'energy / eV',
      series: [
        {
          name: 'run',
          points: [
            [0, 1],
            [1, 2],
          ],
        },
      ],
    });
    expect(svg).toContain('time / ps');
    expect(svg).toContain('energy / eV');
  });

  test('a LAMMPS log becomes a page with energy, temperature, pressure and conservation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'report-'));
    const log = join(folder, 'log.lammps');
    writeFileSync(log, LOG);
    await reportRuns([log], join(folder, 'r.html'), 0.001);
    const page = readFileSync(join(folder, 'r.html'), 'utf8');
    rmSync(folder, { recursive: true });
    expect(page.match(/<svg/g)).toHaveLength(5);
    expect(page).toContain('454.7000'); // mean temperature
    expect(page).toContain('0.100000'); // 100 steps of 0.001 ps
  });

  test('a log without thermo output is an error, not an empty page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'report-'));
    const log = join(folder, 'log.lammps');
    writeFileSync(log, 'LAMMPS (29 Sep 2021)\n');
    await expect(reportRuns([log], join(folder, 'r.html'), 0.001)).rejects.toThrow('no thermo output');
    rmSync(folder, { recursive: true });
  });

  test('a text table is aligned', () => {
    expect(
      tableText({
        head: ['name', 'n'],
        rows: [
          ['a', 10],
          ['bcd', 5],
        ],
      }),
    ).toBe('name   n\na     10\nbcd    5');
  });
});
