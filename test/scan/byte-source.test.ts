import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FormatError, TruncatedError } from '../../src/core/errors.ts';
import { decompress, readBytes } from '../../src/scan/byte-source.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let k = 0; k < bytes.length; k += size) yield bytes.subarray(k, k + size);
}

/** Text that does not compress to nothing: many lines of changing digits. */
function lines(n: number): string {
  let text = '';
  for (let k = 0; k < n; k++) text += `${k} ${Math.sin(k)} ${Math.cos(3 * k)}\n`;
  return text;
}

async function inflate(bytes: Uint8Array, size: number): Promise<{ text: string; error: unknown }> {
  const found: Uint8Array[] = [];
  try {
    for await (const chunk of decompress(chunks(bytes, size), 'f.gz')) found.push(chunk);
  } catch (error) {
    return { text: Buffer.concat(found).toString(), error };
  }
  return { text: Buffer.concat(found).toString(), error: undefined };
}

const SMALL = 'one\ntwo\nthree\n';
/** `printf 'one\ntwo\nthree\n' | zstd -c`. */
const ZSTD = Buffer.from('KLUv/QRYcQAAb25lCnR3bwp0aHJlZQqkWIk0', 'base64');

describe('gzip', () => {
  test.each([1, 7, 4096, 1 << 20])('members in a row are one text, in chunks of %i bytes', async (size) => {
    const text = lines(2000);
    const two = Buffer.concat([gzipSync(text), gzipSync(SMALL)]);
    const { text: found, error } = await inflate(two, size);
    expect(error).toBeUndefined();
    expect(found).toBe(text + SMALL);
  });

  test.each([1, 8])('without the last %i bytes all text is delivered, then a TruncatedError', async (cut) => {
    const text = lines(200_000);
    const whole = gzipSync(text);
    const { text: found, error } = await inflate(whole.subarray(0, whole.length - cut), 1 << 20);
    expect(found).toBe(text);
    expect(error).toBeInstanceOf(TruncatedError);
  });

  test('cut in the middle, what can be inflated is delivered', async () => {
    const text = lines(200_000);
    const whole = gzipSync(text);
    const { text: found, error } = await inflate(whole.subarray(0, whole.length >> 1), 1 << 20);
    expect(error).toBeInstanceOf(TruncatedError);
    expect(text.startsWith(found)).toBe(true);
    expect(found.length).toBeGreaterThan(0.4 * text.length);
  });

  test('damage is a FormatError that names the line of the inflated text', async () => {
    const bytes = gzipSync(lines(200_000));
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 50);
    const scanner = new TextScanner(decompress(chunks(bytes, 1 << 16), 'f.gz'), 'f.gz', 'test');
    let count = 0;
    const error = await (async () => {
      while (await scanner.line()) count++;
    })().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toMatch(new RegExp(`f\\.gz:(${count}|${count + 1}): .*damage`));
    expect(count).toBeGreaterThan(1000);
  });

  test('an endless input is left when its reader stops', async () => {
    let closed = false;
    const member = gzipSync(lines(1000));
    async function* endless() {
      try {
        for (;;) yield member;
      } finally {
        closed = true;
      }
    }
    for await (const chunk of decompress(endless(), 'f.gz')) if (chunk.length > 0) break;
    expect(closed).toBe(true);
  });
});

describe('zstd', () => {
  test.each([1, 5, 100])('frames in a row are one text, in chunks of %i bytes', async (size) => {
    const { text, error } = await inflate(Buffer.concat([ZSTD, ZSTD]), size);
    expect(error).toBeUndefined();
    expect(text).toBe(SMALL + SMALL);
  });

  test('cut off it is a TruncatedError, damaged a FormatError', async () => {
    expect((await inflate(ZSTD.subarray(0, ZSTD.length - 6), 100)).error).toBeInstanceOf(TruncatedError);
    const wrong = Buffer.from(ZSTD);
    wrong[6] |= 0x06; // the reserved block type
    expect((await inflate(wrong, 100)).error).toBeInstanceOf(FormatError);
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nnp-scan-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('leaving a file early closes it', async () => {
    const path = join(folder, 'f');
    await writeFile(path, lines(200_000));
    const open = async () => (await readFile('/proc/self/status', 'utf8').catch(() => '')) && (await descriptors());
    const before = await open();
    for (let k = 0; k < 20; k++) for await (const chunk of readBytes(path)) if (chunk.length > 0) break;
    await new Promise((go) => setTimeout(go, 50));
    expect(await open()).toEqual(before);
  });

  test('a missing file is the error of the system', async () => {
    const reading = (async () => {
      for await (const chunk of readBytes(join(folder, 'absent'))) expect(chunk).toBeDefined();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

async function descriptors(): Promise<number> {
  const { readdir } = await import('node:fs/promises');
  return (await readdir('/proc/self/fd').catch(() => [])).length;
}
