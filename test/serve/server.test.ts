import { once } from 'node:events';

import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalEvaluator } from '../../src/serve/local-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import { lennardJones } from '../oracle/lennard-jones.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { hello, parse, step } from './native/nnp1-bytes.ts';

const lj = new LocalEvaluator(lennardJones(1, 1, 2.5), { modelId: 7, reduced: true });
const address = () => ({ kind: 'unix', path: join(temporaryFolder(), 's') }) as const;

async function ask(socket: Socket, bytes: Uint8Array) {
  socket.write(bytes);
  let all = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    all = Buffer.concat([all, chunk]);
    if (all.length >= 32 && all.length >= 32 + Number(all.readBigUInt64LE(16))) return parse(all)[0];
  }
}

const pair = (r: number) => step({ nlocal: 2, positions: [0, 0, 0, r, 0, 0], types: [1, 1], lists: [[1], [0]] });

describe('a force server', () => {
  test('keeps the lists of several clients apart', async () => {
    const server = await startServer(lj, address());
    if (server.address.kind !== 'unix') throw new Error('expected a unix socket');
    const { path } = server.address;
    const clients = [createConnection({ path }), createConnection({ path })];
    for (const client of clients) expect((await ask(client, hello())).type).toBe(2);
    const energy = (r: number) => 4 * (r ** -12 - r ** -6);
    for (const r of [1.1, 1.2, 1.5]) {
      const [a, b] = await Promise.all([ask(clients[0], pair(r)), ask(clients[1], pair(2 * r))]);
      expect(a.payload.readDoubleLE(0)).toBeCloseTo(energy(r), 12);
      expect(b.payload.readDoubleLE(0)).toBeCloseTo(2 * r < 2.5 ? energy(2 * r) : 0, 12);
    }
    expect(server.connections).toBe(2);
    for (const client of clients) client.end();
    await server.stop();
  });

  test('goes on serving others after a client that broke the protocol', async () => {
    const said: string[] = [];
    const server = await startServer(
      lj,
      { kind: 'tcp', host: '127.0.0.1', port: 0 },
      { onDiagnostic: (d) => said.push(d.message) },
    );
    if (server.address.kind !== 'tcp') throw new Error('expected a TCP port');
    const { port } = server.address;
    const bad = createConnection({ host: '127.0.0.1', port });
    expect((await ask(bad, Buffer.from('GET / HTTP/1.1\r\n\r\n'))).type).toBe(5);
    await once(bad, 'close');
    const good = createConnection({ host: '127.0.0.1', port });
    expect((await ask(good, hello())).type).toBe(2);
    good.resetAndDestroy();
    await new Promise((done) => setTimeout(done, 50));
    await server.stop();
    expect(said.join('\n')).toMatch(/client 1 on tcp:127.0.0.1:\d+: expected an NNP1 message/);
    expect(said.join('\n')).toMatch(/rank 0 of 1 \(test\): connection broken after 0 steps/);
  });

  test('answers over TCP without the 40 ms of a delayed acknowledgement', async () => {
    const server = await startServer(lj, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    if (server.address.kind !== 'tcp') throw new Error('expected a TCP port');
    const client = createConnection({ host: '127.0.0.1', port: server.address.port, noDelay: true });
    expect((await ask(client, hello())).type).toBe(2);
    const times = [];
    for (let k = 0; k < 40; k++) {
      const begun = performance.now();
      expect((await ask(client, pair(1.1))).type).toBe(4);
      times.push(performance.now() - begun);
    }
    expect(times.sort((a, b) => a - b)[20]).toBeLessThan(20);
    client.end();
    await server.stop();
  });

  test('tells its clients when it stops, and then is gone', async () => {
    const server = await startServer(lj, address());
    if (server.address.kind !== 'unix') throw new Error('expected a unix socket');
    const client = createConnection({ path: server.address.path });
    await ask(client, hello());
    const last = once(client, 'data');
    await server.stop();
    expect(parse((await last)[0])[0].payload.toString()).toBe('the force server was stopped');
    const late = createConnection({ path: server.address.path });
    expect(((await once(late, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ENOENT');
  });
});

describe('LocalEvaluator', () => {
  test('builds the list of a structure and folds the forces of images onto their owners', async () => {
    const result = await lj.evaluateStructure({
      numbers: Uint8Array.of(18, 18),
      positions: Float64Array.of(0.1, 0, 0, 4.2, 0, 0),
      cell: Float64Array.of(5.2, 0, 0, 0, 9, 0, 0, 0, 9),
      pbc: [true, false, false],
    });
    // the nearest image is at 1.1 along x, on the other side
    const r = 1.1;
    expect(result.energy).toBeCloseTo(4 * (r ** -12 - r ** -6), 12);
    expect(result.forces.length).toBe(6);
    const force = 24 * (2 * r ** -13 - r ** -7);
    expect(result.forces[0]).toBeCloseTo(force, 10);
    expect(result.forces[3]).toBeCloseTo(-force, 10);
    expect(result.virial[0]).toBeCloseTo(force * r, 10);
  });
});
