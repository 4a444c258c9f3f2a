import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { volume } from '../../src/core/cell.ts';
import { virialToStress } from '../../src/core/tensor.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import { formatAddress } from '../../src/serve/transport/address.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

vi.setConfig({ testTimeout: 90_000 }); // several programs are started one after another

const POTENTIAL = join(ROOT, 'test/data/lammps-run/tiny-si');
const TOKEN = 'a word of more than sixteen';

interface Row {
  readonly energy?: number;
  readonly energies?: number;
  readonly forces?: number[];
  readonly stress?: number[];
  readonly positions?: number[];
  readonly cell?: number[];
  readonly part?: number;
  readonly gone?: boolean;
  readonly error?: string;
  readonly seconds?: number;
  readonly results?: object;
}

/** A user's script with the calculator; the command is the sources, in one process whose id is in server.pid. */
async function script(name: string, argument = '', potential = POTENTIAL, folder = temporaryFolder()) {
  const main = join(ROOT, 'src/cli/main.ts');
  const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
  writeFileSync(
    join(folder, 'bridge'),
    `#!/bin/sh\necho $$ > server.pid\nexec ${process.execPath} --import ${tsx} ${main} "$@"\n`,
  );
  chmodSync(join(folder, 'bridge'), 0o755);
  writeFileSync(
    join(folder, 'si.xyz'),
    `5\nLattice="5.5 0.4 -0.2 0.1 5.3 0.6 -0.5 0.2 5.6" Properties=species:S:1:pos:R:3 pbc="T T T"
Si 0.02 0.01 0.03\nSi 0.1 2.8 2.9\nSi 2.6 0.3 2.7\nSi 2.8 2.85 0.2\nSi 1.4 1.5 1.5\n`,
  );
  const words = ['test/python/calculator.py', 'lammps-scripts/python'].map((path) => join(ROOT, path));
  const child = spawn('/usr/bin/python3', [...words, './bridge', potential, name, argument], { cwd: folder });
  let out = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [code] = await once(child, 'close');
  expect(code, complaint).toBe(0);
  const rows = out.split('\n').filter((line) => line.startsWith('{'));
  return rows.map((line) => JSON.parse(line) as Row);
}

async function expectModel({ energy = 0, energies = 0, forces = [], stress = [], positions = [], cell = [] }: Row) {
  const evaluator = await loadEvaluator({ directory: POTENTIAL });
  const structure = {
    numbers: new Uint8Array(5).fill(14),
    positions: Float64Array.from(positions),
    cell: Float64Array.from(cell),
    pbc: [true, true, true] as const,
  };
  const truth = await evaluator.evaluateStructure(structure);
  expect(Math.abs(energy - truth.energy)).toBeLessThan(1e-12);
  expect(Math.abs(energies - truth.energy)).toBeLessThan(1e-12);
  expect(forces.length).toBe(15);
  forces.forEach((f, k) => void expect(Math.abs(f - truth.forces[k])).toBeLessThan(1e-12));
  const expected = virialToStress(truth.virial, volume(structure.cell));
  expect(stress.length).toBe(9);
  stress.forEach((s, k) => void expect(Math.abs(s - expected[k])).toBeLessThan(1e-14));
  expect(Math.max(...stress.map(Math.abs))).toBeGreaterThan(1e-5);
}

describeLane('ase', 'nnp_bridge_calculator.py', () => {
  test('starts a server, gives the numbers of the potential, takes other atoms, and leaves no process', async () => {
    const [first, folded, strained, part, rattled, end] = await script('points');
    for (const row of [first, folded, strained, rattled]) await expectModel(row);
    expect(folded.energy).toBeCloseTo(first.energy as number, 10);
    expect(part.part).not.toBeCloseTo(strained.energy as number, 3);
    expect(end.gone).toBe(true);
  });

  test('raises at once when the server is killed, and keeps no result', async () => {
    const [row] = await script('killed');
    expect(row.error).toMatch(/nnp-bridge server unix:\S+: (it closed the connection|connection broken)/);
    expect(row.seconds).toBeLessThan(2);
    expect(row.results).toEqual({});
  });

  test('shows its token to a server that asks for one', async () => {
    const evaluator = await loadEvaluator({ directory: POTENTIAL });
    const server = await startServer(evaluator, { kind: 'tcp', host: '127.0.0.1', port: 0 }, { token: TOKEN });
    onTestFinished(() => server.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
    const [served, refused] = await script('refused', formatAddress(server.address), POTENTIAL, folder);
    await expectModel(served);
    expect(refused.error).toMatch(/it reports: this server asks for a token and HELLO has none/);
  });

  test('says what is wrong with the server: absent, mute, or another program', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    const http = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\nnothing here, really');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    onTestFinished(() => void http.close());
    await Promise.all([once(mute, 'listening'), once(http, 'listening')]);
    const at = (server: typeof mute) => `tcp:127.0.0.1:${(server.address() as { port: number }).port}`;
    const cases: [string, RegExp][] = [
      ['unix:/no/such/socket', /server unix:\/no\/such\/socket: cannot connect: .*No such file/],
      [at(mute), /no answer within 1 s/],
      [at(http), /it is not an NNP1 server/],
    ];
    for (const [address, message] of cases) {
      const [row] = await script('server', address);
      expect(row.error).toMatch(message);
      expect(row.seconds).toBeLessThan(3);
    }
  });

  test('shows why a server does not start, and what it refuses', async () => {
    const [start] = await script('start', '', '/no/potential');
    expect(start.error).toMatch(/nnp-bridge serve \/no\/potential ended with 3; it said: .*\/no\/potential/s);
    const [unknown] = await script('unknown');
    expect(unknown.error).toMatch(/it reports: model \S+ has no element Ge \(it knows Si\)/);
  });
});
