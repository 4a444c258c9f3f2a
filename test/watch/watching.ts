import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { type FollowFileOptions, followFile } from '../../src/watch/follow-file.ts';
import { type WatchOptions, watchDirectory } from '../../src/watch/watch-directory.ts';
import type { Cursor, WatchedFrame } from '../../src/watch/watched-frame.ts';

/** Machines under load are slow: a wait that fails has waited this long. */
const PATIENCE = 60_000;
vi.setConfig({ testTimeout: 120_000 });
/** Short times, so that a test waits little. */
export const QUICK = { quietSeconds: 0.15, sweepSeconds: 0.1 } as const;

/** One step of a text dump; positions depend on the step, so that each frame has its own content. */
export function dumpStep(step: number, natoms = 5, shift = 0): string {
  const rows = Array.from({ length: natoms }, (_, i) => {
    const x = ((step * 37 + i * 11) % 1000) / 100 + shift;
    return `${i + 1} 1 ${x.toFixed(6)} ${(i * 0.5).toFixed(6)} 1.250000\n`;
  });
  const box = '0.0 20.0\n0.0 20.0\n0.0 20.0\n';
  return `ITEM: TIMESTEP\n${step}\nITEM: NUMBER OF ATOMS\n${natoms}\nITEM: BOX BOUNDS pp pp pp\n${box}ITEM: ATOMS id type x y z\n${rows.join('')}`;
}

export function xyzStep(step: number, natoms = 4): string {
  const rows = Array.from({ length: natoms }, (_, i) => `K ${(step * 0.01 + i).toFixed(8)} ${i}.5 0.25\n`);
  const comment = `Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 step=${step} pbc="T T T"`;
  return `${natoms}\n${comment}\n${rows.join('')}`;
}

/** Frames as they come, in the background. */
export class Watching {
  readonly frames: WatchedFrame[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #error: unknown;

  constructor(start: (onDiagnostic: (d: Diagnostic) => void, signal: AbortSignal) => AsyncGenerator<WatchedFrame>) {
    const generator = start((d) => this.diagnostics.push(d), this.#abort.signal);
    this.#done = (async () => {
      for await (const watched of generator) this.frames.push(watched);
    })().catch((error) => {
      this.#error = error;
    });
    onTestFinished(() => {
      this.#abort.abort();
      return this.#done;
    });
  }

  static file(path: string, options: Partial<FollowFileOptions> = {}): Watching {
    return new Watching((onDiagnostic, signal) => followFile(path, { ...QUICK, ...options, onDiagnostic, signal }));
  }

  static folder(folder: string, options: Partial<WatchOptions> = {}): Watching {
    return new Watching((onDiagnostic, signal) =>
      watchDirectory(folder, { ...QUICK, ...options, onDiagnostic, signal }),
    );
  }

  get steps(): (number | undefined)[] {
    return this.frames.map(({ step }) => step);
  }

  get codes(): string[] {
    return this.diagnostics.map(({ code }) => code);
  }

  /** Waits until something is so; the error says what there was instead. */
  async until(isSo: (watching: this) => boolean): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (!isSo(this)) {
      if (this.#error !== undefined) throw this.#error;
      if (performance.now() > end)
        throw new Error(`waited in vain: steps ${this.steps.join(' ')}; ${JSON.stringify(this.diagnostics)}`);
      await sleep(10);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    if (this.#error !== undefined) throw this.#error;
  }

  /** For watchers with `idleSeconds`. */
  async ended(): Promise<void> {
    await this.#done;
    if (this.#error !== undefined) throw this.#error;
  }
}

/** All that is there now, with the cursor of each file. */
export async function readNow(
  start: (idle: { idleSeconds: number }) => Watching,
): Promise<Watching & { cursors: Map<string, Cursor> }> {
  const watching = start({ idleSeconds: 0 });
  await watching.ended();
  const cursors = new Map(watching.frames.map(({ cursor }) => [cursor.path, cursor]));
  return Object.assign(watching, { cursors });
}

/** Appends in pieces of this many bytes, with time in between for a watcher to see each. */
export async function appendSlowly(path: string, text: string, piece = 4096, pause = 3): Promise<void> {
  if (!existsSync(path)) writeFileSync(path, '');
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += piece) {
    appendFileSync(path, bytes.subarray(at, at + piece));
    await sleep(pause);
  }
}
