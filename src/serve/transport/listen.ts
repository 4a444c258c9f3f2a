import { lstat, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { ProtocolError } from '../../core/errors.ts';
import { type Address, formatAddress } from './address.ts';

export interface Listener {
  readonly server: Server;
  /** Where clients connect: as asked, with the port that was chosen for port 0. */
  readonly address: Address;
}

/**
 * Listens on a unix socket (mode 0600; the file of a dead server is replaced, a living one is refused) or a TCP port
 * (TCP_NODELAY). Sockets come paused: whoever takes one resumes it. Throws ProtocolError naming the address.
 */
export async function listen(address: Address, onConnection: (socket: Socket) => void): Promise<Listener> {
  if (address.kind === 'unix') await removeDeadSocket(address.path);
  const server = createServer({ noDelay: true, pauseOnConnect: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new ProtocolError(`cannot listen on ${formatAddress(address)}: ${error.message}`)),
    );
    if (address.kind === 'tcp') {
      server.listen({ host: address.host, port: address.port }, resolve);
    } else {
      // bind() happens inside listen(): the socket never exists with wider rights
      const before = process.umask(0o177);
      try {
        server.listen({ path: address.path }, resolve);
      } finally {
        process.umask(before);
      }
    }
  });
  const bound = server.address();
  if (address.kind === 'tcp' && bound && typeof bound === 'object') {
    return { server, address: { ...address, port: bound.port } };
  }
  return { server, address };
}

async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ProtocolError(`cannot listen on unix:${path}: ${error.message}`);
  });
  if (!found) return;
  if (!found.isSocket()) throw new ProtocolError(`cannot listen on unix:${path}: a file that is not a socket is there`);
  if (await answers(path)) throw new ProtocolError(`cannot listen on unix:${path}: another server is listening there`);
  await unlink(path);
}

/** Whether a server lives behind the socket: only ECONNREFUSED says that none does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection({ path });
    probe.setTimeout(2000, () => probe.destroy(new Error('no answer within 2 s')));
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(false);
      else reject(new ProtocolError(`cannot tell whether a server listens on unix:${path}: ${error.message}`));
    });
  });
}
