import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type DriverOptions, IpiDriver } from '../../../src/serve/protocols/ipi/driver.ts';
import { memoryStream } from '../../contracts/protocol.ts';
import { forceready, posdata, word } from './ipi-bytes.ts';

const options: DriverOptions = {
  ...{ peer: 'code', natoms: 2, bohr: 0.5, hartree: 32 },
  ...{ computeTimeout: 5, messageTimeout: 5 },
};
const cell = Float64Array.of(5, 0, 0, 0.5, 6, 0, 1, 1.5, 7); // Å
const positions = Float64Array.of(1, 2, 3, 4, 5, 6);
const upper = [1, 2, 3, 0, 5, 6, 0, 0, 9];

/** A force code that answers each message of the driver with the next of `answers`; undefined = stays mute, '' = closes. */
function code(stream: Duplex, answers: readonly (Uint8Array | string | undefined)[]): Buffer[] {
  const received: Buffer[] = [];
  stream.on('data', (chunk: Uint8Array) => {
    const bytes = Buffer.from(chunk);
    received.push(bytes);
    if (bytes.subarray(0, 7).toString() === 'POSDATA') return;
    const answer = answers[received.filter((b) => b.subarray(0, 7).toString() !== 'POSDATA').length - 1];
    if (answer === '') stream.end();
    else if (answer !== undefined) stream.write(typeof answer === 'string' ? word(answer) : answer);
  });
  return received;
}

function drive(answers: readonly (Uint8Array | string | undefined)[], changes: Partial<DriverOptions> = {}) {
  const { server, client } = memoryStream();
  const received = code(client, answers);
  return { received, driver: new IpiDriver(server, { ...options, ...changes }, new AbortController().signal) };
}

describe('the driver side of i-PI', () => {
  test('sends cell columns in bohr, and mends a virial whose lower triangle is empty', async () => {
    const { driver, received } = drive(['READY', 'HAVEDATA', forceready(2, [1, 2, 3, 4, 5, 6], upper)]);
    const result = await driver.evaluate(cell, positions);
    expect(result.energy).toBe(64);
    expect(Array.from(result.forces)).toEqual([64, 128, 192, 256, 320, 384]);
    expect(Array.from(result.virial)).toEqual([1, 2, 3, 2, 5, 6, 3, 6, 9].map((v) => 32 * v));
    const sent = posdata(
      Array.from(cell, (x) => 2 * x),
      Array.from(positions, (x) => 2 * x),
    );
    const inverse = received[1].subarray(12 + 72, 12 + 144);
    sent.set(inverse, 12 + 72);
    expect(received[1].equals(sent)).toBe(true);
    expect(inverse.readDoubleLE(0)).toBeCloseTo(1 / 10, 14);
    await driver.end();
    expect(received.at(-1)?.toString()).toBe('EXIT        ');
  });

  test('averages a virial with both triangles and skips extras', async () => {
    const full = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const { driver } = drive(['READY', 'HAVEDATA', forceready(2, [1, 2, 3, 4, 5, 6], full, '{"a":1}'), 'READY']);
    const { virial } = await driver.evaluate(cell, positions);
    expect(Array.from(virial)).toEqual([1, 3, 5, 3, 5, 7, 5, 7, 9].map((v) => 32 * v));
  });

  const forces = [1, 2, 3, 4, 5, 6];
  const cases: [string, (Uint8Array | string | undefined)[], RegExp][] = [
    ['that is not ready', ['HAVEDATA'], /code: expected READY, it is HAVEDATA/],
    ['that is another program', ['HTTP/1.1 400'], /code: expected NEEDINIT, READY or HAVEDATA, found "HTTP\/1.1 400"/],
    ['that closes', ['READY', ''], /code: it closed the connection/],
    [
      'that closes inside its answer',
      ['READY', 'HAVEDATA', 'FORCEREADY'],
      /code: it stopped in the middle of FORCEREADY for 0.2 s/,
    ],
    ['with other atoms', ['READY', 'HAVEDATA', forceready(1, [1, 2, 3], upper)], /FORCEREADY has 1 atoms, expected 2/],
    ['with a NaN energy', ['READY', 'HAVEDATA', forceready(Number.NaN, forces, upper)], /an energy that is not finite/],
    [
      'with an infinite force',
      ['READY', 'HAVEDATA', forceready(1, [...forces.slice(1), Infinity], upper)],
      /force on atom 2/,
    ],
    [
      'with a NaN virial',
      ['READY', 'HAVEDATA', forceready(1, forces, [...upper.slice(1), Number.NaN])],
      /a virial that is/,
    ],
    ['mute from the start', [undefined], /code: it sent no answer to STATUS for 0.2 s/],
    ['mute while it computes', ['READY', undefined], /code: it sent no answer to STATUS for 0.3 s/],
    ['mute after GETFORCE', ['READY', 'HAVEDATA', undefined], /code: it sent no FORCEREADY for 0.3 s/],
  ];
  for (const [what, answers, message] of cases) {
    test(`gives up a force code ${what}`, async () => {
      const { driver } = drive(answers, { computeTimeout: 0.3, messageTimeout: 0.2 });
      await expect(driver.evaluate(cell, positions)).rejects.toThrow(message);
    });
  }
});
