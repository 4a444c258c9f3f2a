import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/core/errors.ts';

/** One session of a protocol, and what it must do whatever the packets are. */
export interface ProtocolCase {
  readonly name: string;
  /** Serves the peer at the other end of the stream until it closes. */
  serve(stream: Duplex): Promise<void>;
  /** Everything a well-behaved peer sends in one session. */
  readonly request: Uint8Array;
  /** Everything the server answers to it. */
  readonly reply: Uint8Array;
  /** Where the peer may close without a complaint: after so many bytes sent, and so many received. */
  readonly boundaries: readonly { readonly sent: number; readonly received: number }[];
  /** First bytes of bad peers: the session rejects with this ProtocolError and tells the peer by `told`. */
  readonly wrong: readonly { readonly title: string; readonly bytes: Uint8Array; readonly says: RegExp }[];
  /** Whether the bytes of a reply end with an error message of the protocol. */
  told(reply: Uint8Array): boolean;
}

/** A stream in memory with two ends; every write arrives as a chunk of its own. */
export function memoryStream(): { readonly server: Duplex; readonly client: Duplex } {
  const make = (other: () => Duplex) =>
    new Duplex({
      read() {},
      write(chunk, _, done) {
        other().push(Uint8Array.from(chunk));
        done();
      },
      final(done) {
        other().push(null);
        done();
      },
    });
  const server: Duplex = make(() => client);
  const client: Duplex = make(() => server);
  return { server, client };
}

interface Talk {
  readonly reply: Uint8Array;
  readonly error: unknown;
}

/** Sends the bytes in chunks of `size`, waits for `received` bytes, closes, and waits for the session to end. */
async function talk(c: ProtocolCase, bytes: Uint8Array, size: number, received: number): Promise<Talk> {
  const { server, client } = memoryStream();
  const parts: Uint8Array[] = [];
  client.on('data', (part: Uint8Array) => parts.push(part));
  const session = c.serve(server).then(
    () => undefined,
    (error: unknown) => error,
  );
  for (let at = 0; at < bytes.length; at += size) client.write(bytes.subarray(at, at + size));
  while (Buffer.concat(parts).length < received) await new Promise((tick) => setImmediate(tick));
  client.end();
  const error = await session;
  await new Promise((tick) => setImmediate(tick));
  return { reply: Buffer.concat(parts), error };
}

/** The contract of every protocol session. */
export function describeProtocol(c: ProtocolCase): void {
  describe(`${c.name} keeps the protocol contract`, () => {
    test('it answers the same bytes at every chunk size', async () => {
      for (let size = 1; size <= c.request.length; size++) {
        const { reply, error } = await talk(c, c.request, size, c.reply.length);
        expect(error, `chunks of ${size}`).toBeUndefined();
        expect(Buffer.from(reply).equals(c.reply), `chunks of ${size}`).toBe(true);
      }
    });

    test('a peer that closes between messages ends the session, elsewhere it is a ProtocolError', async () => {
      for (let end = 0; end < c.request.length; end++) {
        const boundary = c.boundaries.find((at) => at.sent === end);
        const { reply, error } = await talk(c, c.request.subarray(0, end), 64, boundary?.received ?? 0);
        if (boundary) expect(error, `closed after ${end} bytes`).toBeUndefined();
        else expect(error, `closed after ${end} bytes`).toBeInstanceOf(ProtocolError);
        const sent = Buffer.from(reply);
        expect(sent.equals(c.reply.subarray(0, sent.length)), `closed after ${end} bytes`).toBe(true);
      }
    });

    test('one flipped bit gives an answer or a ProtocolError, and the session ends', async () => {
      for (let at = 0; at < c.request.length; at++) {
        const bytes = Uint8Array.from(c.request);
        bytes[at] ^= 1 << (at % 8);
        const { error } = await talk(c, bytes, 97, 0);
        if (error !== undefined) expect(error, `byte ${at}`).toBeInstanceOf(ProtocolError);
      }
    });

    for (const { title, bytes, says } of c.wrong) {
      test(`it refuses ${title}, and says so to the peer`, async () => {
        const { server, client } = memoryStream();
        const parts: Uint8Array[] = [];
        client.on('data', (part: Uint8Array) => parts.push(part));
        const session = c.serve(server);
        client.write(bytes);
        await expect(session).rejects.toThrow(ProtocolError);
        await expect(session).rejects.toThrow(says);
        await new Promise((tick) => setImmediate(tick));
        expect(c.told(Buffer.concat(parts))).toBe(true);
      });
    }
  });
}
