import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluateCommittee } from '../../potentials/committee.ts';
import { loadCommittee } from '../../potentials/load.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { volume } from '../../src/core/cell.ts';
import { LAMMPS_UNITS } from '../../src/core/units.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { describeLane } from '../lanes.ts';
import { type Finished, runInput, thermo } from './lammps-fixture.ts';
import { type DumpFrame, inProcess, OXIDE_THERMO, oxideInput, oxidePotentials, readDump } from './oxide.ts';

/** eV/Å³ in bar, as LAMMPS metal units have it (force->nktv2p). */
const LAMMPS_BAR = 1.6021765e6;
const PBC = [true, true, true] as const;

const largest = (values: Float64Array) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

function farthest(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, x, k) => Math.max(most, Math.abs(x - b[k])), 0);
}

function expectDone(run: Finished): Finished {
  expect(run.code, run.output).toBe(0);
  return run;
}

/** What LAMMPS printed from the first line of thermodynamic output on, without timings. */
const thermoText = ({ output }: Finished) => output.match(/^ *Step[\s\S]*?(?=^Loop time)/gm);

const inputOf = ({ numbers, positions, cell }: DumpFrame) => ({ numbers, positions, cell, pbc: PBC });

describeLane('lammps', 'pair_style nnp', () => {
  for (const ranks of [1, 2, 4]) {
    test(`gives energy, forces and six pressures of the TypeScript program in a sheared cell on ${ranks} ranks`, async () => {
      const [directory] = await oxidePotentials(1);
      const run = expectDone(
        await runInput(oxideInput('velocity all set 0 0 0\nrun 0\n'), inProcess([directory]), { ranks }),
      );
      const [frame] = readDump(run.folder);
      const evaluator = await loadEvaluator({ directory, backend: 'typescript' });
      const wanted = await evaluator.evaluateStructure(inputOf(frame));
      const [[, , energy, , , ...pressures]] = thermo(run.output);
      expect(Math.abs(energy - wanted.energy) / Math.abs(wanted.energy)).toBeLessThan(1e-12);
      expect(farthest(frame.forces, wanted.forces)).toBeLessThan(1e-11 * largest(wanted.forces));
      const bar = LAMMPS_BAR / volume(frame.cell);
      const scale = largest(wanted.virial) * bar;
      [0, 4, 8, 1, 2, 5].forEach((at, k) => {
        expect(Math.abs(pressures[k] - wanted.virial[at] * bar)).toBeLessThan(1e-9 * scale);
      });
    });
  }

  for (const [what, rest] of [
    ['NVE', 'fix 1 all nve\nrun 100\n'],
    ['NPT with all six cell parameters', 'fix 1 all npt temp 300 300 0.1 tri 0 0 0.5\nrun 60\n'],
    ['minimize', 'min_style cg\nminimize 0 1e-6 20 100\n'],
    ['nofdotr, where the virial is the kernel’s', 'pair_modify nofdotr\nfix 1 all nve\nrun 20\n'],
  ]) {
    test(`gives the same bits as the socket: ${what}`, async () => {
      const [directory] = await oxidePotentials(1);
      const socket = expectDone(
        await runInput(oxideInput(rest), await loadEvaluator({ directory, backend: 'native' })),
      );
      const inside = expectDone(await runInput(oxideInput(rest), inProcess([directory])));
      expect(thermoText(inside)?.[0].length).toBeGreaterThan(100);
      expect(thermoText(inside)).toEqual(thermoText(socket));
      expect(readFileSync(join(inside.folder, 'd.txt'), 'utf8')).toBe(
        readFileSync(join(socket.folder, 'd.txt'), 'utf8'),
      );
    });
  }

  test('conserves the energy in NVE', async () => {
    const run = expectDone(
      await runInput(oxideInput('timestep 0.0005\nfix 1 all nve\nrun 1000\n'), inProcess(await oxidePotentials(1))),
    );
    const rows = thermo(run.output);
    const drift = (rows[rows.length - 1][3] - rows[0][3]) / 64;
    expect(Math.abs(drift) / 0.5).toBeLessThan(1e-5); // eV/atom/ps
    expect(Math.max(...rows.map(([, t]) => t))).toBeGreaterThan(20);
  });

  test('continues after write_restart, clear and read_restart', async () => {
    const directories = await oxidePotentials(1);
    const again = `clear\nread_restart r.bin\ninclude \${nnp}\npair_style \${nnp_pair}\npair_coeff * * O Si\n${OXIDE_THERMO}`;
    const rest = `fix 1 all nve\nrun 20\nwrite_restart r.bin\n${again}fix 1 all nve\nrun 20\n`;
    const run = expectDone(await runInput(oxideInput(rest), inProcess(directories)));
    const rows = thermo(run.output);
    expect(rows.map(([step]) => step)).toEqual([0, 20, 20, 40]);
    expect(Math.abs(rows[2][2] - rows[1][2])).toBeLessThan(1e-9);
    const whole = thermo((await runInput(oxideInput('fix 1 all nve\nrun 40\n'), inProcess(directories))).output);
    expect(Math.abs(rows[3][3] - whole[2][3])).toBeLessThan(1e-8);
  });

  for (const [what, pair] of [
    ['NULL types under hybrid', 'hybrid PAIR zero 3.0\npair_coeff * * NAME O NULL\npair_coeff 1*2 2 zero'],
    ['hybrid/overlay', 'hybrid/overlay zero 3.0 PAIR\npair_coeff * * zero\npair_coeff * * NAME O Si'],
  ]) {
    for (const ranks of [1, 2]) {
      test(`gives what the socket gives with ${what} on ${ranks} ranks`, async () => {
        const [directory] = await oxidePotentials(1);
        const lines = (name: string) =>
          `include \${nnp}\npair_style ${pair.replace('PAIR', `\${nnp_pair}`).replace('NAME', name)}\n`;
        const rest = 'fix 1 all nve\nrun 40\n';
        const evaluator = await loadEvaluator({ directory, backend: 'native' });
        const socket = expectDone(await runInput(oxideInput(rest, lines('nnp/socket')), evaluator, { ranks }));
        const inside = expectDone(await runInput(oxideInput(rest, lines('nnp')), inProcess([directory]), { ranks }));
        if (ranks === 1) expect(thermoText(inside)).toEqual(thermoText(socket));
        thermo(inside.output).forEach((row, k) => {
          for (const [c, x] of row.entries()) expect(x).toBeCloseTo(thermo(socket.output)[k][c], 6);
        });
      });
    }
  }

  test('converts to units real', async () => {
    const directories = await oxidePotentials(1);
    const rest = 'compute e all pe/atom\ncompute s all reduce sum c_e\nrun 0\n';
    const [metal, real] = [
      await runInput(oxideInput(rest), inProcess(directories)),
      await runInput(oxideInput(rest, undefined, 'real'), inProcess(directories)),
    ].map(expectDone);
    const kcal = 1 / LAMMPS_UNITS['real'].energy;
    expect(thermo(real.output)[0][2] / thermo(metal.output)[0][2]).toBeCloseTo(kcal, 10);
    const [a, b] = [readDump(metal.folder)[0].forces, readDump(real.folder)[0].forces];
    expect(
      farthest(
        a.map((x) => x * kcal),
        b,
      ),
    ).toBeLessThan(1e-12 * largest(b));
  });

  test('gives the same with three threads, the same bits each time', async () => {
    const directories = await oxidePotentials(1);
    const [one, three, again] = await Promise.all(
      [1, 3, 3].map((threads) => runInput(oxideInput('fix 1 all nve\nrun 40\n'), inProcess(directories, threads))),
    );
    expect(expectDone(three).output).toMatch(/native \(\w+, 3 threads\)/);
    expect(thermoText(again)).toEqual(thermoText(three));
    expect(readDump(three.folder).length).toBe(3);
    readDump(three.folder).forEach((frame, k) => {
      expect(farthest(frame.forces, readDump(one.folder)[k].forces)).toBeLessThan(1e-9);
    });
  });

  for (const [style, ranks] of [
    ['nnp', 1],
    ['nnp', 2],
    ['nnp/socket', 1],
    ['nnp/socket', 2],
  ] as const) {
    test(`a committee moves by the mean and tells its disagreement per atom and at most, by ${style} on ${ranks} ranks`, async () => {
      const directories = await oxidePotentials(3);
      const rest = `compute dis all nnp/disagreement
thermo_style custom step pe c_dis
thermo_modify format float %.17g
undump d
dump d all custom 20 d.txt id type x y z fx fy fz c_dis
dump_modify d sort id format float %.17g
fix 1 all nve
run 40
`;
      const [directory, ...further] = directories;
      const forces =
        style === 'nnp' ? inProcess(directories) : await loadEvaluator({ directory, further, backend: 'native' });
      const run = expectDone(await runInput(oxideInput(rest), forces, { ranks }));
      expect(run.output).toMatch(/nnp(\/socket)?: model oxide-1\+oxide-2\+oxide-3 (\(3 networks\) from|at)/);
      const committee = await loadCommittee(directories, { backend: 'typescript' });
      const rows = thermo(run.output);
      const frames = readDump(run.folder);
      expect([frames.length, rows.length]).toEqual([3, 3]);
      frames.forEach((frame, k) => {
        const { mean, disagreement } = evaluateCommittee(
          committee,
          buildNeighborList(inputOf(frame), committee.cutoff),
        );
        expect(Math.abs(rows[k][1] - mean.energy)).toBeLessThan(1e-11 * Math.abs(mean.energy));
        expect(farthest(frame.forces, mean.forces)).toBeLessThan(1e-11 * largest(mean.forces));
        const told = Float64Array.from(frame.rest, ([x]) => x);
        expect(farthest(told, disagreement.forces)).toBeLessThan(1e-11 * largest(mean.forces));
        expect(rows[k][2]).toBe(largest(told));
      });
    });
  }

  test('the socket gives the same bits of the disagreement, at the steps where it is asked for', async () => {
    const directories = await oxidePotentials(2);
    const rest = (style: string) => `compute dis all nnp/disagreement
compute x all pair ${style}
thermo_style custom step pe c_dis c_x[1]
thermo_modify format float %.17g
fix 1 all nve
run 40
`;
    const [directory, ...further] = directories;
    const evaluator = await loadEvaluator({ directory, further, backend: 'native' });
    let asked = 0;
    const committee = evaluator.committee;
    const counting = {
      ...evaluator,
      evaluateStructure: () => Promise.reject(new Error('not asked for')),
      evaluateNeighborhood: evaluator.evaluateNeighborhood.bind(evaluator),
      ...(committee && {
        committee: {
          members: committee.members,
          evaluateMembers: (...words: Parameters<typeof committee.evaluateMembers>) => {
            asked++;
            return committee.evaluateMembers(...words);
          },
        },
      }),
    };
    const socket = expectDone(await runInput(oxideInput(rest('nnp/socket')), counting));
    const inside = expectDone(await runInput(oxideInput(rest('nnp')), inProcess(directories)));
    expect(asked).toBe(3);
    expect(thermo(inside.output).length).toBe(3);
    expect(Math.min(...thermo(inside.output).map(([, , most]) => most))).toBeGreaterThan(0);
    expect(thermoText(inside)).toEqual(thermoText(socket));
  });

  test('compute nnp/disagreement refuses a server with a single potential', async () => {
    const [directory] = await oxidePotentials(1);
    const run = await runInput(
      oxideInput('compute dis all nnp/disagreement\nthermo_style custom step c_dis\nrun 0\n'),
      await loadEvaluator({ directory }),
    );
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/compute nnp\/disagreement needs a committee: give several potentials to/);
  });

  test('counts descriptor values outside the training range and names the first, once per rank', async () => {
    const rest = 'compute x all pair nnp\nthermo_style custom step pe c_x[1]\nfix 1 all nve\nrun 20\n';
    const run = expectDone(await runInput(oxideInput(rest), inProcess(await oxidePotentials(1)), { ranks: 2 }));
    expect(thermo(run.output)[0][2]).toBeGreaterThan(0);
    const told = run.output.match(
      /\d+ descriptor values outside the training range of the model at step 0, the first: symmetry function \d+ of atom \d+ \((O|Si)\) is -?[\d.]+/g,
    );
    expect(told?.length).toBe(2);
  });

  test('takes the instruction set that NNP_KERNEL_VARIANT names', async () => {
    process.env['NNP_KERNEL_VARIANT'] = 'avx2';
    try {
      const run = await runInput(oxideInput('run 0\n'), inProcess(await oxidePotentials(1)));
      expect(run.output).toMatch(/native \(avx2, 1 thread\)|does not run the variant NNP_KERNEL_VARIANT=avx2/);
    } finally {
      delete process.env['NNP_KERNEL_VARIANT'];
    }
  });
});
