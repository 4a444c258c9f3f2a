import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { ProtocolError } from '../../../src/core/errors.ts';
import { BOHR, HARTREE } from '../../../src/core/units.ts';
import type { Evaluator, StructureInput } from '../../../src/serve/evaluator.ts';
import { type IpiOptions, runIpi } from '../../../src/serve/protocols/ipi/session.ts';
import { describeProtocol, memoryStream } from '../../contracts/protocol.ts';
import { ROOT } from '../../lanes.ts';
import { forceready, init, posdata, word } from './ipi-bytes.ts';

/** Energy = x of atom 1 in hartree, forces = positions / 8, virial = the cell with its off-diagonal pairs averaged. All exact in binary. */
const echo: Evaluator = {
  name: 'echo',
  species: [14],
  cutoff: 3,
  reduced: false,
  modelId: 1,
  evaluateNeighborhood: () => Promise.reject(new Error('not asked for')),
  async evaluateStructure({ positions, cell }: StructureInput) {
    return {
      energy: (positions[0] / BOHR) * HARTREE,
      forces: positions.map((x) => ((x / BOHR / 8) * HARTREE) / BOHR),
      virial: (cell ?? new Float64Array(9)).map((x) => (x / BOHR) * HARTREE),
      atomicEnergies: new Float64Array(positions.length / 3),
      extrapolationCount: 0,
    };
  },
};

const options: IpiOptions = {
  peer: 'driver',
  template: { numbers: Uint8Array.of(14, 14), pbc: [true, true, true] },
  messageTimeout: 5,
  idleTimeout: 0,
  onDiagnostic: () => {},
};

const cell = [10, 0, 0, 1, 11, 0, 2, 3, 12];
const averaged = [10, 0.5, 1, 0.5, 11, 1.5, 1, 1.5, 12];
const first = [1, 2, 3, 4, 5, 6];
const second = first.map((x) => 2 * x);
const eighth = (x: number[]) => x.map((v) => v / 8);
const serve = (stream: Parameters<typeof runIpi>[0], changes: Partial<IpiOptions> = {}, model = echo) =>
  runIpi(stream, model, { ...options, ...changes }, new AbortController().signal);

/** i-PI 3.3: no STATUS between POSDATA and GETFORCE, which come in one packet. */
const ipi33 = [
  word('STATUS'),
  word('STATUS'),
  init(),
  word('STATUS'),
  Buffer.concat([posdata(cell, first), word('GETFORCE')]),
  word('STATUS'),
  Buffer.concat([posdata(cell, second), word('GETFORCE')]),
  word('EXIT'),
];

/** ASE 3.22: asks for HAVEDATA, sends one zero byte with INIT, ends without EXIT. */
const ase = [
  word('STATUS'),
  init('\0'),
  word('STATUS'),
  posdata(cell, first),
  word('STATUS'),
  word('GETFORCE'),
  word('STATUS'),
  posdata(cell, second),
  word('STATUS'),
  word('GETFORCE'),
];

const replies = (text: string) =>
  Buffer.concat(
    text.split(' ').map((name) => {
      if (name === '1') return forceready(1, eighth(first), averaged);
      return name === '2' ? forceready(2, eighth(second), averaged) : word(name);
    }),
  );

/** Exact numbers come back to the last bit or one more; the codec is not tested by rounding. */
function rounded(stream: ReturnType<typeof memoryStream>['server']) {
  const write = stream._write.bind(stream);
  stream._write = (chunk: Buffer, encoding, done) => {
    const copy = Buffer.from(chunk);
    if (copy.subarray(0, 10).toString() === 'FORCEREADY') {
      const at = (k: number) => 12 + 8 * k + (k > 0 ? 4 : 0);
      for (let k = 0; k < 1 + 6 + 9; k++) {
        copy.writeDoubleLE(Math.round(copy.readDoubleLE(at(k)) * 2 ** 30) / 2 ** 30, at(k));
      }
    }
    write(copy, encoding, done);
  };
  return stream;
}

/** Every place between two messages, with what has been answered there. */
function boundaries(messages: readonly Uint8Array[], answered: readonly number[]) {
  let sent = 0;
  return messages.flatMap((message, k) => {
    const at = { sent, received: answered[k] };
    sent += message.length;
    return [at];
  });
}

const FRAME = forceready(1, eighth(first), averaged).length;
const POS = posdata(cell, first).length;

describeProtocol({
  name: 'i-PI (as ASE 3.22 speaks it)',
  serve: async (stream) => void (await serve(rounded(stream))),
  request: Buffer.concat(ase),
  reply: replies('NEEDINIT READY HAVEDATA 1 READY HAVEDATA 2'),
  boundaries: boundaries(ase, [0, 12, 12, 24, 24, 36, 36 + FRAME, 48 + FRAME, 48 + FRAME, 60 + FRAME]),
  wrong: [
    {
      title: 'another program',
      bytes: Buffer.from('GET / HTTP/1.1\r\n'),
      says: /expected a message of i-PI .* found "GET \/ HTTP\/1"/,
    },
    {
      title: 'fewer atoms than the template',
      bytes: posdata(cell, [1, 2, 3]),
      says: /POSDATA has 1 atoms, expected 2/,
    },
    { title: 'two billion atoms', bytes: posdata(cell, [], 2 ** 31 - 1), says: /POSDATA has 2147483647 atoms/ },
    { title: 'a negative number of atoms', bytes: posdata(cell, [], -1), says: /POSDATA has -1 atoms/ },
    {
      title: 'a position that is NaN',
      bytes: posdata(cell, [1, 2, 3, 4, Number.NaN, 6]),
      says: /not finite, of atom 2/,
    },
    {
      title: 'a cell that is infinite',
      bytes: posdata([Infinity, ...cell.slice(1)], first),
      says: /a cell that is not finite/,
    },
    { title: 'GETFORCE before POSDATA', bytes: word('GETFORCE'), says: /GETFORCE came without POSDATA/ },
    {
      title: 'GETFORCE twice',
      bytes: Buffer.concat([posdata(cell, first), word('GETFORCE'), word('GETFORCE')]),
      says: /GETFORCE came without POSDATA/,
    },
    { title: 'batches in JSON', bytes: init('{"batch_size": 4}'), says: /batches of 4 structures/ },
    { title: 'batches', bytes: init('batch_size:4'), says: /i-PI wants batches of 4 structures; set batch_size to 1/ },
    {
      title: 'an INIT of 2 GB',
      bytes: Buffer.concat([word('INIT'), Buffer.from([0, 0, 0, 0, 255, 255, 255, 127])]),
      says: /INIT announces a text/,
    },
  ],
  // i-PI has no error message: the connection ends, and nothing but what was asked for before has been sent
  told: (reply) => reply.length === 0 || reply.length === FRAME,
});

describe('a session of i-PI', () => {
  test('answers the pattern of i-PI 3.3 alike at every chunk size', async () => {
    const request = Buffer.concat(ipi33);
    const expected = replies('NEEDINIT NEEDINIT READY 1 READY 2');
    for (let size = 1; size <= request.length; size++) {
      const { server, client } = memoryStream();
      const parts: Uint8Array[] = [];
      client.on('data', (part: Uint8Array) => parts.push(part));
      const session = serve(rounded(server));
      for (let at = 0; at < request.length; at += size) client.write(request.subarray(at, at + size));
      expect(await session).toBe(2);
      await new Promise((tick) => setImmediate(tick));
      expect(Buffer.concat(parts).equals(expected), `chunks of ${size}`).toBe(true);
    }
    expect(request.length).toBeGreaterThan(2 * POS);
  });

  test('takes what ASE 3.22.1 really sent, at every chunk size', async () => {
    const request = readFileSync(join(ROOT, 'test/data/ipi/ase-3.22.1/request.bin'));
    const structures = [
      [0.1, 0.2, 0.3, 1.5, 1.4, 1.6],
      [0.1, 0.2, 0.3, 2, 12.4, 1.35],
    ];
    for (let size = 1; size <= request.length; size++) {
      const seen: StructureInput[] = [];
      const spy = {
        ...echo,
        evaluateStructure(s: StructureInput) {
          seen.push(s);
          return echo.evaluateStructure(s);
        },
      };
      const { server, client } = memoryStream();
      const session = serve(server, {}, spy);
      for (let at = 0; at < request.length; at += size) client.write(request.subarray(at, at + size));
      client.end();
      expect(await session, `chunks of ${size}`).toBe(2);
      for (const [k, { positions, cell }] of seen.entries()) {
        structures[k].forEach((x, i) => void expect(positions[i]).toBeCloseTo(x, 7));
        [5, 0, 0, 0.5, 5.5, 0, 1, -0.5, 6].forEach((x, i) => void expect(cell?.[i]).toBeCloseTo(x, 7));
      }
    }
  });

  test('hands columns over as rows, in Å, with the elements of the template', async () => {
    let seen: StructureInput | undefined;
    const spy = {
      ...echo,
      evaluateStructure(s: StructureInput) {
        seen = s;
        return echo.evaluateStructure(s);
      },
    };
    const { server, client } = memoryStream();
    const session = serve(server, {}, spy);
    client.write(Buffer.concat([posdata(cell, first), word('EXIT')]));
    await session;
    expect(Array.from(seen?.cell ?? [])).toEqual(cell.map((x) => x * BOHR));
    expect(Array.from(seen?.positions ?? [])).toEqual(first.map((x) => x * BOHR));
    expect([Array.from(seen?.numbers ?? []), seen?.pbc]).toEqual([
      [14, 14],
      [true, true, true],
    ]);
  });

  test('closes without an answer when the model fails or gives a number that is not finite', async () => {
    const spoilt = (spoil: (out: Awaited<ReturnType<Evaluator['evaluateStructure']>>) => void) => ({
      ...echo,
      evaluateStructure: async (s: StructureInput) => {
        const out = await echo.evaluateStructure(s);
        spoil(out);
        return out;
      },
    });
    const cases: [Evaluator, RegExp][] = [
      [{ ...echo, evaluateStructure: () => Promise.reject(new Error('model blew up')) }, /model blew up/],
      [spoilt((out) => void Object.assign(out, { energy: Number.NaN })), /gave an energy that is not finite/],
      [spoilt((out) => void out.forces.fill(Infinity, 4, 5)), /gave a force on atom 2 that is not finite/],
      [spoilt((out) => void out.virial.fill(Number.NaN)), /gave a virial that is not finite/],
    ];
    for (const [model, message] of cases) {
      const { server, client } = memoryStream();
      let received = 0;
      client.on('data', (part: Uint8Array) => {
        received += part.length;
      });
      const ended = new Promise((done) => client.on('end', done));
      const session = serve(server, {}, model);
      client.write(Buffer.concat([posdata(cell, first), word('GETFORCE')]));
      await expect(session).rejects.toThrow(message);
      await ended;
      expect(received).toBe(0);
    }
  });

  test('has deadlines: for the rest of a message, for a silent driver, for a reply to be taken', async () => {
    const { server, client } = memoryStream();
    const half = serve(server, { messageTimeout: 0.2 });
    const trickle = setInterval(() => client.write(Buffer.alloc(1)), 50);
    client.write(posdata(cell, first).subarray(0, 40));
    await expect(half).rejects.toThrow(/driver: it stopped in the middle of message for 0.2 s/);
    clearInterval(trickle);
    const silent = serve(memoryStream().server, { idleTimeout: 0.2 });
    await expect(silent).rejects.toThrow(/driver: it sent no message for 0.2 s/);
    const deaf = memoryStream();
    deaf.server._write = () => {};
    const stuck = serve(deaf.server, { messageTimeout: 0.2 });
    deaf.client.write(word('STATUS'));
    await expect(stuck).rejects.toThrow(/driver: it did not take a message for 0.2 s/);
  });

  test('refuses unknown elements and reduced units before it answers, and ends on the signal', async () => {
    const numbers = Uint8Array.of(14, 8);
    const unknown = serve(memoryStream().server, { template: { numbers, pbc: [true, true, true] } });
    await expect(unknown).rejects.toThrow('model echo has no element O (it knows Si)');
    const reduced = serve(memoryStream().server, {}, { ...echo, reduced: true });
    await expect(reduced).rejects.toThrow(ProtocolError);
    const stop = new AbortController();
    const session = runIpi(memoryStream().server, echo, options, stop.signal);
    stop.abort();
    expect(await session).toBe(0);
  });

  test('evaluates without images when the template is not periodic, and says so', async () => {
    const said: Diagnostic[] = [];
    const { server, client } = memoryStream();
    const template = { numbers: Uint8Array.of(14, 14), pbc: [false, false, false] as const };
    const session = serve(server, { template, onDiagnostic: (d) => said.push(d) });
    client.write(Buffer.concat([posdata(cell, first), posdata(cell, first), word('EXIT')]));
    await session;
    expect(said.map((d) => d.code)).toEqual(['open-template']);
  });
});
