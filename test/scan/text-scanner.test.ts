import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextScanner } from '../../src/scan/text-scanner.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let k = 0; k < bytes.length; k += size) yield bytes.slice(k, k + size);
}

test('any chunking gives the lines that split() gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[ -~]{0,12}$/)),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      async (lines, final, size) => {
        const text = lines.join('\r\n') + (final && lines.length > 0 ? '\n' : '');
        const wanted = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
        const scanner = new TextScanner(chunks(Buffer.from(text), size), 'f', 'test');
        const found: string[] = [];
        while (await scanner.line()) {
          found.push(scanner.text());
          expect(scanner.lineNumber).toBe(found.length);
        }
        expect(found).toEqual(wanted);
      },
    ),
  );
});

test('unread delivers a line again with the same number', async () => {
  const scanner = new TextScanner(chunks(Buffer.from('a\nb\n'), 2), 'f', 'test');
  await scanner.line();
  scanner.unread();
  await scanner.line();
  expect([scanner.text(), scanner.lineNumber]).toEqual(['a', 1]);
  await scanner.line();
  expect([scanner.text(), scanner.lineNumber]).toEqual(['b', 2]);
  expect(await scanner.line()).toBe(false);
});
