import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeN2p2 } from '../../potentials/trained/n2p2/write.ts';
import type { PotentialSource } from '../serve/load-evaluator.ts';
import { lookAround, type Machine } from './machine.ts';
import { probeModel } from './probe.ts';
import { type Check, prove } from './proof.ts';
import { ROUTES } from './routes.ts';

/** What `doctor` found out. */
export interface Diagnosis {
  readonly machine: Machine;
  readonly routes: readonly { readonly name: string; readonly use: string; readonly problem?: string }[];
  readonly checks: readonly Check[];
}

/**
 * Which ways into this LAMMPS work, and why not the others; every one that works and can be tried is proved with the potential, or
 * with a small invented one. Throws what loading the potential throws.
 */
export async function diagnose(
  lmp: string,
  options: {
    readonly headers?: string;
    readonly potential?: PotentialSource;
    /** Called before each route is tried. */
    readonly onRoute?: (name: string) => void;
  } = {},
): Promise<Diagnosis> {
  const machine = await lookAround(lmp, options.headers ? { headers: options.headers } : {});
  const routes = ROUTES.map((route) => {
    const problem = route.missing(machine);
    return { route, name: route.name, use: route.use, ...(problem !== undefined && { problem }) };
  });
  const lammps = machine.lammps.value;
  const library = machine.library.value ?? ''; // routes that need one are not tried without
  const checks: Check[] = [];
  if (lammps) {
    const folder = await mkdtemp(join(tmpdir(), 'nnp-doctor-'));
    try {
      const source = options.potential ?? { directory: join(folder, 'invented') };
      if (!options.potential) await writeN2p2(probeModel(), source.directory);
      for (const { route, problem } of routes) {
        if (problem !== undefined || !route.run) continue;
        options.onRoute?.(route.name);
        checks.push(...(await prove(route, { lammps, library, source })));
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return { machine, routes: routes.map(({ route: _, ...row }) => row), checks };
}
