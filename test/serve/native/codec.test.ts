import { describe, expect, test } from 'vitest';
import { MessageReader } from '../../../src/serve/protocols/native/codec.ts';
import { message } from './nnp1-bytes.ts';

describe('MessageReader', () => {
  test('allocates for the bytes that came, not for those that were announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => new MessageReader(() => 2 ** 31));
    for (const reader of readers) {
      reader.push(message({ type: 3, length: 2 ** 31 }));
      reader.push(new Uint8Array(100));
      expect(reader.next()).toBeUndefined();
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
  });

  test('keeps a large message that comes in small pieces', () => {
    const payload = Uint8Array.from({ length: 1_000_003 }, (_, k) => k * 7);
    const bytes = message({ type: 3, step: -5, flags: 7 }, payload);
    const reader = new MessageReader(() => 2 ** 20);
    for (let at = 0; at < bytes.length; at += 1013) {
      expect(reader.next()).toBeUndefined();
      reader.push(bytes.subarray(at, at + 1013));
    }
    const found = reader.next();
    expect([found?.type, found?.step, found?.flags]).toEqual([3, -5n, 7]);
    expect(Buffer.from(payload).equals(found?.payload as Uint8Array)).toBe(true);
    expect(found?.payload.byteOffset).toBe(0);
    expect(reader.inMessage).toBe(false);
  });
});
