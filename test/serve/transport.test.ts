import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ProtocolError, UsageError } from '../../src/core/errors.ts';
import { formatAddress, parseAddress } from '../../src/serve/transport/address.ts';
import { listen } from '../../src/serve/transport/listen.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder;
const unix = (path: string) => ({ kind: 'unix', path }) as const;

describe('parseAddress', () => {
  test('reads unix and tcp addresses and gives back the same text', () => {
    for (const text of ['unix:/run/nnp.sock', 'unix:nnp.sock', 'tcp:127.0.0.1:9000', 'tcp:[::1]:9000', 'tcp:node7:1']) {
      expect(formatAddress(parseAddress(text))).toBe(text);
    }
    expect(parseAddress('tcp:[::1]:9000')).toEqual({ kind: 'tcp', host: '::1', port: 9000 });
  });

  test('refuses what is neither, and ports and paths that are too large', () => {
    for (const text of [
      '',
      'unix:',
      '/run/nnp.sock',
      'tcp:9000',
      'tcp:host:',
      'tcp:host:65536',
      'tcp:::1:9000',
      `unix:/${'x'.repeat(120)}`,
    ]) {
      expect(() => parseAddress(text), text).toThrow(UsageError);
    }
  });
});

describe('listen', () => {
  test('makes a unix socket that only its owner may use, and removes it when closed', async () => {
    const path = join(folder(), 's');
    const { server } = await listen(unix(path), (socket) => socket.destroy());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await new Promise((closed) => server.close(closed));
    expect(existsSync(path)).toBe(false);
  });

  test('refuses a path where a server lives, and does not disturb it', async () => {
    const path = join(folder(), 's');
    let connections = 0;
    const { server } = await listen(unix(path), (socket) => {
      connections++;
      socket.destroy();
    });
    await expect(listen(unix(path), () => {})).rejects.toThrow(/unix:\S+: another server is listening there/);
    await new Promise((done) => createConnection({ path }).on('close', done).resume());
    expect(connections).toBe(2);
    server.close();
  });

  test('replaces the socket of a dead server', async () => {
    const path = join(folder(), 's');
    const dead = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', dead]);
    expect(existsSync(path)).toBe(true);
    const { server } = await listen(unix(path), (socket) => socket.destroy());
    server.close();
  });

  test('never removes a file that is not a socket', async () => {
    const path = join(folder(), 's');
    writeFileSync(path, 'precious');
    await expect(listen(unix(path), () => {})).rejects.toThrow(/a file that is not a socket is there/);
    expect(existsSync(path)).toBe(true);
  });

  test('names the address when it cannot listen', async () => {
    await expect(listen(unix(join(folder(), 'no/such/folder/s')), () => {})).rejects.toThrow(/cannot listen on unix:/);
    await expect(listen({ kind: 'tcp', host: '192.0.2.1', port: 0 }, () => {})).rejects.toThrow(ProtocolError);
  });

  test('gives the port that was chosen for port 0', async () => {
    const { server, address } = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (socket) => socket.destroy());
    expect(address.kind === 'tcp' && address.port).toBeGreaterThan(0);
    server.close();
  });
});
