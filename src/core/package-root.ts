import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package's own package.json: the same from `src/` (sources) and from `dist/src/` (compiled). */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'nnp-bridge') return folder;
    if (folder === dirname(folder)) throw new Error('package.json of nnp-bridge not found above its own code');
  }
}
