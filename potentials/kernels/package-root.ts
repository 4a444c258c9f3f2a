import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of kernel sources and binaries. Compiled JavaScript lies under dist/, they do not: walk up to the package itself.
 */
export function kernelFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'nnp-bridge')
      return join(folder, 'potentials', 'kernels');
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package.json of nnp-bridge was not found above the kernel loader');
    folder = parent;
  }
}
