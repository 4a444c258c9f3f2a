import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A reader that is at one input for longer hangs. */
const DEADLINE = 20_000;

export interface Progress {
  /** Number of the input that is read. */
  readonly at: number;
  readonly samples: number;
  readonly error?: string;
}

/**
 * Reads N changed inputs (first word; default 100 000) in as many processes as the second word says (default 2), from number 0
 * or the third word on; stops at the first that crashes a reader, hangs it, or gives a frame that contradicts itself.
 */
export default async function fuzzFormats(words: string[]): Promise<void> {
  const [count = 100_000, processes = 2, first = 0] = words.map(Number);
  const start = performance.now();
  const share = Math.ceil(count / processes);
  const done: number[] = Array(processes).fill(0);
  const timer = setInterval(() => {
    const sum = done.reduce((a, b) => a + b, 0);
    console.log(`${sum} inputs, ${Math.round(sum / ((performance.now() - start) / 1000))} per second`);
  }, 15_000);
  const shares = done.map((_, k) =>
    readShare(first + k * share, share, (n) => {
      done[k] = n;
    }),
  );
  try {
    const [samples] = await Promise.all(shares);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `${share * processes} changed inputs of ${samples} samples read in ${seconds} s: no crash, no hang, no contradiction`,
    );
  } finally {
    clearInterval(timer);
  }
}

function readShare(first: number, count: number, onProgress: (n: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'fuzz-worker.ts'), [String(first), String(count)]);
    let last = first;
    let samples = 0;
    const hangs = () => {
      reject(new Error(`one of the inputs after ${last} hangs`));
      child.kill('SIGKILL');
    };
    let watch = setTimeout(hangs, DEADLINE);
    child.on('message', (progress: Progress) => {
      clearTimeout(watch);
      watch = setTimeout(hangs, DEADLINE);
      last = progress.at;
      samples = progress.samples;
      onProgress(last - first);
      if (progress.error) reject(new Error(progress.error));
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(watch);
      if (code === 0) resolve(samples);
      else reject(new Error(`the process ended with ${code} at one of the inputs after ${last}`));
    });
  });
}
