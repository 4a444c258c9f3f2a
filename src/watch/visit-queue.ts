import type { FollowedFile } from './followed-file.ts';

/** Milliseconds between two looks at which files are due. */
const TICK = 20;

/** Which file is visited next: each at most once in the queue, in the order in which they asked. Times in ms of `performance.now()`. */
export class VisitQueue {
  readonly #ready = new Set<FollowedFile>();
  readonly #waiting = new Map<FollowedFile, number>();
  readonly #failed = new Map<FollowedFile, number>();
  #nextTick = 0;

  /** No file is ready or will be, unless something changes; those that failed may be tried again. */
  get isEmpty(): boolean {
    return this.#ready.size === 0 && this.#waiting.size === 0;
  }

  /** When the next file is due; Infinity = none. */
  get nextDue(): number {
    if (this.#ready.size > 0) return 0;
    let next = Number.POSITIVE_INFINITY;
    for (const due of this.#waiting.values()) next = Math.min(next, due);
    for (const due of this.#failed.values()) next = Math.min(next, due);
    return next;
  }

  at(file: FollowedFile, due: number): void {
    this.#failed.delete(file);
    if (due > performance.now()) {
      if (!this.#ready.has(file)) this.#waiting.set(file, due);
      return;
    }
    this.#waiting.delete(file);
    this.#ready.add(file);
  }

  failed(file: FollowedFile, due: number): void {
    this.drop(file);
    this.#failed.set(file, due);
  }

  drop(file: FollowedFile): void {
    this.#ready.delete(file);
    this.#waiting.delete(file);
    this.#failed.delete(file);
  }

  take(): FollowedFile | undefined {
    this.#wake();
    const file = this.#ready.values().next().value;
    if (file) this.drop(file);
    return file;
  }

  #wake(): void {
    const now = performance.now();
    if (now < this.#nextTick) return;
    this.#nextTick = now + TICK;
    for (const waiting of [this.#waiting, this.#failed])
      for (const [file, due] of waiting) {
        if (due > now) continue;
        waiting.delete(file);
        this.#ready.add(file);
      }
  }
}
