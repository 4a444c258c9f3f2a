import { expect, test } from 'vitest';
import { FramePacker, unpacked } from '../../src/convert/packed-frames.ts';
import type { Frame, InfoValue } from '../../src/core/frame.ts';

const SYMBOL = Symbol.for('nnp-bridge.test.layout');

function frame(natoms: number, more: Partial<Frame> = {}): Frame {
  // One buffer for all columns, as the readers make it.
  const buffer = new ArrayBuffer(natoms * 48 + natoms);
  const forces = new Float64Array(buffer, 24 * natoms, 3 * natoms).map((_, k) => -k / 7);
  return {
    natoms,
    cell: Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9),
    pbc: [true, true, false],
    numbers: new Uint8Array(buffer, 48 * natoms, natoms).fill(14),
    positions: new Float64Array(buffer, 0, 3 * natoms).fill(natoms + 0.25),
    labels: { energy: -1.5 * natoms, forces, converged: true },
    arrays: { forces: { columns: 3, data: forces }, id: { columns: 1, data: BigInt64Array.of(2n ** 60n) } },
    info: {
      step: natoms,
      name: 'a',
      matrix: [
        [1, 2],
        [-0, Number.NaN],
      ],
      big: 2n ** 70n,
      none: [],
    },
    origin: { path: 'a.xyz', frame: 3, line: 12 },
    ...more,
  };
}

/** As it goes from thread to thread. */
function sent(frames: readonly Frame[]): Frame[] {
  const packer = new FramePacker();
  for (const one of frames) packer.add(one);
  const packed = packer.packed();
  return [...unpacked(structuredClone(packed, { transfer: [...packed.blocks] }))];
}

test('frames of several layouts and sizes come out as they went in', () => {
  const make = () => [
    frame(3),
    frame(4),
    frame(0, { cell: null }),
    frame(5000),
    frame(7000, { arrays: {} }),
    frame(2, { info: { step: 'two', words: ['x', 'y'], [SYMBOL]: { keys: ['energy'] } } as Record<string, InfoValue> }),
    frame(3, { arrays: { name: { columns: 1, data: Array.from({ length: 40 }, (_, k) => `Fe${k}`) } } }),
    frame(1, { info: JSON.parse('{"__proto__": 5, "other": {"__proto__": [1]}}') }),
    frame(3),
  ];
  const found = sent(make());
  expect(found).toStrictEqual(make());
  expect(found.map((one) => Object.keys(one))).toEqual(make().map((one) => Object.keys(one)));
  expect((found[5].info as Record<symbol, unknown>)[SYMBOL]).toEqual({ keys: ['energy'] });
  expect(Object.keys(found[7].info)).toEqual(['__proto__', 'other']);
});

test('frames whose layouts all differ come out as they went in', () => {
  const make = () => Array.from({ length: 50 }, (_, k) => frame(2, { info: { [`key${k}`]: k } }));
  expect(sent(make())).toStrictEqual(make());
});

test('thousands of small frames lie in few blocks', () => {
  const packer = new FramePacker();
  for (let k = 0; k < 2000; k++) packer.add(frame(10));
  const { blocks, layouts, others } = packer.packed();
  expect(layouts).toHaveLength(1);
  expect(others.length).toBeLessThan(10);
  expect(blocks.length).toBeLessThan(20);
});
