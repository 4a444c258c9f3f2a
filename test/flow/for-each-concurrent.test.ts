import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forEachConcurrent } from '../../src/flow/for-each-concurrent.ts';
import { Slots } from '../../src/flow/slots.ts';

test('works are done while the source is silent, and the next value is asked for when there is room', async () => {
  const asked: number[] = [];
  const done: number[] = [];
  let speak = () => {};
  const silence = new Promise<void>((resolve) => {
    speak = resolve;
  });
  const source = (async function* () {
    for (let k = 0; k < 4; k++) {
      asked.push(k);
      if (k === 2) await silence;
      yield k;
    }
  })();
  const all = forEachConcurrent(source, 2, async (value) => {
    await sleep(5);
    done.push(value);
  });
  while (done.length < 2) await sleep(1);
  expect([asked, done]).toEqual([
    [0, 1, 2],
    [0, 1],
  ]);
  speak();
  await all;
  expect(done).toEqual([0, 1, 2, 3]);
});

test('no more than the limit run at a time, whatever order they end in', async () => {
  let running = 0;
  let most = 0;
  const values = async function* () {
    for (let k = 0; k < 30; k++) yield k;
  };
  await forEachConcurrent(values(), 4, async (value) => {
    most = Math.max(most, ++running);
    await sleep((value * 7) % 5);
    running--;
  });
  expect([most, running]).toEqual([4, 0]);
});

test('a failure is thrown after what runs has ended, also while the source is silent; nothing is taken behind it', async () => {
  const done: number[] = [];
  let taken = 0;
  const source = (async function* () {
    for (let k = 0; k < 2; k++) {
      taken++;
      yield k;
    }
    await new Promise(() => {});
  })();
  const failing = forEachConcurrent(source, 3, async (value) => {
    await sleep(value === 0 ? 5 : 30);
    if (value === 0) throw new Error('first');
    done.push(value);
  });
  await expect(failing).rejects.toThrow('first');
  expect([done, taken]).toEqual([[1], 2]);
});

test('a place is given on when its work fails, first come first served', async () => {
  const slots = new Slots(1);
  const order: number[] = [];
  const works = [1, 2, 3].map((k) =>
    slots.use(async () => {
      await sleep(3);
      order.push(k);
      if (k === 1) throw new Error('one');
    }),
  );
  const ends = await Promise.allSettled(works);
  expect(order).toEqual([1, 2, 3]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});
