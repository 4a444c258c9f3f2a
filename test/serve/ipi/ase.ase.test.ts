import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { volume } from '../../../src/core/cell.ts';
import { virialToStress } from '../../../src/core/tensor.ts';
import { loadEvaluator } from '../../../src/serve/load-evaluator.ts';
import { nnpBridge } from '../../lammps/command-fixture.ts';
import { describeLane, ROOT } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

vi.setConfig({ testTimeout: 90_000 }); // several programs are started one after another

const POTENTIAL = join(ROOT, 'test/data/lammps-run/tiny-si');

/** Eight silicon atoms in a sheared cell, off their places. */
const TEMPLATE = `8
Lattice="5.5 0.4 -0.2 0.1 5.3 0.6 -0.5 0.2 5.6" Properties=species:S:1:pos:R:3 pbc="T T T"
Si 0.02 0.01 0.03
Si 0.1 2.8 2.9
Si 2.6 0.3 2.7
Si 2.8 2.85 0.2
Si 1.4 1.5 1.5
Si 1.2 4.1 4.4
Si 3.8 1.6 4.0
Si 4.2 4.3 1.7
`;

interface Point {
  readonly energy: number;
  readonly forces: number[];
  readonly stress: number[];
  readonly kinetic: number;
  readonly positions: number[];
  readonly cell: number[];
}

let serial = 0;

/** ASE's script and our client beside it. */
async function drive(
  script: string,
  options: { tcp?: boolean; clientFirst?: boolean; template?: string; potential?: string } = {},
) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'si.xyz'), TEMPLATE);
  writeFileSync(join(folder, 'template.xyz'), options.template ?? TEMPLATE);
  const name = options.tcp ? await freePort() : `nnp-test-${process.pid}-${serial++}`;
  const words = ['serve', options.potential ?? POTENTIAL, '--template', 'template.xyz', '--ipi'];
  const start = () => nnpBridge([...words, options.tcp ? `tcp:127.0.0.1:${name}` : `unix:${name}`], '', folder);
  let client = options.clientFirst ? start() : undefined;
  const where = options.tcp ? `port:${name}` : `unix:${name}`;
  const ase = spawn('/usr/bin/python3', [join(ROOT, 'test/serve/ipi/ase-driver.py'), where, 'si.xyz', script], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complaint = '';
  ase.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  ase.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const closed = once(ase, 'close');
  while (!said.includes('listening') && ase.exitCode === null) await new Promise((tick) => setTimeout(tick, 20));
  client ??= start();
  const end = await client.end;
  const hopeless = setTimeout(() => ase.kill(), 5000); // ASE waits for ever for a client that failed to come
  const [aseCode] = await closed;
  clearTimeout(hopeless);
  const points = said
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Point);
  return { points, ase: { code: aseCode as number, complaint }, ...end };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  return String(typeof bound === 'object' && bound?.port);
}

/** ASE's constants are those of CODATA 2014. */
const TOLERANCE = 1e-7;

async function expectModel(point: Point): Promise<void> {
  const evaluator = await loadEvaluator({ directory: POTENTIAL });
  const cell = Float64Array.from(point.cell);
  const positions = Float64Array.from(point.positions);
  const numbers = new Uint8Array(8).fill(14);
  const truth = await evaluator.evaluateStructure({ numbers, cell, positions, pbc: [true, true, true] });
  expect(Math.abs(point.energy - truth.energy)).toBeLessThan(TOLERANCE * Math.abs(truth.energy));
  const largest = Math.max(...truth.forces.map(Math.abs));
  expect(largest).toBeGreaterThan(1e-4);
  point.forces.forEach((f, k) => void expect(Math.abs(f - truth.forces[k])).toBeLessThan(TOLERANCE * 10 * largest));
  const stress = virialToStress(truth.virial, volume(cell));
  const scale = Math.max(...stress.map(Math.abs));
  point.stress.forEach((s, k) => void expect(Math.abs(s - stress[k])).toBeLessThan(TOLERANCE * 10 * scale));
}

describeLane('ase', "serve --ipi with ASE's SocketIOCalculator", () => {
  test('gives the energies, forces and stresses of the potential, in changing sheared cells and outside of them', async () => {
    const { points, ase, code, stdout, stderr } = await drive('points');
    expect(ase.code, ase.complaint).toBe(0);
    expect(points.length).toBe(4);
    for (const point of points) await expectModel(point);
    expect(points[3].energy).toBeCloseTo(points[2].energy, 8);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^connected to unix:\/tmp\/ipi_nnp-test-\S+: 8 atoms Si8, periodic along a, b, c$/m);
    expect(stderr).toMatch(/ended after 4 evaluations/);
  });

  test('relaxes with BFGS over TCP, also when our side was started first', async () => {
    const { points, ase, code, stderr } = await drive('bfgs', {
      tcp: true,
      clientFirst: true,
      potential: join(ROOT, 'examples/silicon/potential'),
    });
    expect(ase.code, ase.complaint).toBe(0);
    expect(code, stderr).toBe(0);
    expect(Math.max(...points[0].forces.map(Math.abs))).toBeGreaterThan(0.5);
    expect(Math.max(...points[1].forces.map(Math.abs))).toBeLessThan(0.01);
  });

  test('conserves the energy of a short Verlet run, and can be started again for another one', async () => {
    for (let run = 0; run < 2; run++) {
      const { points, ase, code, stderr } = await drive('verlet');
      expect(ase.code, ase.complaint).toBe(0);
      expect(code, stderr).toBe(0);
      const [begin, end] = points.slice(1).map((point) => point.energy + point.kinetic);
      expect(points[2].kinetic).toBeGreaterThan(1e-4);
      expect(Math.abs(end - begin)).toBeLessThan(0.02 * points[2].kinetic);
    }
  });

  test('ends well when the script ends without a word', async () => {
    const { ase, code, stderr } = await drive('abandon');
    expect([ase.code, code, stderr]).toEqual([0, 0, expect.stringContaining('ended after 1 evaluations')]);
  });

  test('refuses another number of atoms: both sides stop with an error', async () => {
    const { ase, code, stderr } = await drive('wrong-size');
    expect(code).toBe(4);
    expect(stderr).toMatch(/i-PI driver at unix:\S+: POSDATA has 7 atoms, expected 8/);
    expect(ase.code).not.toBe(0);
    expect(ase.complaint).toMatch(/SocketClosed|ConnectionReset|BrokenPipe/);
  });

  test('refuses a template with an element that the potential does not know', async () => {
    const { ase, code, stderr } = await drive('points', { template: TEMPLATE.replace('Si 4.2', 'Ge 4.2') });
    expect(code).toBe(4);
    expect(stderr).toMatch(/model \S+ has no element Ge \(it knows Si\)/);
    expect(ase.code).not.toBe(0);
  });
});
