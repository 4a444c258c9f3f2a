import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import { ROOT } from '../../lanes.ts';

const SOURCE = 'formats/vasp/anchor-lines.as';
const EMBEDDED = 'formats/vasp/anchor-lines-wasm.ts';
const OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '24'];

/** `UPDATE_KERNEL=1 npx vitest run test/formats/vasp/anchor-lines-source.test.ts` writes the module after a change of its source. */
test('the embedded module is what its source compiles to', async () => {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['anchor-lines.ts', '-o', 'out.wasm', ...OPTIONS], {
    readFile: (name) => (name.endsWith('anchor-lines.ts') ? readFileSync(join(ROOT, SOURCE), 'utf8') : null),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) wasm = contents as unknown as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw error ?? new Error(stderr.toString());
  const lines =
    Buffer.from(wasm)
      .toString('base64')
      .match(/.{1,100}/g) ?? [];
  const text =
    `/** anchor-lines.as, compiled with \`asc ${OPTIONS.join(' ')}\`; made by test/formats/vasp/anchor-lines-source.test.ts. */\n` +
    `export const ANCHOR_LINES_WASM =\n  '${lines.join("' +\n  '")}';\n`;
  if (process.env['UPDATE_KERNEL']) writeFileSync(join(ROOT, EMBEDDED), text);
  expect(readFileSync(join(ROOT, EMBEDDED), 'utf8')).toBe(text);
});
