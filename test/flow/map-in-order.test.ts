import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { mapInOrder } from '../../src/flow/map-in-order.ts';

async function* numbers(count: number): AsyncGenerator<number, void> {
  for (let k = 0; k < count; k++) yield k;
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const value of source) out.push(value);
  return out;
}

describe('mapInOrder', () => {
  test('gives the results in the order of the values, whoever is ready first', async () => {
    const slowFirst = async (k: number) => {
      await wait(k % 3 === 0 ? 20 : 1);
      return 10 * k;
    };
    expect(await all(mapInOrder(numbers(10), 4, slowFirst))).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  test('has at most `limit` values under work or waiting for their turn', async () => {
    let taken = 0;
    let given = 0;
    let most = 0;
    async function* counted(): AsyncGenerator<number, void> {
      for await (const k of numbers(30)) {
        taken++;
        most = Math.max(most, taken - given);
        yield k;
      }
    }
    for await (const _ of mapInOrder(counted(), 3, async (k) => k)) {
      given++;
      await wait(1);
    }
    expect(most).toBeLessThanOrEqual(4); // the one that is just being handed over is still counted
    expect(given).toBe(30);
  });

  test('gives a result while the source is silent', async () => {
    let release = () => {};
    const silence = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* silent(): AsyncGenerator<string, void> {
      yield 'first';
      await silence;
    }
    const results = mapInOrder(silent(), 4, async (word) => `${word}!`);
    expect(await results.next()).toEqual({ done: false, value: 'first!' });
    release();
    expect((await results.next()).done).toBe(true);
  });

  test('throws the failure of a work or of the source in its turn', async () => {
    const seen: number[] = [];
    const failing = async (k: number) => {
      if (k === 2) throw new Error('work 2');
      await wait(5);
      return k;
    };
    await expect(
      (async () => {
        for await (const k of mapInOrder(numbers(9), 4, failing)) seen.push(k);
      })(),
    ).rejects.toThrow('work 2');
    expect(seen).toEqual([0, 1]);
    async function* broken(): AsyncGenerator<number, void> {
      yield 1;
      throw new Error('source');
    }
    await expect(all(mapInOrder(broken(), 4, async (k) => k))).rejects.toThrow('source');
  });
});
