import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { nnpBridge } from './command-fixture.ts';
import { installedLammps, thermo } from './lammps-fixture.ts';

const POTENTIAL = join(ROOT, 'test/data/lammps-run/tiny-si');

/** 64 silicon atoms; `pair` are the pair lines, `rest` what is done. */
const siliconInput = (rest: string, include = `\${nnp}`) => `units metal
atom_style atomic
lattice diamond 5.43
region b block 0 2 0 2 0 2
create_box 1 b
create_atoms 1 box
mass 1 28.085
velocity all create 300 4928 loop geom
include ${include}
pair_style \${nnp_pair}
pair_coeff * * Si
thermo_style custom step pe etotal press
thermo_modify format float %.14g
thermo 20
fix 1 all nve
${rest}`;

async function until(condition: () => boolean): Promise<void> {
  for (let k = 0; k < 600 && !condition(); k++) await new Promise((tick) => setTimeout(tick, 50));
  expect(condition()).toBe(true);
}

const leftovers = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('nnp-'));
const runWords = (...words: string[]) => ['lammps', 'run', 'in.lmp', '--potential', POTENTIAL, ...words];

describeLane('lammps', 'nnp-bridge lammps', () => {
  test('build -o compiles into the folder and prints the path', async () => {
    const { folder, end } = nnpBridge(['lammps', 'build', '-o', 'here']);
    const { code, stdout, stderr } = await end;
    expect([code, stdout]).toEqual([0, `${join(folder, 'here/nnpplugin.so')}\n`]);
    expect(stderr).toMatch(/LAMMPS \d+ \w+ \d{4}, Open MPI/);
    expect(readdirSync(join(folder, 'here'))).toEqual(['nnpplugin.so']);
  });

  test('build says what is missing', async () => {
    const missing: [string[], RegExp][] = [
      [['--lmp', '/no/lmp'], /no LAMMPS: "\/no\/lmp" is not in PATH.*apt-get install lammps liblammps-dev/],
      [['--lmp', '/bin/true'], /\/bin\/true -h does not print the version of a LAMMPS/],
      [
        ['--headers', '/no/headers'],
        /no headers of \S+: \/no\/headers\/pair.h is not there; Debian: apt-get install liblammps-dev/,
      ],
    ];
    for (const [words, message] of missing) {
      const { code, stderr } = await nnpBridge(['lammps', 'build', ...words]).end;
      expect(code).toBe(5);
      expect(stderr).toMatch(message);
    }
  });

  test('run serves the potential, passes words after -- to LAMMPS, and leaves nothing behind', async () => {
    const { folder, end } = nnpBridge(
      runWords('--', '-log', 'my.log', '-var', 'n', '40', '-var', 'x', '1.50'),
      siliconInput(`print "x is \${x}"\nrun \${n}\n`),
    );
    const { code, stdout } = await end;
    expect(code, stdout).toBe(0);
    expect(thermo(stdout).map((row) => row[0])).toEqual([0, 20, 40]);
    expect(existsSync(join(folder, 'my.log'))).toBe(true);
    expect(stdout).toContain('x is 1.50\n');
    expect(leftovers(folder)).toEqual([]);
  });

  test('run gives the same numbers on 1 and 2 ranks, one worker process each', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((np) => nnpBridge(runWords('--np', np), siliconInput('run 40\n')).end),
    );
    expect([one.code, two.code], two.stderr).toEqual([0, 0]);
    const [a, b] = [thermo(one.stdout), thermo(two.stdout)];
    expect(b.length).toBe(3);
    expect(b[0][1]).toBeCloseTo(a[0][1], 10);
    for (const [k, row] of b.entries()) expect(Math.abs(row[2] - a[k][2])).toBeLessThan(1e-8);
  });

  test('run with --potential given twice serves a committee from each worker process', async () => {
    const folder = temporaryFolder();
    const other = join(folder, 'other-si');
    cpSync(POTENTIAL, other, { recursive: true });
    const weights = join(other, 'weights.014.data');
    writeFileSync(weights, readFileSync(weights, 'utf8').replace('0.8', '0.9'));
    const rest =
      'compute d all nnp/disagreement\nthermo_style custom step pe c_d\ndisplace_atoms all random 0.1 0.1 0.1 7\nrun 20\n';
    const run = (...words: string[]) =>
      nnpBridge(runWords('--potential', other, ...words), siliconInput(rest), folder).end;
    const served = await run('--np', '2');
    const inside = await run('--in-process');
    expect([served.code, inside.code], served.stdout + served.stderr + inside.stderr).toEqual([0, 0]);
    const [a, b] = [thermo(served.stdout), thermo(inside.stdout)];
    expect(a.length).toBe(2);
    expect(a[0][2]).toBeGreaterThan(1e-4);
    a.forEach((row, k) => {
      for (const [c, x] of row.entries()) expect(Math.abs(x - b[k][c])).toBeLessThan(1e-5);
    });
  });

  for (const [name, words, made] of [
    ['nve', ['steps', '100'], 'nve.dump'],
    ['npt', ['steps', '100', '-var', 'pressure', '500'], 'npt.data'],
    ['relax', ['force', '0.01'], 'relaxed.data'],
  ] as const) {
    test(`run works with lammps-scripts/inputs/${name}.lmp`, async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'start.data'), siliconData());
      const input = join(ROOT, `lammps-scripts/inputs/${name}.lmp`);
      const all = ['lammps', 'run', input, '--potential', POTENTIAL, '--', '-var', 'elements', 'Si', '-var', ...words];
      const { code, stdout } = await nnpBridge(all, '', folder).end;
      expect(code, stdout).toBe(0);
      expect(thermo(stdout).length).toBeGreaterThan(1);
      expect(existsSync(join(folder, made))).toBe(true);
    });
  }

  test('run ends with the exit code of LAMMPS', async () => {
    const { code, stdout } = await nnpBridge(runWords(), siliconInput('bogus command\n')).end;
    expect(code).toBe(1);
    expect(stdout).toMatch(/Unknown command: bogus/);
  });

  test('run is an error when the input does not use the potential', async () => {
    const { code, stderr } = await nnpBridge(runWords(), 'print hello\n').end;
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /ended without using the potential: in.lmp must say "include \$\{nnp\}", "pair_style \$\{nnp_pair\}"/,
    );
  });

  test('run does not start LAMMPS when the potential cannot be loaded', async () => {
    const words = ['lammps', 'run', 'in.lmp', '--potential', '/no/potential'];
    for (const np of ['1', '2']) {
      const { code, stdout } = await nnpBridge([...words, '--np', np], siliconInput('run 1\n')).end;
      expect(code).not.toBe(0);
      expect(stdout).not.toMatch(/LAMMPS \(/);
    }
  });

  test('run stops LAMMPS after the time limit', async () => {
    const { folder, end } = nnpBridge(runWords('--timeout', '3'), siliconInput('run 100000000\n'));
    const { code, stderr } = await end;
    expect(code).toBe(5);
    expect(stderr).toMatch(/LAMMPS was stopped after the time limit of 3 s/);
    expect(leftovers(folder)).toEqual([]);
  });

  for (const np of ['1', '2']) {
    test(`run on ${np} ranks ends LAMMPS, server and workers on SIGTERM, exit code 130`, async () => {
      const { child, folder, said, end } = nnpBridge(runWords('--np', np), siliconInput('run 100000000\n'));
      await until(() => /^ +20 /m.test(said()));
      child.kill('SIGTERM');
      expect((await end).code).toBe(130);
      expect(leftovers(folder)).toEqual([]);
    });
  }

  for (const [np, ...words] of [['1'], ['2'], ['1', '--in-process'], ['2', '--in-process']]) {
    test(`Ctrl-C ends a run on ${np} ranks ${words.join(' ')} at the next step and executes the rest of the script`, async () => {
      const input = siliconInput('run 100000000\nwrite_data end.data\n');
      const { child, folder, said, end } = nnpBridge(runWords('--np', np, ...words), input);
      await until(() => /^ +20 /m.test(said()));
      child.kill('SIGINT');
      const { code, stdout } = await end;
      expect(code, stdout).toBe(130);
      expect(readFileSync(join(folder, 'end.data'), 'utf8')).toContain('64 atoms');
      expect(readFileSync(join(folder, 'log.lammps'), 'utf8')).toMatch(/Total wall time/);
      expect(leftovers(folder)).toEqual([]);
    });
  }

  test('Ctrl-C twice ends LAMMPS at once, also where no step comes', async () => {
    const { child, folder, said, end } = nnpBridge(
      runWords(),
      siliconInput('run 20\nprint "sleeping"\nshell sleep 100\n'),
    );
    await until(() => said().includes('sleeping'));
    child.kill('SIGINT');
    await until(() => said().includes('once more (Ctrl-C) ends LAMMPS at once'));
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
    expect(leftovers(folder)).toEqual([]);
  });

  test('run --in-process and a file of export give the same without a server; script loads the file', async () => {
    const folder = temporaryFolder();
    const input = siliconInput('run 40\n');
    const exported = await nnpBridge(['lammps', 'export', POTENTIAL, '-o', 'si.nnp'], '', folder).end;
    expect([exported.code, exported.stdout]).toEqual([
      0,
      expect.stringMatching(/^si\.nnp: Si, cutoff 4\.5 angstrom, \d+ bytes\n$/),
    ]);
    const words = (...rest: string[]) => ['lammps', 'run', 'in.lmp', ...rest];
    const served = await nnpBridge(runWords(), input).end;
    const inside = await nnpBridge(runWords('--in-process'), input).end;
    const file = await nnpBridge(words('--potential', 'si.nnp', '--threads', '2'), input, folder).end;
    const rows = thermo(served.stdout);
    expect(rows.length).toBe(3);
    expect(inside.stdout).toMatch(/nnp: model tiny-si from \S+, cutoff 4\.5, id \d+; native/);
    expect(thermo(inside.stdout)).toEqual(rows);
    expect(file.stdout).toMatch(/2 threads/);
    thermo(file.stdout).forEach((row, k) => {
      for (const [c, x] of row.entries()) expect(x).toBeCloseTo(rows[k][c], 7);
    });
    const script = await nnpBridge(['lammps', 'script', 'si.nnp'], '', folder).end;
    expect(script.stdout).toMatch(new RegExp(`variable nnp_pair string "nnp ${folder}/si.nnp"`));
  });

  test('run --in-process is an error when the input does not use the potential', async () => {
    const { code, stderr } = await nnpBridge(runWords('--in-process'), 'print hello\n').end;
    expect(code).toBe(5);
    expect(stderr).toMatch(/ended without using the potential/);
  });

  test('run --replace-pair runs a script written for another potential and says what it replaced', async () => {
    const foreign = siliconInput('run 20\n')
      .replace(`include \${nnp}\n`, '')
      .replace(`\${nnp_pair}`, 'sw')
      .replace('pair_coeff * * Si', 'pair_coeff * * Si.sw Si');
    const { code, stdout, stderr } = await nnpBridge(runWords('--replace-pair'), foreign).end;
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain(`in.lmp line 9: pair_style sw -> pair_style \${nnp_pair}\n`);
    expect(thermo(stdout)).toEqual(thermo((await nnpBridge(runWords(), siliconInput('run 20\n')).end).stdout));
    const refused = await nnpBridge(runWords('--replace-pair'), 'pair_style hybrid sw lj/cut 3\n').end;
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^in\.lmp:1: "pair_style hybrid/)]);
  });

  test('run stops when a worker process dies', async () => {
    const { child, end, said } = nnpBridge(runWords('--np', '2'), siliconInput('run 100000000\n'));
    await until(() => /^ +20 /m.test(said()));
    const workers = childrenOf(child.pid as number).filter((pid) => commandOf(pid).includes('serve/worker'));
    expect(workers.length).toBe(2);
    process.kill(workers[0], 'SIGKILL');
    const { code, stdout, stderr } = await end;
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/ERROR on proc \d: nnp\/socket: server unix:\S+ closed the connection/);
    expect(stderr).toMatch(/worker process \d+ of the force server ended \(SIGKILL\)/);
  });

  test('script prints an include file for a server of serve, which SIGTERM ends', async () => {
    const folder = temporaryFolder();
    const server = nnpBridge(['serve', POTENTIAL, '--listen', 'unix:my.sock'], '', folder);
    await until(() => server.said().includes('listening on'));
    expect(server.said()).toContain(`listening on unix:${folder}/my.sock\n`);
    const script = await nnpBridge(['lammps', 'script', POTENTIAL, '--server', 'unix:my.sock'], '', folder).end;
    expect(script.code, script.stderr).toBe(0);
    expect(script.stdout).toMatch(/pair_coeff \* \* Si\n$/);
    writeFileSync(join(folder, 'nnp.lmp'), script.stdout);
    writeFileSync(join(folder, 'in.lmp'), siliconInput('run 20\n', 'nnp.lmp'));
    const lmp = spawn(installedLammps().path, ['-in', 'in.lmp'], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
    });
    expect((await once(lmp, 'close'))[0]).toBe(0);
    expect(thermo(readFileSync(join(folder, 'log.lammps'), 'utf8')).length).toBe(2);
    server.child.kill('SIGTERM');
    const { code, stderr } = await server.end;
    expect(code).toBe(0);
    expect(stderr).toMatch(/rank 0 of 1 \(LAMMPS \d+\) closed after 21 steps/);
    expect(existsSync(join(folder, 'my.sock'))).toBe(false);
  });
});

/** Eight cells of diamond, slightly compressed. */
function siliconData(): string {
  const a = 5.38;
  const basis = [
    [0, 0, 0],
    [0, 2, 2],
    [2, 0, 2],
    [2, 2, 0],
    [1, 1, 1],
    [1, 3, 3],
    [3, 1, 3],
    [3, 3, 1],
  ];
  const atoms = [];
  for (let k = 0; k < 8; k++) {
    for (const r of basis) atoms.push(r.map((x, d) => (x / 4 + ((k >> d) & 1)) * a).join(' '));
  }
  const box = ['x', 'y', 'z'].map((axis) => `0 ${2 * a} ${axis}lo ${axis}hi`);
  const lines = atoms.map((r, k) => `${k + 1} 1 ${r}`);
  return [
    'silicon',
    '',
    '64 atoms',
    '1 atom types',
    ...box,
    '',
    'Masses',
    '',
    '1 28.085',
    '',
    'Atoms # atomic',
    '',
    ...lines,
    '',
  ].join('\n');
}

/** Processes below a process, by /proc. */
function childrenOf(pid: number): number[] {
  const direct = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}
