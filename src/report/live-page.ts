import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ProtocolError } from '../core/errors.ts';
import { LIVE_SCRIPT, liveHtml } from './live-client.ts';
import { type Section, sectionHtml } from './page.ts';

/** A structure to be shown in the viewer. */
export interface LiveFrame {
  readonly title: string;
  /** Symbols (n). */
  readonly species: readonly string[];
  /** Å; (n,3). */
  readonly positions: ArrayLike<number>;
}

export interface LivePage {
  readonly url: string;
  /**
   * What the page shows from now on. Cheap: drawn at most every `interval`, and only while somebody looks; what is published in
   * between is never seen.
   */
  publish(sections: readonly Section[], frames?: readonly LiveFrame[]): void;
  /** Shows what was published last and that the run has ended, then stops listening. */
  close(message?: string): Promise<void>;
}

interface LivePageOptions {
  readonly title: string;
  /** 0 = any free port. */
  readonly port?: number;
  /** Whether there are frames to show in three dimensions (3Dmol.js). */
  readonly viewer?: boolean;
  /** Least time between two drawings, ms. */
  readonly interval?: number;
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;
/** ms: a comment that keeps idle connections open, and the wait before a browser tries again. */
const HEARTBEAT = 15_000;
const RETRY = 2000;
/** ms given to browsers to take the last events. */
const LAST_WORDS = 1000;

/**
 * Serves a page on 127.0.0.1 that redraws itself while a run goes on (server-sent events). Only GET of the page, its scripts and its
 * events is answered, and only under the names of this host, so that no foreign page can read it by DNS rebinding. Throws
 * ProtocolError when the port cannot be had.
 */
export async function openLivePage(options: LivePageOptions): Promise<LivePage> {
  const { title, port = 0, viewer = false, interval = 500 } = options;
  const assets = new Map<string, { readonly type: string; readonly body: string | Buffer }>();
  const scripts = viewer ? ['/3Dmol-min.js', '/live.js'] : ['/live.js'];
  assets.set('/', { type: 'text/html; charset=utf-8', body: liveHtml(title, scripts, viewer) });
  assets.set('/live.js', { type: JAVASCRIPT, body: LIVE_SCRIPT });
  if (viewer) {
    const path = fileURLToPath(import.meta.resolve('3dmol/build/3Dmol-min.js'));
    assets.set('/3Dmol-min.js', { type: JAVASCRIPT, body: readFileSync(path) });
  }
  const events = new Events(interval);
  const server = createServer((request, response) => {
    const { port: listening } = server.address() as AddressInfo;
    const refusal = refusalOf(request, listening);
    if (refusal) return answer(response, refusal[0], 'text/plain', `${refusal[1]}\n`);
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/events') return events.join(response);
    const asset = assets.get(path);
    if (!asset) return answer(response, 404, 'text/plain', 'not here\n');
    answer(response, 200, asset.type, asset.body);
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    publish: (sections, frames) => events.publish(sections, frames),
    async close(message = 'the run has ended') {
      await events.end(message);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new ProtocolError(`the live page cannot listen on 127.0.0.1:${port}: ${error.message}; give another port`),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** Status and reason, undefined for a request that is answered. */
function refusalOf(request: IncomingMessage, port: number): readonly [number, string] | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(request.headers.host ?? '')) return [421, `this page is ${hosts.join(' or ')}`];
  if (request.method !== 'GET') return [405, 'only GET'];
  return undefined;
}

function answer(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type }).end(body);
}

/** The browsers that are looking, and what each of them has. */
class Events {
  readonly #interval: number;
  /** Rendered sections that each browser shows; a slow one is passed over until it has taken what it was sent. */
  readonly #browsers = new Map<ServerResponse, { shown: readonly string[]; frames: string | undefined }>();
  #sections: readonly Section[] = [];
  #frames: readonly LiveFrame[] | undefined;
  /** Rendered from the sections of the same place; kept while a section stays the same object. */
  #drawn: { readonly section: Section; readonly html: string }[] = [];
  #framesText: string | undefined;
  #time = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #lastDrawn = 0;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(interval: number) {
    this.#interval = interval;
    this.#heartbeat = setInterval(() => {
      for (const browser of this.#browsers.keys()) browser.write(':\n\n');
    }, HEARTBEAT).unref();
  }

  join(response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(`retry: ${RETRY}\n\n`);
    this.#browsers.set(response, { shown: [], frames: undefined });
    response.on('close', () => this.#browsers.delete(response));
    response.on('error', () => this.#browsers.delete(response));
    response.on('drain', () => this.#schedule());
    this.#schedule();
  }

  publish(sections: readonly Section[], frames?: readonly LiveFrame[]): void {
    this.#sections = sections;
    this.#time = Date.now();
    if (frames) {
      this.#frames = frames;
      this.#framesText = undefined;
    }
    this.#schedule();
  }

  async end(message: string): Promise<void> {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#timer);
    this.#draw();
    const left = [...this.#browsers.keys()].map(
      (browser) =>
        new Promise<void>((resolve) => {
          browser.once('close', () => resolve());
          browser.end(eventText('ended', message), () => resolve());
        }),
    );
    const limit = new Promise((resolve) => setTimeout(resolve, LAST_WORDS).unref());
    await Promise.race([Promise.all(left), limit]);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#browsers.size === 0) return;
    const wait = Math.max(0, this.#lastDrawn + this.#interval - performance.now());
    this.#timer = setTimeout(() => this.#draw(), wait).unref();
  }

  #draw(): void {
    this.#timer = undefined;
    if (this.#browsers.size === 0) return;
    this.#drawn = this.#sections.map((section, k) =>
      this.#drawn[k]?.section === section ? this.#drawn[k] : { section, html: drawnHtml(section) },
    );
    const all = this.#drawn.map(({ html }) => html);
    if (this.#frames) this.#framesText ??= framesText(this.#frames);
    for (const [browser, has] of this.#browsers) {
      if (browser.writableNeedDrain) continue;
      const changed = all.flatMap((html, k) => (has.shown[k] === html ? [] : [[k, html]]));
      if (changed.length > 0 || has.shown.length !== all.length)
        browser.write(eventText('sections', { count: all.length, changed, time: this.#time }));
      if (this.#framesText !== undefined && has.frames !== this.#framesText)
        browser.write(`event: frames\ndata: ${this.#framesText}\n\n`);
      this.#browsers.set(browser, { shown: all, frames: this.#framesText });
    }
    this.#lastDrawn = performance.now();
  }
}

/** A live page must not end the run that it shows. */
function drawnHtml(section: Section): string {
  try {
    return sectionHtml(section);
  } catch (error) {
    return sectionHtml({ title: section.title, text: `cannot be drawn: ${(error as Error).message}` });
  }
}

/** JSON has no line ends of its own, so an event is always one line of data. */
function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function framesText(frames: readonly LiveFrame[]): string {
  return JSON.stringify(
    frames.map(({ title, species, positions }) => ({
      title,
      species,
      positions: Array.from(positions, (x) => Math.round(x * 1000) / 1000),
    })),
  );
}
