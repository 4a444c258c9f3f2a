import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openLivePage } from '../../src/report/live-page.ts';
import type { Section } from '../../src/report/page.ts';
import { withBrowser } from '../browser.ts';
import { describeLane } from '../lanes.ts';

const chart = (y: number): Section => ({
  title: 'Histogram',
  text: `${y} frames`,
  charts: [
    {
      title: 'H',
      x: 'G / G0',
      y: 'counts',
      series: [
        {
          name: 's',
          points: [
            [0, 1],
            [1, y],
          ],
        },
      ],
    },
  ],
});

/** Stands before a live page and can vanish, as a program that is killed does: without a word. */
async function passage(url: string) {
  const target = new URL(url);
  const server = createServer((incoming, outgoing) => {
    const options = { hostname: target.hostname, port: target.port, path: incoming.url };
    request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const vanish = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, vanish, comeBack: () => listen(port) };
}

describeLane('chromium', 'the live page in a browser', () => {
  test('redraws without being loaded again, shows the structure, finds the run again and says that it has ended', {
    timeout: 180_000,
  }, async () => {
    const live = await openLivePage({ title: 'pulls', viewer: true, interval: 20 });
    const between = await passage(live.url);
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(between.url, { waitUntil: 'load' });
      await page.evaluate('globalThis.loadedOnce = true');
      const shows = (selector: string, text: string) =>
        page.locator(selector, { hasText: text }).waitFor({ state: 'attached', timeout: 60_000 });
      live.publish([chart(1), { title: 'Other' }]);
      await shows('#sections', '1 frames');
      expect(await page.locator('#sections svg').count()).toBe(1);
      const frame = { title: 'frame 7', species: ['K', 'K'], positions: [0, 0, 0, 0, 0, 4.5] };
      live.publish([chart(2)], [frame]);
      await shows('#sections', '2 frames');
      expect(await page.locator('#sections > section').count()).toBe(1);
      await shows('#shown', 'frame 7');
      await page.waitForSelector('#viewer[data-atoms="2"] canvas', { timeout: 60_000 });

      between.vanish();
      await shows('#state', 'not connected');
      live.publish([chart(3)]);
      await between.comeBack();
      await shows('#sections', '3 frames');
      await live.close('57 pulls are done');
      await shows('#state', '57 pulls are done');
      between.vanish();
      expect(await page.evaluate('globalThis.loadedOnce')).toBe(true);
      expect(errors).toEqual([]);
    });
  });
});
