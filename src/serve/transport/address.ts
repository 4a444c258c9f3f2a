import { UsageError } from '../../core/errors.ts';

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Bytes of a path in `sockaddr_un` without the final zero: 108 on Linux, 104 on macOS and the BSDs. */
const MAX_UNIX_PATH = process.platform === 'linux' ? 107 : 103;

/** Reads `unix:PATH` or `tcp:HOST:PORT` (`tcp:[::1]:9000` for IPv6; port 0 = any free port). Throws UsageError. */
export function parseAddress(text: string): Address {
  const unix = /^unix:(.+)$/.exec(text);
  if (unix) {
    const bytes = Buffer.byteLength(unix[1]);
    if (bytes > MAX_UNIX_PATH) {
      throw new UsageError(`the path of a unix socket has at most ${MAX_UNIX_PATH} bytes, ${unix[1]} has ${bytes}`);
    }
    return { kind: 'unix', path: unix[1] };
  }
  const tcp = /^tcp:(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (!tcp || Number(tcp[3]) > 65_535) {
    throw new UsageError(`expected unix:PATH or tcp:HOST:PORT (port 0 to 65535), found "${text}"`);
  }
  return { kind: 'tcp', host: tcp[1] ?? tcp[2], port: Number(tcp[3]) };
}

/** Whether `%d` in a unix path stands for a number: a socket for each rank of LAMMPS. */
export function isNumbered(address: Address): boolean {
  return address.kind === 'unix' && address.path.includes('%d');
}

/** The address with its `%d` replaced, as the pair style does it with its rank. */
export function numbered(address: Address, k: number): Address {
  return address.kind === 'unix' ? { ...address, path: address.path.replace('%d', String(k)) } : address;
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
