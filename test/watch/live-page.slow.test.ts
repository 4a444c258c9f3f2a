import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchAndLabel } from '../../src/watch/watch-and-label.ts';
import { withBrowser } from '../browser.ts';
import { describeLane } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { makeCommittee } from './soak.ts';

/** Silicon with forces that the run would have had. */
function frameText(frame: number): string {
  const rows = Array.from({ length: 8 }, (_, i) => {
    const place = [i & 1, (i >> 1) & 1, i >> 2].map((x) => (2.7 * x + 0.05 * Math.sin(frame + 7 * i)).toFixed(6));
    return `Si ${place.join(' ')} 0.1 -0.2 ${(0.01 * frame).toFixed(2)}`;
  });
  const comment = 'Lattice="5.4 0 0 0 5.4 0 0 0 5.4" Properties=species:S:1:pos:R:3:forces:R:3';
  return `8\n${comment} energy=${-40 - frame} step=${frame}\n${rows.join('\n')}\n`;
}

describeLane('chromium', 'the live page of a watcher in a browser', () => {
  test('shows counts, throughput, queue, disagreement, parity and the last structures while frames come', {
    timeout: 240_000,
  }, async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    mkdirSync(at('runs'));
    const committee = await makeCommittee(folder);
    const [stop, kill] = [new AbortController(), new AbortController()];
    let url = '';
    const [directory, ...further] = committee;
    const watching = watchAndLabel({
      folder: at('runs'),
      store: at('data'),
      labeller: { kind: 'potential', source: { directory, further } },
      room: {},
      selection: { committee, lo: 0, hi: 1e6 },
      follow: { sweepSeconds: 0.1 },
      ...{ attempts: 1, failuresInRow: 5, timeout: 0, stop: stop.signal, kill: kill.signal, live: '' },
      onDiagnostic: () => {},
      say: (text) => {
        url ||= /http:\S+/.exec(text)?.[0] ?? '';
      },
    });
    const ended = watching.catch((error: Error) => error);
    const texts = Array.from({ length: 40 }, (_, k) => frameText(k));
    writeFileSync(at('runs/a.extxyz'), texts.slice(0, 20).join(''));
    while (url === '') await new Promise((resolve) => setTimeout(resolve, 20));
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(url, { waitUntil: 'load' });
      const shows = (text: string | RegExp) =>
        page.locator('#sections', { hasText: text }).waitFor({ state: 'attached', timeout: 90_000 });
      await shows(/labelled(19|20)\b/);
      for (const title of ['Throughput and queue', 'Disagreement of the committee', 'Prediction and label'])
        await shows(title);
      expect(await page.locator('#sections svg').count()).toBe(6);
      await page.waitForSelector('#viewer[data-atoms="8"] canvas', { timeout: 90_000 });
      writeFileSync(at('runs/a.extxyz'), texts.slice(20).join(''), { flag: 'a' });
      await shows(/labelled(39|40)\b/);
      await page
        .locator('#shown', { hasText: /a.extxyz, frame (38|39)/ })
        .waitFor({ state: 'attached', timeout: 90_000 });
      stop.abort();
      await page.locator('#state', { hasText: 'the run has ended' }).waitFor({ state: 'attached', timeout: 60_000 });
      expect(errors).toEqual([]);
    });
    expect(await ended).toMatch(/in the store/);
  });
});
