import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLivePage } from '../../src/report/live-page.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function ask(url: string, path: string, options: { method?: string; host?: string } = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', host = `${hostname}:${port}` } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    sent.on('error', reject).end();
  });
}

async function opened(options: { viewer?: boolean } = {}) {
  const page = await openLivePage({ title: 'run <1>', interval: 10, ...options });
  onTestFinished(() => page.close());
  return page;
}

describe('the live page', () => {
  test('listens on the loopback address and answers with a page that may load nothing from elsewhere', async () => {
    const { url } = await opened();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const { status, body, headers } = await ask(url, '/');
    expect(status).toBe(200);
    expect(body).toContain('run &lt;1&gt;');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('refuses a name of another host, as DNS rebinding would send it', async () => {
    const { url } = await opened();
    for (const host of ['evil.example', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example'])
      expect((await ask(url, '/', { host })).status).toBe(421);
    expect((await ask(url, '/', { host: `localhost:${new URL(url).port}` })).status).toBe(200);
  });

  test('refuses everything but GET', async () => {
    const { url } = await opened();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
      expect((await ask(url, '/', { method })).status).toBe(405);
  });

  test('serves no file by its path', async () => {
    const { url } = await opened({ viewer: true });
    for (const path of ['/package.json', '/../package.json', '/%2e%2e/package.json', '//etc/passwd', '/etc/passwd'])
      expect((await ask(url, path)).status).toBe(404);
    expect((await ask(url, '/3Dmol-min.js')).body.length).toBeGreaterThan(100_000);
  });

  test('a page without a viewer does not serve one', async () => {
    const { url } = await opened();
    expect((await ask(url, '/3Dmol-min.js')).status).toBe(404);
  });

  test('a port that is taken is an error that names it', async () => {
    const { url } = await opened();
    const port = Number(new URL(url).port);
    await expect(openLivePage({ title: 't', port })).rejects.toThrow(`127.0.0.1:${port}`);
  });

  test('events hold the sections, then only those that changed, then the end', async () => {
    const page = await openLivePage({ title: 't', interval: 0 });
    const first = { title: 'first', text: 'one' };
    page.publish([first, { title: 'second', text: 'a < b' }]);
    const { port } = new URL(page.url);
    let text = '';
    const seen = (word: string) => expect.poll(() => text, { timeout: 20_000 }).toContain(word);
    const ended = new Promise<void>((resolve) => {
      request({ port, host: '127.0.0.1', path: '/events' }, (response) => {
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', resolve);
      }).end();
    });
    await seen('a &lt; b');
    page.publish([first, { title: 'second', text: 'three' }]);
    await seen('three');
    await page.close('all pulls are done');
    await ended;
    expect(text).toContain('event: ended\ndata: "all pulls are done"');
    const later = text.split('event: sections')[2];
    expect(later).toContain('three');
    expect(later).not.toContain('first');
  });

  test('a section that cannot be drawn says so and does not end the run', async () => {
    const page = await openLivePage({ title: 't', interval: 0 });
    const rows = [undefined] as unknown as string[][];
    page.publish([{ title: 'broken', table: { head: ['a'], rows } }]);
    const { port } = new URL(page.url);
    let text = '';
    request({ port, host: '127.0.0.1', path: '/events' }, (response) => {
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }).end();
    await expect.poll(() => text, { timeout: 20_000 }).toContain('cannot be drawn');
    await page.close();
  });
});
