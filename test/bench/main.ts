import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `npm run bench -- NAME [words…]` runs test/bench/NAME.ts: its default export gets the words. */
const [name, ...words] = process.argv.slice(2);
const folder = import.meta.dirname;
if (name === undefined || name === 'main' || !existsSync(join(folder, `${name}.ts`))) {
  const names = (await readdir(folder)).filter((f) => f.endsWith('.ts') && f !== 'main.ts');
  console.error(`usage: npm run bench -- NAME; there are: ${names.map((f) => f.slice(0, -3)).join(', ')}`);
  process.exit(2);
}
const bench: { default?: (words: string[]) => Promise<void> } = await import(`./${name}.ts`);
if (!bench.default) {
  console.error(`test/bench/${name}.ts is no benchmark (it has no default export)`);
  process.exit(2);
}
await bench.default(words);
