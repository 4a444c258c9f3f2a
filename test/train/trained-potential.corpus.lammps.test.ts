import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { train } from '../../src/train/train.ts';
import { withBrowser } from '../browser.ts';
import { describeLane, SHARED } from '../lanes.ts';
import { runCrystal } from './crystal-run.ts';

interface Plot {
  readonly texts: readonly string[];
  readonly marks: number;
  readonly width: number;
  readonly height: number;
}

/** Runs in the page. */
const PLOTS = `Array.from(document.querySelectorAll('svg'), (svg) => ({
  texts: Array.from(svg.querySelectorAll('text'), (text) => text.textContent),
  marks: svg.querySelectorAll('path').length,
  width: svg.getBoundingClientRect().width,
  height: svg.getBoundingClientRect().height,
}))`;

// `npm run bench -- trained-md` has the whole 20 ps of Si, Mo and Li with fully trained potentials.
describeLane('corpus', 'a potential trained on Li with the settings made from the data, three epochs', () => {
  let folder: string;
  let potential: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trained-'));
    potential = join(folder, 'Li');
    const data = join(SHARED, 'datasets', 'mlearn', 'Li-test.extxyz');
    await train({ data, output: potential, seed: 1, epochs: 3, read: {}, onDiagnostic: () => {} });
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true }));

  describeLane('lammps', 'in LAMMPS', () => {
    test('runs 2 ps of NVT at 300 K: stable, with the conserved energy constant', async () => {
      const { temperature, hottest, drift, scatter } = await runCrystal('Li', potential, 2);
      expect(Math.abs(temperature - 300)).toBeLessThan(80);
      expect(hottest).toBeLessThan(700);
      expect(Math.abs(drift)).toBeLessThan(2e-5);
      expect(scatter).toBeLessThan(2e-4);
    }, 400_000);
  });

  describeLane('chromium', 'its report in a browser', () => {
    test('shows its plots: each has a size, axes and marks, and nothing is asked of any network', async () => {
      const page = join(potential, 'report.html');
      expect(existsSync(page)).toBe(true);
      const picture = join(folder, 'report.png');
      const seen = await withBrowser(async (browser) => {
        const tab = await browser.newPage();
        const requests: string[] = [];
        const complaints: string[] = [];
        tab.on('request', (request) => requests.push(request.url()));
        tab.on('pageerror', (error) => complaints.push(error.message));
        await tab.goto(pathToFileURL(page).href);
        await tab.screenshot({ path: picture, fullPage: true });
        const plots = await tab.evaluate<Plot[]>(PLOTS);
        return { plots, requests, complaints };
      });
      expect(seen.complaints).toEqual([]);
      expect(seen.requests).toEqual([pathToFileURL(page).href]);
      const texts = seen.plots.map(({ texts: own }) => own.join(' | '));
      for (const [title, axis] of [
        ['Energy per atom', 'eV/atom'],
        ['Force components', 'eV/Å'],
        ['Energy errors', 'meV/atom'],
        ['Force errors', 'eV/Å'],
        ['Angle between forces', 'degrees'],
        ['Error of the length', 'eV/Å'],
        ['Energy', 'CPU time / s'],
        ['Forces', 'CPU time / s'],
      ])
        expect(
          texts.some((text) => text.includes(title) && text.includes(axis)),
          title,
        ).toBe(true);
      for (const { width, height, marks } of seen.plots) {
        expect(width).toBeGreaterThan(300);
        expect(height).toBeGreaterThan(150);
        expect(marks).toBeGreaterThan(5);
      }
      // A blank page of this size compresses to a few kilobytes.
      expect((await stat(picture)).size).toBeGreaterThan(50_000);
    }, 180_000);
  });
});
