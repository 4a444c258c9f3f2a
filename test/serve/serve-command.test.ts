import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { nnpBridge } from '../lammps/command-fixture.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { hello, parse } from './native/nnp1-bytes.ts';

vi.setConfig({ testTimeout: 90_000 }); // several programs are started one after another

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

  test('has a socket for each worker process where the path has a %d, here for a committee of two directories', async () => {
    const folder = temporaryFolder();
    const words = ['serve', POTENTIAL, POTENTIAL, '--listen', 'unix:n.%d', '--workers', '2'];
    const { child, said, end } = nnpBridge(words, '', folder);
    expect(await readyAddress(said)).toBe(`unix:${join(folder, 'n.%d')}`);
    for (const rank of [0, 1]) {
      const client = createConnection({ path: join(folder, `n.${rank}`) });
      client.write(hello({ units: 'metal', elements: ['Si'], rank, nranks: 2 }));
      const [reply] = parse((await once(client, 'data'))[0]);
      expect([reply.type, reply.flags, reply.payload.subarray(16).toString()]).toEqual([2, 16, 'tiny-si+tiny-si']);
    }
    child.kill('SIGTERM');
    expect((await end).code).toBe(0);
    expect([0, 1, 2].map((k) => existsSync(join(folder, `n.${k}`)))).toEqual([false, false, false]);
  });

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

describe('nnp-bridge serve on a port that others reach', () => {
  test('needs a token, and lets in who knows it', async () => {
    const open = await nnpBridge(['serve', POTENTIAL, '--listen', 'tcp:0.0.0.0:0']).end;
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('give --token-file FILE')]);
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), 'a-secret-of-some-length\n', { mode: 0o600 });
    const words = ['serve', POTENTIAL, '--listen', 'tcp:0.0.0.0:0', '--token-file', 'token', '--once'];
    const { said, end } = nnpBridge(words, '', folder);
    const port = Number((await readyAddress(said)).split(':').at(-1));
    const clients = [{}, { token: 'a-secret-of-some-length' }].map((token) => {
      const client = createConnection({ host: '127.0.0.1', port });
      client.write(hello({ units: 'metal', elements: ['Si'], ...token }));
      return client;
    });
    const [refused, served] = await Promise.all(clients.map((client) => once(client, 'data')));
    expect(parse(refused[0])[0].payload.toString()).toMatch(/asks for a token/);
    expect(parse(served[0])[0].type).toBe(2);
    for (const client of clients) client.end();
    expect((await end).code).toBe(0); // --once: the last client has closed
  });
});

describe('nnp-bridge serve --ipi and --mdi', () => {
  const template = '1\npbc="F F F"\nSi 0 0 0\n';
  const attached = (...words: string[]) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'si.xyz'), template);
    return nnpBridge(['serve', POTENTIAL, ...words], '', folder);
  };

  /** A driver that does what it is told with the one client it accepts. */
  async function driver(talk: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      server.close();
      talk(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `tcp:127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  test('print the full path of the socket and what was awaited when nobody listens, exit code 4', async () => {
    const words = ['--template', 'si.xyz', '--wait', '0.3'];
    const ipi = await attached('--ipi', 'unix:nobody', '--ipi-prefix', '/nowhere/pre_', ...words).end;
    expect(ipi.code).toBe(4);
    expect(ipi.stderr).toMatch(/cannot connect to unix:\/nowhere\/pre_nobody within 0.3 s: there is no such socket/);
    const mdi = await attached('--mdi', 'tcp:127.0.0.1:1', '--wait', '0.3').end;
    expect(mdi.code).toBe(4);
    expect(mdi.stderr).toMatch(/cannot connect to tcp:127.0.0.1:1 within 0.3 s: nobody listens on this port/);
  });

  test('refuse words that do not fit, exit code 2, and a template without structures', async () => {
    const wrong: [string[], number, RegExp][] = [
      [['--ipi', 'unix:x'], 2, /--ipi needs --template FILE/],
      [['--mdi', 'unix:x'], 2, /an MDI driver listens on a TCP port/],
      [['--ipi', 'unix:x', '--mdi', 'tcp:h:1'], 2, /mutually exclusive/],
      [['--ipi', 'unix:x', '--template', 'si.xyz', '--wait', 'long'], 2, /--wait: expected a number of seconds/],
      [['--ipi', 'unix:x', '--template', 'none.xyz'], 3, /none\.xyz/],
    ];
    const done = await Promise.all(wrong.map(([words]) => attached(...words).end));
    for (const [k, [, code, message]] of wrong.entries()) {
      expect([done[k].code, done[k].stderr]).toEqual([code, expect.stringMatching(message)]);
    }
  });

  test('end with exit code 0 after EXIT of the driver, and 4 when it breaks off in a message', async () => {
    const exit = await driver((socket) => socket.end('EXIT        '));
    expect((await attached('--ipi', exit, '--template', 'si.xyz').end).code).toBe(0);
    const cut = await driver((socket) => socket.end('POSDATA     half'));
    const broken = await attached('--ipi', cut, '--template', 'si.xyz').end;
    expect([broken.code, broken.stderr]).toEqual([
      4,
      expect.stringMatching(/it closed the connection in the middle of/),
    ]);
  });

  test('be an engine that an MDI driver can ask for its name', async () => {
    const handshake = Buffer.from(Int32Array.of(1, 3, 0).buffer);
    const command = (name: string) =>
      Buffer.concat([Buffer.from(Int32Array.of(0, 0, 3, 12).buffer), Buffer.from(name.padEnd(12, '\0'))]);
    let received = Buffer.alloc(0);
    const address = await driver((socket) => {
      socket.on('data', (part) => {
        received = Buffer.concat([received, part]);
        if (received.length === 12 + 28) socket.end(command('EXIT'));
      });
      socket.write(Buffer.concat([handshake, command('<NAME')]));
    });
    expect((await attached('--mdi', address, '--name', 'silicon').end).code).toBe(0);
    expect(received.subarray(28).toString()).toBe('silicon'.padEnd(12, '\0'));
  });
});
