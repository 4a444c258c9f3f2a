import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { kernelFolder } from './kernel-folder.ts';

/** What every addon says of itself. */
export interface KernelAddon {
  readonly blobVersion: number;
  /** Instruction sets this processor runs, best first. */
  variants(): string[];
}

const loaded = new Map<string, KernelAddon>();

/** The addon of a module of build.mjs; throws Error with the reason when there is none that loads and speaks our blob version. */
export function loadAddon<Addon extends KernelAddon>(module: string, blobVersion: number): Addon {
  const known = loaded.get(module);
  if (known) return known as Addon;
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const file of addonFiles(module)) {
    if (!existsSync(file)) continue;
    try {
      const addon: Addon = require(file);
      if (addon.blobVersion === blobVersion) {
        loaded.set(module, addon);
        return addon;
      }
      reasons.push(`${file} is of version ${addon.blobVersion}, not ${blobVersion}; build it again`);
    } catch (error) {
      reasons.push(`${file}: ${(error as Error).message}`);
    }
  }
  throw new Error(reasons.join('; ') || 'the addon is not built (npm run build:kernel, needs a C++ compiler)');
}

/** Where the addon may lie, in the order in which it is tried. */
function addonFiles(module: string): string[] {
  const folder = kernelFolder();
  return [
    join(folder, 'prebuilds', `${process.platform}-${process.arch}`, `${module}.node`),
    join(folder, 'build', `${module}.node`),
  ];
}

/**
 * The instruction set to run: the one wanted, else NNP_KERNEL_VARIANT of the environment, else the best. Throws Error for one that
 * does not run here.
 */
export function chosenVariant(available: readonly string[], wanted?: string): string {
  const variant = wanted ?? (process.env['NNP_KERNEL_VARIANT'] || available[0]);
  if (available.includes(variant)) return variant;
  throw new Error(`this processor runs ${available.join(', ') || 'no variant'} of the native kernel, not ${variant}`);
}
