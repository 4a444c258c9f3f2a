import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { withBrowser } from '../../browser.ts';
import { describeLane, ROOT } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { GrowingFile, PulledWire } from './wires.ts';

const CLI = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'conductance', 'predict'];

test('a run that is killed at once leaves whole rows, and the next one goes on behind them', {
  timeout: 240_000,
}, async () => {
  const folder = temporaryFolder();
  const wire = new PulledWire();
  const frames = Array.from({ length: 60 }, (_, k) => wire.frame(200 * k, 0.05 * k));
  const path = join(folder, 'pull.dump');
  writeFileSync(path, frames.join(''));
  const words = [...CLI, path, '-O', join(folder, 'out'), '--label', 'jellium', '--element', 'K', '--threads', '1'];
  const traces = () => {
    try {
      return readFileSync(join(folder, 'out/traces.csv'), 'utf8');
    } catch {
      return '';
    }
  };
  const child = spawn('node', words, { cwd: ROOT, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await expect.poll(() => traces().split('\n').length, { timeout: 120_000, interval: 20 }).toBeGreaterThan(6);
  child.kill('SIGKILL');
  await ended;
  const before = traces();
  const next = spawnSync('node', words, { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
  expect(next.status).toBe(0);
  const predicted = Number(/(\d+) predicted by this run/.exec(next.stdout)?.[1]);
  const rows = before.split('\n').length - 4; // two comments, the head, and what follows the last line
  expect(predicted).toBe(60 - rows);
  expect(traces().startsWith(before)).toBe(true);
  const frameNumbers = traces()
    .trim()
    .split('\n')
    .slice(3)
    .map((row) => Number(row.split(',')[1]));
  expect(frameNumbers).toEqual(Array.from({ length: 60 }, (_, k) => k));
});

test('frames on stdin are predicted; an empty folder ends with status 1 and says what was expected', {
  timeout: 120_000,
}, () => {
  const folder = temporaryFolder();
  const words = ['--label', 'jellium', '--element', 'K', '--threads', '1', '-O', join(folder, 'out')];
  const input = new PulledWire().frames(3).join('');
  const piped = spawnSync('node', [...CLI, '-', ...words], { cwd: ROOT, encoding: 'utf8', input, timeout: 60_000 });
  expect(piped.stdout).toContain('3 snapshots of 1 trajectories');
  mkdirSync(join(folder, 'empty'));
  const empty = spawnSync('node', [...CLI, join(folder, 'empty'), ...words], { cwd: ROOT, encoding: 'utf8' });
  expect(empty.status).toBe(1);
  expect(empty.stderr).toContain('no file of frames');
  const neither = spawnSync('node', [...CLI, join(folder, 'empty'), '-O', folder], { cwd: ROOT, encoding: 'utf8' });
  expect(neither.status).toBe(2);
  expect(neither.stderr).toContain('--predictor DIR');
});

describeLane('chromium', 'conductance predict in a browser', () => {
  test('the live page redraws while a dump grows and says when the run has ended; the report shows every histogram', {
    timeout: 300_000,
  }, async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'pull.dump');
    const file = new GrowingFile(path);
    const frames = new PulledWire().frames(20);
    file.add(frames.slice(0, 4).join(''));
    const out = join(folder, 'out');
    const words = [path, '-O', out, '--label', 'tb-s', '--element', 'K', '--threads', '1', '--follow', '--live'];
    const child = spawn('node', [...CLI, ...words], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(/live page: \S+/);
    const url = /live page: (\S+)/.exec(said)?.[1] as string;
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(url, { waitUntil: 'load' });
      const shows = (selector: string, text: string | RegExp) =>
        page.locator(selector, { hasText: text }).first().waitFor({ state: 'attached', timeout: 60_000 });
      await shows('#sections td', /^[34]$/); // the last frame counts as complete when the file rests
      file.add(frames.slice(4).join(''));
      await shows('#sections td', /^16$/);
      await shows('#sections h2', 'Linear histogram');
      await shows('#shown', 'pull.dump, frame 15');
      await page.waitForSelector('#viewer canvas', { timeout: 60_000 });
      child.kill('SIGTERM');
      await shows('#state', 'the run has ended: 16 snapshots of 1 trajectories');
      await ended;
      expect(requests.every((address) => address.startsWith(url))).toBe(true);

      const report = await browser.newPage();
      report.on('pageerror', (error) => errors.push(error.message));
      report.on('request', (request) => requests.push(request.url()));
      const before = requests.length;
      await report.goto(pathToFileURL(join(out, 'report.html')).href);
      expect(requests.length - before).toBe(1);
      expect(await report.locator('svg').count()).toBeGreaterThanOrEqual(5);
      expect(await report.locator('h2').allTextContents()).toEqual(
        expect.arrayContaining(['Prediction', 'Rupture', 'Linear histogram', 'Plateau lengths']),
      );
      const drawn = await report.locator('svg').first().boundingBox();
      expect(drawn?.width).toBeGreaterThan(300);
      expect(errors).toEqual([]);
    });
  });
});
