import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAMMPS_UNITS } from '../../src/core/units.ts';
import type { Evaluator } from '../../src/serve/evaluator.ts';
import { LocalEvaluator } from '../../src/serve/local-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import type { Address } from '../../src/serve/transport/address.ts';
import { describeLane } from '../lanes.ts';
import { lennardJones } from '../oracle/lennard-jones.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  type Finished,
  ljEvaluator,
  ljInput,
  NATIVE_PAIR,
  NNP_PAIR,
  runInput,
  runNative,
  thermo,
} from './lammps-fixture.ts';

const identity = { name: 'lj', species: [18], cutoff: 2.5, reduced: true, modelId: 42 };

/** The same rows of thermodynamic output, to `tolerance` of the larger of 1 and the value. */
function expectSameThermo(bridge: Finished, native: Finished, tolerance = 1e-10): void {
  expect(native.code, native.output).toBe(0);
  expect(bridge.code, bridge.output).toBe(0);
  const rows = thermo(bridge.output);
  const expected = thermo(native.output);
  expect(expected.length).toBeGreaterThan(1);
  expect(rows.length).toBe(expected.length);
  rows.forEach((row, k) => {
    expect(row.length).toBe(expected[k].length);
    row.forEach((value, column) => {
      const reference = expected[k][column];
      expect(Math.abs(value - reference), `row ${k} column ${column}: ${value} and ${reference}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(reference)),
      );
    });
  });
}

describeLane('lammps', 'pair_style nnp/socket serving lj/cut', () => {
  for (const ranks of [1, 2, 4]) {
    test(`gives the energies and pressures of LAMMPS' own lj/cut over 100 steps on ${ranks} ranks`, async () => {
      const rest =
        'compute e all pe/atom\ncompute s all reduce sum c_e\ncompute m all reduce max c_e\n' +
        'thermo_style custom step pe etotal press pxx pyy pzz pxy pxz pyz c_s c_m\nthermo_modify format float %.14g\n' +
        'dump d all custom 100 d.txt id fx fy fz c_e\ndump_modify d sort id format float %.14g\nfix 1 all nve\nrun 100\n';
      const native = await runNative(ljInput(NATIVE_PAIR, rest), ranks);
      const bridge = await runInput(ljInput(NNP_PAIR, rest), ljEvaluator, { ranks });
      expectSameThermo(bridge, native);
      const [a, b] = [bridge, native].map(({ folder }) =>
        readFileSync(join(folder, 'd.txt'), 'utf8')
          .split('\n')
          .filter((line) => line.split(' ').length === 5)
          .map((line) => line.trim().split(' ').map(Number)),
      );
      expect(a.length).toBe(2 * 256);
      for (const [k, row] of a.entries()) {
        for (const [c, value] of row.entries()) expect(Math.abs(value - b[k][c])).toBeLessThan(1e-9);
      }
    });
  }

  test('minimizes and runs npt in a sheared cell as lj/cut does on 2 ranks', async () => {
    const rest =
      'displace_atoms all random 0.1 0.1 0.1 5\nminimize 0 1e-6 40 500\nreset_timestep 0\nvelocity all create 0.5 1234 loop all\n' +
      'fix 1 all npt temp 0.5 0.5 0.5 tri 1.0 1.0 2.0\nrun 60\n';
    const native = await runNative(ljInput(NATIVE_PAIR, rest), 2);
    expectSameThermo(await runInput(ljInput(NNP_PAIR, rest), ljEvaluator, { ranks: 2 }), native, 1e-8);
  });

  test('continues after write_restart, clear and read_restart, and in a second run', async () => {
    const rest = (pair: string) =>
      `fix 1 all nve\nrun 40\nrun 20\nwrite_restart r.bin\nclear\nread_restart r.bin\n${pair}` +
      'neigh_modify every 1 delay 0 check yes\nfix 1 all nve\n' +
      'thermo_style custom step pe etotal press pxx\nthermo_modify format float %.14g\nthermo 20\nrun 40\n';
    const native = await runNative(ljInput(NATIVE_PAIR, rest(NATIVE_PAIR)));
    const bridge = await runInput(ljInput(NNP_PAIR, rest(NNP_PAIR)));
    expectSameThermo(bridge, native);
    expect(bridge.output).toMatch(/nnp\/socket stores no restart info/);
  });

  test('does the same over TCP on 2 ranks', async () => {
    const tcp = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const bridge = await runInput(ljInput(NNP_PAIR), () => startServer(ljEvaluator, tcp), { ranks: 2 });
    expectSameThermo(bridge, await runNative(ljInput(NATIVE_PAIR), 2));
    expect(bridge.output).toMatch(/nnp\/socket: model lj at tcp:127\.0\.0\.1:\d+/);
  });

  describe('with a token', () => {
    const TOKEN = 'a-secret-of-some-length';
    const asks = (address: Address) => startServer(ljEvaluator, address, { token: TOKEN });
    const pair = (text?: string) => {
      if (text === undefined) return NNP_PAIR;
      const path = join(temporaryFolder(), 'token');
      writeFileSync(path, text, { mode: 0o600 });
      return NNP_PAIR.replace(`\${nnp_server}`, `\${nnp_server} token ${path}`);
    };

    test('runs on 2 ranks when every rank shows the token of the server', async () => {
      const bridge = await runInput(ljInput(pair(`${TOKEN}\n`)), asks, { ranks: 2 });
      expectSameThermo(bridge, await runNative(ljInput(NATIVE_PAIR), 2));
      expect(bridge.output).not.toContain(TOKEN);
    });

    for (const [what, text, says] of [
      ['without one', undefined, /refused: this server asks for a token and HELLO has none/],
      ['with another one', 'a-secret-of-another', /refused: the token of HELLO is not that of this server/],
      ['with one that is too long', 'x'.repeat(1024), /the token is longer than 1023 characters/],
      ['with an empty file', ' \n', /nnp\/socket: no token in \/\S+token/],
      [
        'with one that would break HELLO',
        'a-secret","rank":"0',
        /must be printable ASCII without quotes and backslashes/,
      ],
    ] as const) {
      test(`is refused ${what}`, async () => {
        const run = await runInput(ljInput(pair(text)), asks, { ranks: text === undefined ? 2 : 1 });
        expect(run.code).not.toBe(0);
        expect(run.output).toMatch(says);
        expect(run.output).not.toContain(TOKEN);
        expect(run.seconds).toBeLessThan(15);
      });
    }
  });

  test('puts its rank in the place of %d: a socket for each rank', async () => {
    const served: number[] = [];
    const start = async (address: Address) => {
      if (address.kind !== 'unix') throw new Error('expected a unix socket');
      const servers = await Promise.all(
        [0, 1].map((rank) => startServer(ljEvaluator, { kind: 'unix', path: `${address.path}.${rank}` })),
      );
      return {
        address: { ...address, path: `${address.path}.%d` },
        connections: 2,
        async stop() {
          served.push(...servers.map(({ connections }) => connections));
          await Promise.all(servers.map((server) => server.stop()));
        },
      };
    };
    expectSameThermo(await runInput(ljInput(NNP_PAIR), start, { ranks: 2 }), await runNative(ljInput(NATIVE_PAIR), 2));
    expect(served).toEqual([1, 1]);
  });

  test('adds to another style under hybrid/overlay', async () => {
    const pair =
      `include \${nnp}\npair_style hybrid/overlay lj/cut 2.5 nnp/socket \${nnp_server}\n` +
      'pair_coeff * * lj/cut 1 1\npair_coeff * * nnp/socket Ar\n';
    const native = await runNative(ljInput('pair_style lj/cut 2.5\npair_coeff * * 2 1\n'));
    expectSameThermo(await runInput(ljInput(pair)), native);
  });

  for (const ranks of [1, 2]) {
    test(`leaves the types marked NULL to another style under hybrid on ${ranks} ranks`, async () => {
      const pair =
        `include \${nnp}\npair_style hybrid nnp/socket \${nnp_server} lj/cut 2.5\n` +
        'pair_coeff * * nnp/socket Ar NULL\npair_coeff 1*2 2 lj/cut 1 1\n';
      const rest =
        'compute e all pe/atom\ncompute s all reduce max c_e\n' +
        'thermo_style custom step pe etotal press pxx pxy c_s\nthermo_modify format float %.14g\nfix 1 all nve\nrun 60\n';
      const native = await runNative(ljInput(NATIVE_PAIR, rest, { types: 2 }), ranks);
      expectSameThermo(await runInput(ljInput(pair, rest, { types: 2 }), ljEvaluator, { ranks }), native);
    });
  }

  test('takes the virial from the server under pair_modify nofdotr', async () => {
    const rest = 'pair_modify nofdotr\nfix 1 all nve\nrun 40\n';
    expectSameThermo(await runInput(ljInput(NNP_PAIR, rest)), await runNative(ljInput(NATIVE_PAIR, rest)));
  });

  test('notices types that change without a new neighbor list (set, then run pre no)', async () => {
    const depths: Record<number, number> = { 36: 1, 54: 0.7, 72: 0.4 }; // by the sum of the atomic numbers
    const potential = lennardJones((zi, zj) => depths[zi + zj], 1, 2.5, [18, 36]);
    const evaluator = new LocalEvaluator(potential, { modelId: 2, reduced: true });
    const rest =
      'set group all type 1\nfix 1 all nve\nneigh_modify every 1 delay 100 check no\nrun 5\nset group all type 2\nrun 10 pre no\n';
    const native = 'pair_style lj/cut 2.5\npair_coeff 1 1 1.0 1\npair_coeff 1 2 0.7 1\npair_coeff 2 2 0.4 1\n';
    const bridge = await runInput(ljInput(NNP_PAIR.replace('Ar', 'Ar Kr'), rest, { types: 2 }), evaluator);
    expectSameThermo(bridge, await runNative(ljInput(native, rest, { types: 2 })));
  });

  for (const units of ['metal', 'real']) {
    test(`converts to units ${units}`, async () => {
      const energy = units === 'real' ? 0.238 : 0.0103;
      const potential = lennardJones(energy * LAMMPS_UNITS[units].energy, 3.405, 8.5);
      const input = (pair: string) => `units ${units}\natom_style atomic\nlattice fcc 5.3\nregion b block 0 4 0 4 0 4
create_box 1 b\ncreate_atoms 1 box\nmass 1 39.948\nvelocity all create 40 87287 loop geom\n${pair}
thermo_style custom step pe etotal press pxx pxy\nthermo_modify format float %.14g\nfix 1 all nve\nrun 20\n`;
      const native = await runNative(input(`pair_style lj/cut 8.5\npair_coeff * * ${energy} 3.405\n`));
      const evaluator = new LocalEvaluator(potential, { modelId: 1, reduced: false });
      expectSameThermo(await runInput(input(NNP_PAIR), evaluator), native);
    });
  }

  test('counts values outside the training range for compute pair, and warns once per rank', async () => {
    const extrapolating: Evaluator = {
      ...identity,
      evaluateStructure: (structure) => ljEvaluator.evaluateStructure(structure),
      async evaluateNeighborhood(neighborhood, out) {
        await ljEvaluator.evaluateNeighborhood(neighborhood, out);
        out.extrapolationCount += 3;
      },
    };
    const rest =
      'compute x all pair nnp/socket\nthermo_style custom step pe c_x[1]\nthermo_modify norm no\nfix 1 all nve\nrun 20\n';
    const run = await runInput(ljInput(NNP_PAIR, rest), extrapolating, { ranks: 2 });
    expect(run.code, run.output).toBe(0);
    expect(thermo(run.output).map((row) => row[2])).toEqual([6, 6]);
    expect(run.output.match(/3 descriptor values outside the training range of the model at step 0/g)?.length).toBe(2);
  });
});
