import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { parseAddress } from '../../src/serve/transport/address.ts';
import { connect } from '../../src/serve/transport/connect.ts';
import { readToken, requireToken } from '../../src/serve/transport/token.ts';
import { temporaryFolder } from '../temporary-folder.ts';

describe('connect', () => {
  test('waits for a program that listens later', async () => {
    const path = join(temporaryFolder(), 's');
    const server = createServer((socket) => socket.end('hello'));
    setTimeout(() => server.listen(path), 300);
    const socket = await connect({ kind: 'unix', path }, { wait: 5 });
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    server.close();
  });

  test('names path or port and the reason when nobody came in time', async () => {
    const path = join(temporaryFolder(), 's');
    const unix = connect({ kind: 'unix', path }, { wait: 0.3 });
    await expect(unix).rejects.toThrow(
      new RegExp(`cannot connect to unix:${path} within 0.3 s: there is no such socket .*another node.*TCP`),
    );
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const tcp = connect({ kind: 'tcp', host: '127.0.0.1', port }, { wait: 0 });
    await expect(tcp).rejects.toThrow(new RegExp(`tcp:127.0.0.1:${port} within 0 s: nobody listens on this port`));
  });

  test('does not wait for what cannot change', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const begun = performance.now();
    const file = connect({ kind: 'unix', path: join(folder, 'file', 's') }, { wait: 20 });
    await expect(file).rejects.toThrow(/cannot connect to unix:\S+ within 20 s: connect ENOTDIR/);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('a token', () => {
  test('is asked for on addresses that other machines reach', () => {
    for (const text of ['unix:nnp.sock', 'tcp:127.0.0.1:9000', 'tcp:localhost:1', 'tcp:[::1]:1']) {
      expect(() => requireToken(parseAddress(text), undefined), text).not.toThrow();
    }
    for (const text of ['tcp:0.0.0.0:9000', 'tcp:[::]:1', 'tcp:node7:9000', 'tcp:192.0.2.1:1']) {
      expect(() => requireToken(parseAddress(text), undefined), text).toThrow(/give --token-file/);
      expect(() => requireToken(parseAddress(text), 'a word of any kind'), text).not.toThrow();
    }
  });

  test('is one long word in a file, with a warning when others can read it', async () => {
    const path = join(temporaryFolder(), 'token');
    const said: string[] = [];
    const read = (text: string) => {
      writeFileSync(path, text, { mode: 0o600 });
      return readToken(path, (d) => said.push(d.message));
    };
    expect(await read('0123456789abcdef\n')).toBe('0123456789abcdef');
    expect(said).toEqual([]);
    await expect(read('short\n')).rejects.toThrow(UsageError);
    await expect(read('two words that are long\n')).rejects.toThrow(/one word of at least 16 characters/);
    await expect(readToken(join(path, 'none'), () => {})).rejects.toThrow(UsageError);
    chmodSync(path, 0o644);
    await read('0123456789abcdef\n');
    expect(said[0]).toMatch(/can be read by other users; chmod 600/);
  });
});
