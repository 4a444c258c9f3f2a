import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { externalText } from '../../src/lammps/external-script.ts';
import type { Evaluation, Evaluator } from '../../src/serve/evaluator.ts';
import { type ServeOptions, startServer } from '../../src/serve/server.ts';
import { formatAddress } from '../../src/serve/transport/address.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { nnpBridge } from './command-fixture.ts';
import { installedLammps, ljEvaluator, ljInput, NATIVE_PAIR, thermo } from './lammps-fixture.ts';

vi.setConfig({ testTimeout: 90_000 }); // several programs are started one after another

const EXTERNAL = 'include nnp.lmp\n';
const REBUILT = 'neigh_modify every 1 delay 0 check yes\n';
const NPT = 'fix 1 all npt temp 0.5 0.5 0.5 tri 1.0 1.0 2.0\nrun 60\n';

interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
}

/** LAMMPS in a folder of its own where nnp.lmp is the include file for `address`. */
async function lmp(
  text: string,
  address = 'unix:/nowhere',
  options: { ranks?: number; words?: string[]; onOutput?: (text: string) => void } = {},
): Promise<Finished> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'in.lmp'), text);
  writeFileSync(join(folder, 'nnp.lmp'), await externalText(address, ['Ar']));
  const { ranks = 1, words = [] } = options;
  const command = [installedLammps().path, '-in', 'in.lmp', ...words];
  if (ranks > 1) command.unshift('mpirun', '--oversubscribe', '-np', String(ranks));
  const begun = Date.now();
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: '1',
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
      OMPI_MCA_mpi_yield_when_idle: '1',
      OMPI_MCA_hwloc_base_binding_policy: 'none',
    },
    timeout: 60_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (said: string) => {
      output += said;
      options.onOutput?.(output);
    });
  }
  const [code] = await once(child, 'close');
  return { code, output, seconds: (Date.now() - begun) / 1000 };
}

async function serving(evaluator: Evaluator = ljEvaluator, options: ServeOptions = {}) {
  const server = await startServer(evaluator, { kind: 'unix', path: join(temporaryFolder(), 's') }, options);
  onTestFinished(() => server.stop());
  return formatAddress(server.address);
}

/** lj/cut whose answers are spoilt from the 30th on. */
function spoilt(spoil: (out: Evaluation) => void | Promise<void>): Evaluator {
  let calls = 0;
  return {
    ...{ name: 'lj', species: [18], cutoff: 2.5, reduced: true, modelId: 1 },
    evaluateNeighborhood: (n, out) => ljEvaluator.evaluateNeighborhood(n, out),
    async evaluateStructure(structure) {
      const out = await ljEvaluator.evaluateStructure(structure);
      if (calls++ >= 30) await spoil(out);
      return out;
    },
  };
}

function expectSame(bridge: Finished, native: Finished, tolerance: number): void {
  expect([bridge.code, native.code], bridge.output + native.output).toEqual([0, 0]);
  const expected = thermo(native.output);
  const rows = thermo(bridge.output);
  expect(expected.length).toBeGreaterThan(1);
  expect(rows.length).toBe(expected.length);
  rows.forEach((row, k) => {
    row.forEach((value, column) => {
      const limit = tolerance * Math.max(1, Math.abs(expected[k][column]));
      expect(Math.abs(value - expected[k][column]), `row ${k} column ${column}`).toBeLessThanOrEqual(limit);
    });
  });
}

function expectStopped(run: Finished, message: RegExp, withinSeconds = 20): void {
  expect(run.output).toMatch(message);
  expect(run.code, run.output).not.toBe(0);
  expect(run.code).not.toBeNull();
  expect(run.seconds).toBeLessThan(withinSeconds);
}

describeLane('lammps', 'fix external, with nothing compiled', () => {
  for (const ranks of [1, 2]) {
    test(`gives the energies and pressures of lj/cut over npt in a sheared cell on ${ranks} ranks`, async () => {
      const native = await lmp(ljInput(NATIVE_PAIR, REBUILT + NPT), undefined, { ranks });
      expectSame(await lmp(ljInput(EXTERNAL, REBUILT + NPT), await serving(), { ranks }), native, 1e-9);
    });
  }

  test('minimizes, runs twice, and goes on after clear and read_restart', async () => {
    const rest = (pair: string) =>
      `${REBUILT}displace_atoms all random 0.1 0.1 0.1 5\nminimize 0 1e-6 40 500\nfix 1 all nve\nrun 20\nrun 20\n` +
      `write_restart r.bin\nclear\natom_modify map array\nread_restart r.bin\n${pair}${REBUILT}fix 1 all nve\n` +
      'thermo_style custom step pe etotal press pxx pxy\nthermo_modify format float %.14g\nthermo 20\nrun 20\n';
    const native = await lmp(ljInput(NATIVE_PAIR, rest(NATIVE_PAIR)), undefined, { ranks: 2 });
    const bridge = await lmp(ljInput(EXTERNAL, rest(EXTERNAL)), await serving(), { ranks: 2 });
    expectSame(bridge, native, 1e-7);
  });

  test('serves a rank without atoms', async () => {
    // half of the box is empty, the one of rank 1; atoms are deleted before the fix counts them
    const emptied =
      'region keep block INF INF INF INF 0.5 2.5 units box side out\ndelete_atoms region keep compress yes\n';
    const text = (pair: string) =>
      `processors 1 1 2\n${ljInput(pair, `${REBUILT}thermo 1\nfix 1 all nve\nrun 5\n`)}`.replace(
        'velocity all',
        `${emptied}velocity all`,
      );
    const native = await lmp(text(NATIVE_PAIR), undefined, { ranks: 2 });
    expect(native.output).toMatch(/Nlocal: .* 0 min/);
    expectSame(await lmp(text(EXTERNAL), await serving(), { ranks: 2 }), native, 1e-9);
  });

  test('runs with what serve and lammps script print', async () => {
    const folder = temporaryFolder();
    const potential = join(ROOT, 'test/data/lammps-run/tiny-si');
    const server = nnpBridge(['serve', potential, '--listen', 'unix:my.sock', '--once'], '', folder);
    const script = await nnpBridge(
      ['lammps', 'script', potential, '--route', 'external', '--server', 'unix:my.sock'],
      '',
      folder,
    ).end;
    expect(script.code, script.stderr).toBe(0);
    const text = `units metal\natom_style atomic\nlattice diamond 5.43\nregion b block 0 2 0 2 0 2\ncreate_box 1 b
create_atoms 1 box\nmass 1 28.085\nvelocity all create 300 4928 loop geom\n${script.stdout}
thermo_style custom step pe etotal\nthermo_modify format float %.14g\nthermo 20\nfix 1 all nve\nrun 40\n`;
    const run = await lmp(text);
    expect(run.code, run.output).toBe(0);
    expect(run.output).toMatch(/nnp-bridge: model \S+ at unix:\S+my\.sock/);
    const rows = thermo(run.output);
    expect(rows.map((row) => row[0])).toEqual([0, 20, 40]);
    expect(Math.abs(rows[2][2] - rows[0][2])).toBeLessThan(1e-3);
    expect(Math.abs(rows[2][1] - rows[0][1])).toBeGreaterThan(0.01);
    expect((await server.end).stderr).toMatch(/closed after 41 steps/);
  });

  test('shows its token, and is refused without', async () => {
    const address = await serving(ljEvaluator, { token: 'a word that is long enough' });
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, 'a word that is long enough\n');
    const short = ljInput(EXTERNAL, 'fix 1 all nve\nrun 1\n');
    expect((await lmp(short, address, { words: ['-var', 'nnp_token_file', file] })).code).toBe(0);
    expectStopped(await lmp(short, address), /it reports: this server asks for a token and HELLO has none/);
  });
});

describeLane('lammps', 'a run with fix external stops with a message and a nonzero exit', () => {
  const endless = ljInput(EXTERNAL, 'fix 1 all nve\nrun 100000000\n');
  for (const ranks of [1, 2]) {
    test(`when the server is killed in mid-run, on ${ranks} ranks`, async () => {
      const path = join(temporaryFolder(), 's');
      const script = join(ROOT, 'test/lammps/lj-server.mts');
      const server = spawn(process.execPath, ['--import', 'tsx', script, `unix:${path}`], { cwd: ROOT });
      onTestFinished(() => void server.kill('SIGKILL'));
      await once(server.stdout, 'data');
      let killed = 0;
      const run = await lmp(endless, `unix:${path}`, {
        ranks,
        onOutput(output) {
          if (killed || !/^ +40 /m.test(output)) return;
          killed = Date.now();
          server.kill('SIGKILL');
        },
      });
      expect((Date.now() - killed) / 1000).toBeLessThan(5);
      expectStopped(
        run,
        /ERROR: nnp-bridge, rank \d at step \d+: server unix:\S+: (it closed the connection|\[Errno)/,
        20,
      );
    });
  }

  test('when no server is there, after the wait', async () => {
    const run = await lmp(endless, 'unix:/no/such/socket', { ranks: 2, words: ['-var', 'nnp_wait', '1'] });
    expectStopped(run, /rank \d: server unix:\/no\/such\/socket: cannot connect within 1 s: .*No such file/);
  });

  test('when the server is mute from the start, and when it becomes mute', async () => {
    const words = ['-var', 'nnp_timeout', '1'];
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    const port = (mute.address() as { port: number }).port;
    expectStopped(await lmp(endless, `tcp:127.0.0.1:${port}`, { words }), /rank 0: server \S+: no answer within 1 s/);
    const later = await serving(spoilt(() => new Promise(() => {})));
    expectStopped(
      await lmp(endless, later, { ranks: 2, words }),
      /rank \d at step 30: server \S+: no answer within 1 s/,
    );
  });

  test('when the model gives NaN: the server finds it, and every rank is told', async () => {
    const address = await serving(spoilt((out) => void out.forces.fill(Number.NaN, 7, 8)));
    const run = await lmp(endless, address, { ranks: 2 });
    expectStopped(
      run,
      /rank \d at step 30: server \S+: it reports: the model gave a force on atom 3 that is not finite/,
    );
  });

  test('when a careless server sends NaN or answers another step', async () => {
    const wrong: [(step: bigint) => bigint, number, RegExp][] = [
      [(step) => step, Number.NaN, /rank 0 at step 0: server \S+: a number that is not finite came back/],
      [(step) => step + 1n, 0, /rank 0 at step 0: server \S+: it answers step 1/],
    ];
    for (const [answeredStep, value, message] of wrong) {
      const server = createServer((socket) => careless(socket, answeredStep, value)).listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      const port = (server.address() as { port: number }).port;
      expectStopped(await lmp(endless, `tcp:127.0.0.1:${port}`), message);
    }
  });

  test('when another service listens, an element is unknown, elements are missing or atoms get lost', async () => {
    const http = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\nnothing here, really');
    }).listen(0);
    onTestFinished(() => void http.close());
    await once(http, 'listening');
    const port = (http.address() as { port: number }).port;
    expectStopped(await lmp(endless, `tcp:127.0.0.1:${port}`), /server tcp:\S+: it is not an NNP1 server/);
    const address = await serving();
    const elements = (text: string) => lmp(endless, address, { words: ['-var', 'nnp_elements', text] });
    expectStopped(await elements('Xe'), /it reports: model lj has no element Xe \(it knows Ar\)/);
    expectStopped(await elements('Ar Ar'), /nnp_elements must name one element for each of the 1 atom types/);
    const gap = ljInput('delete_atoms region hole compress no\n', 'include nnp.lmp\nrun 1\n').replace(
      'mass *',
      'region hole sphere 2 2 2 1\nmass *',
    );
    expectStopped(await lmp(gap, address), /cannot gather the atoms: their ids must be 1 to the number of atoms/);
    const fewer = 'fix 1 all nve\nrun 1\ndelete_atoms group lost compress yes\nrun 1\n';
    const lost = ljInput(`group lost id 7\n${EXTERNAL}`, fewer);
    expectStopped(await lmp(lost, address), /the number of atoms changed from 256 to 255/);
    const changed = ljInput(`set group all type 1\n${EXTERNAL}`, 'fix 1 all nve\nrun 1\nset atom 5 type 2\nrun 1\n', {
      types: 2,
    });
    const run = await lmp(changed, address, { words: ['-var', 'nnp_elements', 'Ar Ar'] });
    expectStopped(run, /ids or types of atoms changed/);
  });
});

/** An NNP1 server without any check, which answers HELLO and then one step. */
function careless(socket: Socket, answeredStep: (step: bigint) => bigint, value: number): void {
  socket.on('error', () => {});
  let natoms = 0;
  socket.on('data', (chunk) => {
    const type = chunk.length >= 32 && chunk.readUInt32LE(0) === 0x31504e4e ? chunk.readUInt16LE(6) : 0;
    if (type === 0) return;
    if (type === 3) natoms = chunk.readInt32LE(32);
    const payload = type === 1 ? Buffer.alloc(16) : Buffer.alloc(64 + 24 * natoms);
    if (type === 3) payload.writeDoubleLE(value, 80);
    const head = Buffer.alloc(32);
    head.writeUInt32LE(0x31504e4e, 0);
    head.writeUInt16LE(1, 4);
    head.writeUInt16LE(type + 1, 6);
    head.writeBigUInt64LE(BigInt(payload.length), 16);
    head.writeBigInt64LE(type === 1 ? 0n : answeredStep(chunk.readBigInt64LE(24)), 24);
    socket.write(Buffer.concat([head, payload]));
  });
}
