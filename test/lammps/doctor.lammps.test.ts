import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prove } from '../../src/lammps/proof.ts';
import { ROUTES, type Route, type RouteRun } from '../../src/lammps/routes.ts';
import { runLammps } from '../../src/lammps/run.ts';
import type { Evaluation } from '../../src/serve/evaluator.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { nnpBridge } from './command-fixture.ts';
import { builtLibrary, installedLammps } from './lammps-fixture.ts';

const POTENTIAL = join(ROOT, 'test/data/lammps-run/tiny-si');

/** A route whose server tells something else than the potential says. */
function lying(lie: (out: Evaluation) => void): Route {
  return {
    name: 'lying',
    use: 'never',
    missing: () => undefined,
    async run({ source, lammps, library, ranks, input, cwd, onOutput }: RouteRun) {
      const honest = await loadEvaluator(source);
      const server = {
        ...{
          name: honest.name,
          species: honest.species,
          cutoff: honest.cutoff,
          reduced: false,
          modelId: honest.modelId,
        },
        evaluateStructure: honest.evaluateStructure.bind(honest),
        async evaluateNeighborhood(n: Parameters<typeof honest.evaluateNeighborhood>[0], out: Evaluation) {
          await honest.evaluateNeighborhood(n, out);
          lie(out);
        },
      };
      const pair = `include \${nnp}\npair_style \${nnp_pair}\npair_coeff * * Si`;
      const run = { lammps, library, ranks, input: 'x', inputText: input.replace('#PAIR', pair) };
      return runLammps({ ...run, ...(cwd && { cwd }), ...(onOutput && { onOutput }) }, (address) =>
        startServer(server, address),
      );
    },
  };
}

function negate(values: Float64Array): void {
  for (let k = 0; k < values.length; k++) values[k] = -values[k];
}

async function failedOf(route: Route): Promise<string[]> {
  const target = { lammps: installedLammps(), library: await builtLibrary(), source: { directory: POTENTIAL } };
  const checks = await prove(route, target);
  expect(checks.length).toBeGreaterThan(3);
  return checks.filter(({ passed }) => !passed).map(({ name }) => name);
}

describeLane('lammps', 'doctor', () => {
  test('lists the ways into LAMMPS, proves those that work, and ends with 0', async () => {
    const { code, stdout, stderr } = await nnpBridge(['doctor', '--potential', POTENTIAL]).end;
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/LAMMPS \d+ \w+ \d{4} at \S+, /);
    for (const { name } of ROUTES) expect(stdout).toMatch(new RegExp(`  (yes|no )  ${name.replace('/', '\\/')} `));
    expect(stdout).toMatch(/ok +pair_style nnp +2 ranks: forces/);
    expect(stdout).toMatch(/ok +pair_style nnp\/socket +virial is -dE\/dstrain of the route/);
    expect(stdout).toMatch(/every check passed\n$/);
  });

  test('ends with 5 and the reason where there is no LAMMPS, and prints JSON', async () => {
    const { code, stdout } = await nnpBridge(['doctor', '--lmp', '/no/lmp', '--json']).end;
    expect(code).toBe(5);
    const told = JSON.parse(stdout);
    expect(told.lammps.problem).toMatch(/no LAMMPS: "\/no\/lmp"/);
    expect(told.routes[0]).toMatchObject({ name: 'pair_style nnp', problem: expect.stringMatching(/no LAMMPS/) });
    expect(told.checks).toEqual([]);
  });

  test('finds forces of the wrong sign', async () => {
    const failed = await failedOf(lying(({ forces }) => negate(forces)));
    expect(failed).toEqual(expect.arrayContaining(['forces are, atom by atom', 'forces are -dE/dx of the route']));
    expect(failed).not.toContain('energy is that of the potential');
  });

  test('finds a virial of the wrong sign, and one whose off-diagonal components are swapped', async () => {
    const negative = await failedOf(lying(({ virial }) => negate(virial)));
    expect(negative).toEqual(['pressures of the virial that the route itself gives']);
    const swapped = await failedOf(
      lying(({ virial }) => {
        [virial[1], virial[5], virial[3], virial[7]] = [virial[5], virial[1], virial[7], virial[3]];
      }),
    );
    expect(swapped).toEqual(['pressures of the virial that the route itself gives']);
  });

  test('finds an energy in another unit, and forces that belong to other atoms', async () => {
    const hartree = await failedOf(
      lying((out) => {
        out.energy /= 27.2;
      }),
    );
    expect(hartree).toContain('energy is that of the potential');
    expect(hartree).toContain('forces are -dE/dx of the route');
    const exchanged = await failedOf(lying(({ forces }) => void forces.copyWithin(0, 3, 6)));
    expect(exchanged).toContain('forces are, atom by atom');
  });

  test('counts a run that fails as a check that did not pass', async () => {
    const failed = await failedOf(
      lying(() => {
        throw new Error('no model');
      }),
    );
    expect(failed).toEqual(['statics', 'npt', 'units', 'ranks']);
  });
});
