import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../src/core/random.ts';
import type { Cursor } from '../../src/watch/watched-frame.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { dumpStep, Watching, xyzStep } from './watching.ts';

/** Every frame that is ever written has a number of its own, its step. */
class Writer {
  readonly path: string;
  readonly #frame: (step: number) => string;
  readonly #random: Random;
  readonly #next: () => number;
  /** Bytes of a frame that is being written. */
  #half = '';
  #step = 0;

  constructor(path: string, frame: (step: number) => string, random: Random, next: () => number) {
    this.path = path;
    this.#frame = frame;
    this.#random = random;
    this.#next = next;
  }

  /** Some bytes more; gives the steps that are complete with them. */
  grow(): number[] {
    const done: number[] = [];
    let text = '';
    for (let left = 1 + Math.floor(this.#random() * 1500); left > 0; ) {
      if (this.#half === '') {
        this.#step = this.#next();
        this.#half = this.#frame(this.#step);
      }
      const piece = this.#half.slice(0, left);
      text += piece;
      left -= piece.length;
      this.#half = this.#half.slice(piece.length);
      if (this.#half === '') done.push(this.#step);
    }
    appendFileSync(this.path, text);
    return done;
  }

  finish(): number[] {
    if (this.#half === '') return [];
    appendFileSync(this.path, this.#half);
    this.#half = '';
    return [this.#step];
  }

  /** Killed: the rest of the frame is never written. */
  kill(mayCut: boolean): void {
    if (mayCut) this.#half = '';
  }
}

for (const seed of [1, 2, 3, 4])
  test(`seed ${seed}: whatever writers do to their files, each complete frame comes once, and right`, async () => {
    const random = seededRandom(seed);
    const folder = temporaryFolder();
    let last = 0;
    const next = () => ++last;
    const natomsOf = (step: number) => 3 + (step % 9);
    const dump = (step: number) => dumpStep(step, natomsOf(step));
    const xyz = (step: number) => xyzStep(step, natomsOf(step));
    const writers = [
      new Writer(join(folder, 'a.dump'), dump, random, next),
      new Writer(join(folder, 'b.dump'), dump, random, next),
      new Writer(join(folder, 'c.xyz'), xyz, random, next),
    ];
    const complete: number[] = [];
    const given: number[] = [];
    const cursors = new Map<string, Cursor>();
    let watching = Watching.folder(folder);
    const missing = () => complete.filter((step) => !given.includes(step) && !watching.steps.includes(step));
    const caughtUp = () =>
      watching
        .until(() => missing().length === 0)
        .catch((error) => {
          throw new Error(`steps ${missing().join(' ')} are missing; ${error.message}`);
        });
    const restart = async () => {
      await watching.stop();
      expect(new Set(watching.steps).size).toBe(watching.frames.length);
      for (const { step, cursor, frame } of watching.frames) {
        given.push(step as number);
        cursors.set(cursor.path, cursor);
        check(frame, step as number);
      }
      watching = Watching.folder(folder, { cursors: new Map(cursors) });
    };
    const check = (frame: { natoms: number; positions: Float64Array }, step: number) => {
      expect(frame.natoms).toBe(natomsOf(step));
      const text = /\.xyz/.test(String((frame as { origin?: { path: string } }).origin?.path)) ? xyz(step) : dump(step);
      const rows = text.trim().split('\n').slice(-frame.natoms);
      const first = text.startsWith('ITEM') ? 2 : 1;
      const wanted = rows.flatMap((row) =>
        row
          .split(/\s+/)
          .slice(first, first + 3)
          .map(Number),
      );
      expect(Array.from(frame.positions)).toEqual(wanted);
    };
    for (let k = 0; k < 250; k++) {
      const writer = writers[Math.floor(random() * writers.length)];
      const isDump = writer.path.endsWith('.dump');
      const what = random();
      if (what < 0.9 || !existsSync(writer.path)) complete.push(...writer.grow());
      // The next bytes go on in the middle of a line; in xyz, the frame that they begin is lost with it.
      else if (what < 0.92) writer.kill(isDump);
      else {
        complete.push(...writer.finish());
        await caughtUp();
        const there = readFileSync(writer.path);
        if (what < 0.94)
          writeFileSync(writer.path, ''); // written anew, same inode
        else if (what < 0.955)
          renameSync(writer.path, `${writer.path}.${k}${writer.path.endsWith('xyz') ? '.xyz' : ''}`);
        else if (what < 0.97) {
          writeFileSync(join(folder, '.copy'), there); // a copy takes its place
          renameSync(join(folder, '.copy'), writer.path);
        } else if (what < 0.985)
          writeFileSync(writer.path, there.subarray(0, isDump ? Math.floor(there.length * random()) : 0));
        else await restart();
      }
      if (random() < 0.3) await sleep(random() * 30);
    }
    for (const writer of writers) complete.push(...writer.finish());
    await caughtUp();
    await sleep(500);
    await restart();
    // A file that was shortened while nobody watched is read again by the next watcher.
    expect([...new Set(given)].sort((a, b) => a - b)).toEqual(complete.toSorted((a, b) => a - b));
  });
