import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextScanner } from '../../src/scan/text-scanner.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let k = 0; k < bytes.length; k += size) yield bytes.slice(k, k + size);
}

test('trySkipTo steps over the lines that do not begin as wanted, and counts them', async () => {
  const wanted = new Uint8Array(65536);
  wanted[('a'.charCodeAt(0) << 8) | 'b'.charCodeAt(0)] = 1;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^ {0,2}[abc]{0,3}$/)),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      async (lines, final, size) => {
        const text = lines.join('\n') + (final && lines.length > 0 ? '\n' : '');
        const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
        const scanner = new TextScanner(chunks(Buffer.from(text), size), 'f', 'test');
        const found: [string, number][] = [];
        while (scanner.trySkipTo(wanted) || (await scanner.fill()))
          if (/^ *ab/.test(scanner.text())) found.push([scanner.text(), scanner.lineNumber]);
        expect(found).toEqual(all.flatMap((line, k) => (/^ *ab/.test(line) ? [[line, k + 1]] : [])));
        expect(scanner.lineNumber).toBe(all.length);
      },
    ),
  );
});

test('trySkipTo delivers a line that was put back', async () => {
  const scanner = new TextScanner(chunks(Buffer.from('x\ny\n'), 4), 'f', 'test');
  await scanner.line();
  scanner.unread();
  expect(scanner.trySkipTo(new Uint8Array(65536))).toBe(true);
  expect([scanner.text(), scanner.lineNumber]).toEqual(['x', 1]);
});
