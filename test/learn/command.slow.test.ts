import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withBrowser } from '../browser.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { SMALL_LOOP, SMALL_TRAINING } from './small-loop.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const LOOP = SMALL_LOOP.replace('potential: [si]', `potential: [${join(ROOT, 'examples/silicon/potential')}]`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'learn-command-'));
  await writeFile(at('train.yaml'), SMALL_TRAINING);
  await writeFile(at('silicon.yaml'), LOOP);
});
afterAll(() => rm(folder, { recursive: true, maxRetries: 3 }));

/** Runs the command in the folder; `until` = interrupted (SIGINT) when it has said so. */
async function learn(words: readonly string[], until?: RegExp) {
  const child = spawn(
    process.execPath,
    ['--import', join(ROOT, 'node_modules/tsx/dist/loader.mjs'), join(ROOT, 'src/cli/main.ts'), 'learn', ...words],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let said = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (!interrupted && until?.test(said)) {
      interrupted = true; // the second would end it at once
      child.kill('SIGINT');
    }
  });
  const [code] = await once(child, 'close');
  return { code, out, said };
}

test('Ctrl-C keeps what is labelled and says how to go on; the same command then ends with the report', async () => {
  const first = await learn(['silicon.yaml', '-O', 'run'], /round 1: training/);
  expect(first.code).toBe(130);
  expect(first.said).toContain('go on with: nnp-bridge learn silicon.yaml -O run');
  expect(first.out).toMatch(/^interrupted: \d+ labelled frames in run\/store\n/);
  const second = await learn(['silicon.yaml', '-O', 'run']);
  expect(second.code, second.said).toBe(0);
  expect(second.out).toMatch(
    /^all rounds done: \d+ labelled frames in run\/store\npotential: run\/round-2\/committee\n/,
  );
  expect(second.said).not.toContain('round 0: labelling');
  const record = JSON.parse(await readFile(at('run/run.json'), 'utf8'));
  expect(record).toMatchObject({ command: 'learn', seed: 3, end: 'all rounds done' });
  expect(record.rounds).toHaveLength(3);
  expect(record.inputs.config.sha256).toMatch(/^[0-9a-f]{64}$/);
}, 600_000);

test('a mistake in the configuration is told with its line and nothing is begun', async () => {
  await writeFile(at('wrong.yaml'), LOOP.replace('rounds: 2', 'rounds: two'));
  const { code, said } = await learn(['wrong.yaml']);
  expect(code).toBe(1);
  expect(said).toMatch(/^wrong\.yaml:3: rounds: expected an integer from 0 to 1000, found "two" \[learn config\]/);
}, 60_000);

describeLane('chromium', 'the report in a browser', () => {
  test('shows every chart with something drawn in it, and asks for nothing from outside', async () => {
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      const url = pathToFileURL(at('run/report.html')).href;
      await page.goto(url);
      expect(requests).toEqual([url]);
      const charts = await page.$$eval('figure svg', (all) =>
        all.map((svg) => ({
          width: svg.getBoundingClientRect().width,
          marks: svg.querySelectorAll('path, circle').length,
          text: svg.textContent ?? '',
        })),
      );
      const titles = ['Forces over the rounds', 'Energies over the rounds', 'Largest disagreement of a frame'];
      for (const title of [...titles, 'Disagreement against error', 'Cost of a label', 'Force components'])
        expect(charts.some(({ text }) => text.includes(title))).toBe(true);
      for (const { width, marks } of charts) {
        expect(width).toBeGreaterThan(300);
        expect(marks).toBeGreaterThan(3);
      }
    });
  }, 60_000);
});
