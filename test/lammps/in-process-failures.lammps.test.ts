import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { describeLane } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { runInput } from './lammps-fixture.ts';
import { inProcess, oxideInput, oxidePotentials } from './oxide.ts';

async function expectFailure(input: string, forces: ReturnType<typeof inProcess>, message: RegExp, ranks = 1) {
  const run = await runInput(input, forces, { ranks });
  expect(run.output).toMatch(message);
  expect(run.code, run.output).not.toBe(0);
  expect(run.seconds).toBeLessThan(15);
}

/** A potential file that `spoil` has changed, its checksum made right again where asked for. */
async function spoiled(spoil: (bytes: Buffer) => Buffer, checksum = false): Promise<ReturnType<typeof inProcess>> {
  const made = await inProcess(await oxidePotentials(1)).file(temporaryFolder());
  const bytes = spoil(readFileSync(made));
  if (checksum) bytes.writeUInt32LE(crc32(bytes.subarray(16)), 12);
  writeFileSync(made, bytes);
  return { file: async () => made, threads: 1 };
}

/** Number `k` of the description of the model. */
const setNumber = (k: number, value: number) => (bytes: Buffer) => {
  bytes.writeDoubleLE(value, 32 + Number(bytes.readBigUInt64LE(16)) + 8 * k);
  return bytes;
};

describeLane('lammps', 'a run with pair_style nnp stops with a message and a nonzero exit', () => {
  test('for a file that is missing, another, truncated, damaged, of another version or for another kernel', async () => {
    const input = oxideInput('run 0\n');
    const missing = { file: async () => join(temporaryFolder(), 'no.nnp'), threads: 1 };
    await expectFailure(input, missing, /ERROR: nnp: \S+no\.nnp: cannot be opened: No such file or directory/, 2);
    const cases: [RegExp, ReturnType<typeof inProcess>][] = [
      [/oxide\.nnp: this is no potential file/, await spoiled(() => Buffer.from('number_of_elements 2\n'))],
      [/oxide\.nnp: the file is truncated or too long \(2000 bytes\)/, await spoiled((b) => b.subarray(0, 2000))],
      [/oxide\.nnp: the file is truncated/, await spoiled((b) => b.subarray(0, b.length - 1))],
      [/oxide\.nnp: this is no potential file/, await spoiled((b) => b.subarray(0, 20))],
      [/oxide\.nnp: the file is damaged \(its checksum is wrong\)/, await spoiled(setNumber(20, 3))],
      [
        /oxide\.nnp: the file has version 9, this library reads version 1/,
        await spoiled((b) => Buffer.concat([b.subarray(0, 8), Buffer.of(9), b.subarray(9)])),
      ],
      [/describes a model for version 77 of the kernel, this library has/, await spoiled(setNumber(1, 77), true)],
      [/oxide\.nnp: the kernel refuses number \d+ of the description/, await spoiled(setNumber(3, 1e9), true)],
      [/oxide\.nnp: the kernel refuses number \d+/, await spoiled(setNumber(30, Number.NaN), true)],
    ];
    for (const [message, forces] of cases) await expectFailure(input, forces, message);
  });

  test('for an element the model does not know, units that do not fit, and wrong words', async () => {
    const forces = inProcess(await oxidePotentials(1));
    const pair = (style: string, elements: string) =>
      `include \${nnp}\npair_style ${style}\npair_coeff * * ${elements}\n`;
    const cases: [string, RegExp][] = [
      [
        oxideInput('run 0\n', pair(`\${nnp_pair}`, 'O Xe')),
        /ERROR: nnp: model oxide-1 has no element Xe \(it knows O, Si\)/,
      ],
      [oxideInput('run 0\n', pair(`\${nnp_pair}`, 'O')), /one element per atom type \(2\)/],
      [oxideInput('run 0\n', pair(`\${nnp_pair}`, 'NULL NULL')), /pair_coeff names no element/],
      [oxideInput('run 0\n', pair(`\${nnp_pair} thread 2`, 'O Si')), /unknown keyword thread/],
      [oxideInput('run 0\n', pair(`\${nnp_pair} threads 0`, 'O Si')), /threads must be 1 to/],
      [oxideInput('run 0\n', undefined, 'electron'), /units metal, real or lj are needed, not electron/],
      [oxideInput('run 0\n', undefined, 'lj'), /the model is not in reduced units: LAMMPS must not use units lj/],
      [`newton off\n${oxideInput('run 0\n')}`, /Pair style nnp requires newton pair on/],
      [
        oxideInput(
          'compute s all stress/atom NULL\ncompute m all reduce max c_s[1]\nthermo_style custom step c_m\nrun 0\n',
        ),
        /does not support per-atom virial/,
      ],
      [
        oxideInput('compute d all nnp/disagreement\nrun 0\n'),
        /needs a committee: give several potentials to `nnp-bridge lammps export`/,
      ],
    ];
    for (const [input, message] of cases) await expectFailure(input, forces, message);
  });

  test('when two atoms coincide, on 2 ranks: both are named', async () => {
    const double =
      'create_atoms 1 single 1 1 1 units box\ncreate_atoms 2 single 1 1 1 units box\nneigh_modify exclude none\nrun 0\n';
    const message = /ERROR on proc \d: nnp: atom (65|66) \((O|Si)\) and atom (65|66) \((O|Si)\) coincide \(step 0\)/;
    await expectFailure(oxideInput(double), inProcess(await oxidePotentials(1)), message, 2);
  });

  test('when a position is not finite and LAMMPS has not noticed', async () => {
    const rest =
      'neigh_modify delay 1000 every 1000 check no\nfix 1 all nve\nfix 2 all addforce 1e308 1e308 1e308\nrun 5\n';
    const message = /ERROR on proc 0: nnp: the position of atom \d+ \((O|Si)\) is not finite \(step \d\)/;
    await expectFailure(oxideInput(`timestep 1e9\n${rest}`), inProcess(await oxidePotentials(1)), message);
  });

  test('when special_bonds hides bonded neighbors from the potential', async () => {
    const input = `units metal
atom_style full
region b block 0 10 0 10 0 10
create_box 2 b bond/types 1 extra/bond/per/atom 2 extra/special/per/atom 4
create_atoms 1 single 5 5 5
create_atoms 2 single 5 5 6.7
mass * 16
create_bonds single/bond 1 1 2
bond_style zero
bond_coeff *
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * O Si
`;
    const directories = await oxidePotentials(1);
    const forces = inProcess(directories);
    const served = await runInput(`${input}run 0\n`, await loadEvaluator({ directory: directories[0] }));
    expect(served.output).toMatch(/ERROR: nnp\/socket: special_bonds hides bonded neighbors from the potential/);
    await expectFailure(
      `${input}run 0\n`,
      forces,
      /ERROR: nnp: special_bonds hides bonded neighbors from the potential/,
    );
    const run = await runInput(`${input}special_bonds lj/coul 1 1 1\nrun 0\n`, forces);
    expect(run.code, run.output).toBe(0);
  });

  test('of compute nnp/disagreement without its pair style', async () => {
    const input = oxideInput(
      'compute d all nnp/disagreement\nrun 0\n',
      `include \${nnp}\npair_style zero 3.0\npair_coeff * *\n`,
    );
    await expectFailure(
      input,
      inProcess(await oxidePotentials(1)),
      /compute nnp\/disagreement needs one pair style nnp or nnp\/socket/,
    );
  });
});
