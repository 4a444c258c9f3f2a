import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';

/** The folder of kernel sources and binaries; compiled JavaScript lies under dist/, they do not. */
export function kernelFolder(): string {
  return join(packageRoot(), 'potentials', 'kernels');
}
