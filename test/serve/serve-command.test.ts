import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nnpBridge } from '../lammps/command-fixture.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { hello, parse } from './native/nnp1-bytes.ts';

const POTENTIAL = join(ROOT, 'test/data/lammps-run/tiny-si');

async function readyAddress(said: () => string): Promise<string> {
  for (let k = 0; k < 400; k++) {
    const found = /^listening on (\S+)$/m.exec(said());
    if (found) return found[1];
    await new Promise((tick) => setTimeout(tick, 50));
  }
  throw new Error(`no ready line: ${said()}`);
}

describe('nnp-bridge serve', () => {
  for (const workers of ['1', '2']) {
    test(`answers clients on a TCP port with ${workers} worker processes until SIGTERM`, async () => {
      const { child, said, end } = nnpBridge(['serve', POTENTIAL, '--listen', 'tcp:127.0.0.1:0', '--workers', workers]);
      const port = Number((await readyAddress(said)).split(':').at(-1));
      const ids = new Set<number>();
      const clients = [];
      for (let k = 0; k < 3; k++) {
        const client = createConnection({ host: '127.0.0.1', port });
        clients.push(client);
        client.write(hello({ units: 'metal', elements: ['Si'] }));
        const [reply] = parse((await once(client, 'data'))[0]);
        expect([reply.type, reply.payload.readDoubleLE(0)]).toEqual([2, 4.5]);
        ids.add(reply.payload.readDoubleLE(8));
      }
      expect(ids.size).toBe(1);
      const last = once(clients[0], 'data');
      child.kill('SIGTERM');
      expect(parse((await last)[0])[0].payload.toString()).toBe('the force server was stopped');
      expect((await end).code).toBe(0);
    });
  }

  test('leaves a server that already listens there alone, exit code 4', async () => {
    const folder = temporaryFolder();
    const first = nnpBridge(['serve', POTENTIAL], '', folder);
    expect(await readyAddress(first.said)).toBe(`unix:${join(folder, 'nnp.sock')}`);
    const second = await nnpBridge(['serve', POTENTIAL], '', folder).end;
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/cannot listen on unix:\S+: another server is listening there/);
    first.child.kill('SIGINT');
    expect((await first.end).code).toBe(0);
    expect(existsSync(join(folder, 'nnp.sock'))).toBe(false);
  });

  test('refuses a wrong address with exit code 2 and a missing potential with 3', async () => {
    const wrong = await nnpBridge(['serve', POTENTIAL, '--listen', 'here']).end;
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected unix:PATH or tcp:HOST:PORT')]);
    expect((await nnpBridge(['serve', '/no/potential']).end).code).toBe(3);
    expect((await nnpBridge(['serve', POTENTIAL, '--workers', '0']).end).code).toBe(2);
  });
});
