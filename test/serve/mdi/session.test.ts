import { describe, expect, test } from 'vitest';
import { BOHR, HARTREE } from '../../../src/core/units.ts';
import type { Evaluator, StructureInput } from '../../../src/serve/evaluator.ts';
import { LocalEvaluator } from '../../../src/serve/local-evaluator.ts';
import { type MdiOptions, runMdi } from '../../../src/serve/protocols/mdi/session.ts';
import { describeProtocol, memoryStream } from '../../contracts/protocol.ts';
import { lennardJones } from '../../oracle/lennard-jones.ts';

// A driver written from the specification of MDI's wire, without the codec that it tests.
const ints = (values: readonly number[]) => Buffer.from(Int32Array.from(values).buffer);
const doubles = (values: ArrayLike<number>) => Buffer.from(Float64Array.from(Array.from(values)).buffer);
const header = (type: number, count: number, error = 0) => ints([error, 0, type, count]);
const sendInts = (values: readonly number[]) => Buffer.concat([header(1, values.length), ints(values)]);
const sendDoubles = (values: readonly number[]) => Buffer.concat([header(2, values.length), doubles(values)]);
const text = (value: string, length: number, fill = '\0') => Buffer.from(value.padEnd(length, fill), 'latin1');
const chars = (value: Buffer) => Buffer.concat([header(3, value.length), value]);

/** Peers before and from 1.4: what they send first, the length of their commands, what they get first. */
const OLD = { hello: ints([1, 3, 2]), length: 12, welcome: ints([1, 4, 40]) };
const NEW = {
  hello: Buffer.concat([ints([1, 4, 16]), ints([256, 256])]),
  length: 256,
  welcome: Buffer.concat([ints([1, 4, 40]), ints([256, 256])]),
};

const CELL = [20, 0, 0, 1, 21, 0, 2, 3, 22];
const COORDS = [1, 2, 3, 7, 2.5, 3, 1.5, 8, 3.5];
const MOVED = COORDS.map((x, k) => x + (k % 2) / 4);

const lj = new LocalEvaluator(lennardJones(0.01, 3, 5, [14]), { modelId: 1, reduced: false });
const options: MdiOptions = { peer: 'driver', name: 'nnp', messageTimeout: 5, idleTimeout: 0, onDiagnostic: () => {} };

const serve = (stream: Parameters<typeof runMdi>[0], changes: Partial<MdiOptions> = {}, model: Evaluator = lj) =>
  runMdi(stream, model, { ...options, ...changes }, new AbortController().signal);

interface Exchange {
  /** Bytes of the driver, cut where it may close without a complaint. */
  readonly sends: Buffer[];
  readonly receives: Buffer[];
}

/** A whole conversation: discovery, the structure, two steps, EXIT. */
async function conversation({ hello, length, welcome }: typeof OLD): Promise<Exchange> {
  const ask = (command: string, data: Buffer = Buffer.alloc(0)) => Buffer.concat([chars(text(command, length)), data]);
  const item = (name: string, end: string) => Buffer.concat([text(name, length, ' '), Buffer.from(end)]);
  const names = '<ENERGY <FORCES <NATOMS <STRESS >CELL >CELL_DISPL >COORDS >ELEMENTS >NATOMS >TYPES EXIT'.split(' ');
  const commands = names.map((name, k) => item(name, k === names.length - 1 ? ';' : ','));
  const [first, second] = [await truth(COORDS), await truth(MOVED)];
  const none = Buffer.alloc(0);
  const steps: [Buffer, Buffer][] = [
    [hello, welcome],
    [ask('<NAME'), chars(text('nnp', length))],
    [ask('<NNODES'), sendInts([1])],
    [ask('<NODES'), chars(item('@DEFAULT', ','))],
    [ask('<NCOMMANDS'), sendInts([names.length])],
    [ask('<COMMANDS'), chars(Buffer.concat([item('@DEFAULT', ','), ...commands]))],
    [ask('<NCALLBACKS'), sendInts([0])],
    [ask('<CALLBACKS'), chars(item('@DEFAULT', ';'))],
    [ask('<VERSION'), sendInts([1, 4, 40])],
    [ask('>NATOMS', sendInts([3])), none],
    [ask('<NATOMS'), sendInts([3])],
    [ask('>CELL_DISPL', sendDoubles([0, 0, 0])), none],
    [ask('>CELL', sendDoubles(CELL)), none],
    [ask('>TYPES', sendInts([1, 1, 1])), none],
    [ask('>ELEMENTS', sendInts([14, 14, 14])), none],
    [ask('>COORDS', sendDoubles(COORDS)), none],
    [ask('<ENERGY'), sendDoubles(first.energy)],
    [ask('<FORCES'), sendDoubles(first.forces)],
    [ask('<STRESS'), sendDoubles(first.stress)],
    [ask('>COORDS', sendDoubles(MOVED)), none],
    [ask('<ENERGY'), sendDoubles(second.energy)],
    [ask('<FORCES'), sendDoubles(second.forces)],
    [ask('EXIT'), none],
  ];
  return { sends: steps.map(([sent]) => sent), receives: steps.map(([, received]) => received) };
}

/** By the evaluator, in hartree and bohr; the stress is + virial / V. */
async function truth(coords: readonly number[]) {
  const structure = {
    numbers: new Uint8Array(3).fill(14),
    positions: Float64Array.from(coords, (x) => x * BOHR),
    cell: Float64Array.from(CELL, (x) => x * BOHR),
    pbc: [true, true, true] as const,
  };
  const out = await lj.evaluateStructure(structure);
  const volume = 20 * 21 * 22 * BOHR ** 3;
  const unit = (HARTREE / BOHR ** 3) * volume;
  return {
    energy: [out.energy / HARTREE],
    forces: Array.from(out.forces, (f) => (f * BOHR) / HARTREE),
    stress: [0, 1, 2, 3, 4, 5, 6, 7, 8].map(
      (k) => (out.virial[k] + out.virial[(k % 3) * 3 + Math.floor(k / 3)]) / 2 / unit,
    ),
  };
}

/** Answers to the last bits: sums and products are in the same order but for the volume. */
function expectAlike(found: Buffer, expected: Buffer, what: string): void {
  expect(found.length, what).toBe(expected.length);
  if (found.equals(expected)) return;
  expect(found.subarray(0, 16).equals(expected.subarray(0, 16)), what).toBe(true);
  for (let at = 16; at < found.length; at += 8) {
    const [a, b] = [found.readDoubleLE(at), expected.readDoubleLE(at)];
    expect(Math.abs(a - b), what).toBeLessThanOrEqual(1e-13 * Math.max(1e-6, Math.abs(b)));
  }
}

/** A driver that waits for every answer, as the library does. */
async function drive({ sends, receives }: Exchange, chunk: number): Promise<number> {
  const { server, client } = memoryStream();
  let received = Buffer.alloc(0);
  client.on('data', (part: Uint8Array) => {
    received = Buffer.concat([received, part]);
  });
  const session = serve(server);
  for (const [k, sent] of sends.entries()) {
    for (let at = 0; at < sent.length; at += chunk) client.write(sent.subarray(at, at + chunk));
    for (let n = 0; received.length < receives[k].length && n < 10_000; n++) await new Promise((t) => setImmediate(t));
    expectAlike(received, receives[k], `answer ${k}`);
    received = Buffer.alloc(0);
  }
  return session;
}

describe('a session of MDI', () => {
  for (const [name, peer] of [
    ['1.3', OLD],
    ['1.4', NEW],
  ] as const) {
    test(`serves a driver of version ${name} from the handshake to EXIT, whatever the packets`, async () => {
      const exchange = await conversation(peer);
      const { energy, stress } = await truth(COORDS);
      expect(Math.abs(energy[0])).toBeGreaterThan(1e-6);
      expect(Math.abs(stress[0])).toBeGreaterThan(1e-9);
      for (const chunk of [1, 7, 16, 1000, 1e6]) expect(await drive(exchange, chunk)).toBe(2);
    });
  }
});

const small = (command: string, data: Buffer = Buffer.alloc(0)) => Buffer.concat([chars(text(command, 12)), data]);
const begin = (...words: Buffer[]) => Buffer.concat([OLD.hello, ...words]);
const ready = (elements = [14, 14, 14]) => [
  small('>NATOMS', sendInts([3])),
  small('>CELL', sendDoubles(CELL)),
  small('>ELEMENTS', sendInts(elements)),
];
const request = [OLD.hello, small('>NATOMS', sendInts([3])), small('<NATOMS'), small('EXIT')];

describeProtocol({
  name: 'MDI',
  serve: async (stream) => void (await serve(stream)),
  request: Buffer.concat(request),
  reply: Buffer.concat([OLD.welcome, sendInts([3])]),
  boundaries: [0, 1, 2, 3].map((k) => ({
    sent: Buffer.concat(request.slice(0, k)).length,
    received: k < 3 ? 12 : 32,
  })),
  wrong: [
    {
      title: 'another program',
      bytes: Buffer.from('GET / HTTP/1.1\r\n'),
      says: /expected the version of an MDI driver, received "GET \/ HTTP/,
    },
    {
      title: 'a library before 1.1',
      bytes: ints([1, 0, 9]),
      says: /the driver has MDI 1\.0\.9; 1\.1 to 1\.x is spoken here/,
    },
    {
      title: 'absurd lengths of names',
      bytes: Buffer.concat([ints([1, 4, 1]), ints([-1, 256])]),
      says: /names of -1 and commands of 256/,
    },
    {
      title: 'a command that it does not have',
      bytes: begin(small('@INIT_MD')),
      says: /this engine has no command "@INIT_MD"/,
    },
    {
      title: 'a header that is none',
      bytes: begin(ints([0, 5, 3, 12])),
      says: /expected an MDI message with a command/,
    },
    {
      title: 'an error of the driver',
      bytes: begin(small('>NATOMS'), header(1, 1, 7)),
      says: /the driver reports error 7 instead of >NATOMS/,
    },
    {
      title: 'a wrong count',
      bytes: begin(small('>NATOMS', sendInts([3])), small('>COORDS', sendDoubles([1]))),
      says: /as 9 items of MDI type 2, found 1 of type 2/,
    },
    {
      title: 'a wrong datatype',
      bytes: begin(small('>CELL', sendInts([1, 2, 3]))),
      says: /9 items of MDI type 2, found 3 of type 1/,
    },
    { title: 'a negative number of atoms', bytes: begin(small('>NATOMS', sendInts([-3]))), says: /announces -3 atoms/ },
    {
      title: 'two billion atoms',
      bytes: begin(small('>NATOMS', sendInts([2 ** 31 - 1]))),
      says: /announces 2147483647 atoms/,
    },
    {
      title: 'coordinates before the number of atoms',
      bytes: begin(small('>COORDS')),
      says: /has not told the number of atoms/,
    },
    {
      title: 'an element that the model does not know',
      bytes: begin(...ready([14, 8, 14])),
      says: /model lj has no element O \(it knows Si\)/,
    },
    {
      title: 'an element that does not exist',
      bytes: begin(...ready([14, 300, 14])),
      says: /atomic number 300 for atom 2/,
    },
    { title: 'no coordinates', bytes: begin(...ready(), small('<ENERGY')), says: /has sent no >COORDS/ },
    {
      title: 'no elements',
      bytes: begin(small('>NATOMS', sendInts([3])), small('>COORDS', sendDoubles(COORDS)), small('<FORCES')),
      says: /has sent no >ELEMENTS: use the keyword "elements"/,
    },
    {
      title: 'a coordinate that is NaN',
      bytes: begin(...ready(), small('>COORDS', sendDoubles(COORDS.map((x, k) => (k === 4 ? Number.NaN : x))))),
      says: /not finite, of atom 2/,
    },
    {
      title: 'a stress without a cell',
      bytes: begin(ready()[0], ready()[2], small('>COORDS', sendDoubles(COORDS)), small('<STRESS')),
      says: /<STRESS of a structure without a cell/,
    },
  ],
  // an error flag without payload is the last message
  told: (reply) =>
    Buffer.from(reply)
      .subarray(-16)
      .equals(header(3, 0, 1)),
});

describe('the failures of an MDI engine', () => {
  const failing = async (model: Partial<Evaluator>, message: RegExp) => {
    const { server, client } = memoryStream();
    const parts: Uint8Array[] = [];
    client.on('data', (part: Uint8Array) => parts.push(part));
    const session = serve(
      server,
      {},
      {
        ...{ name: 'lj', species: [14], cutoff: 5, reduced: false, modelId: 1 },
        evaluateNeighborhood: () => Promise.reject(new Error('not asked for')),
        evaluateStructure: (s: StructureInput) => lj.evaluateStructure(s),
        ...model,
      },
    );
    client.write(begin(...ready(), small('>COORDS', sendDoubles(COORDS)), small('<FORCES')));
    await expect(session).rejects.toThrow(message);
    await new Promise((tick) => setImmediate(tick));
    expect(Buffer.concat(parts).equals(Buffer.concat([OLD.welcome, header(3, 0, 1)]))).toBe(true);
  };

  test('reach the driver as an error flag instead of forces', async () => {
    await failing({ evaluateStructure: () => Promise.reject(new Error('model blew up')) }, /model blew up/);
    const nan = async (s: StructureInput) => {
      const out = await lj.evaluateStructure(s);
      out.forces[5] = Number.NaN;
      return out;
    };
    await failing({ evaluateStructure: nan }, /gave a force on atom 2 that is not finite/);
    const reduced = new LocalEvaluator(lennardJones(1, 1, 2.5), { modelId: 1, reduced: true });
    await expect(serve(memoryStream().server, {}, reduced)).rejects.toThrow(/reduced units/);
  });

  test('have deadlines: no handshake, a command cut off, data that does not follow, silence where a limit is set', async () => {
    const times = { messageTimeout: 0.2, idleTimeout: 0.4 };
    const cases: [Buffer, RegExp][] = [
      [Buffer.alloc(0), /driver: it sent no version for 0.2 s/],
      [ints([1, 4, 40]), /driver: it sent no lengths of names for 0.2 s/],
      [begin(small('>NATOMS').subarray(0, 20)), /driver: it stopped in the middle of command for 0.2 s/],
      [begin(small('>NATOMS')), /driver: it sent no >NATOMS for 0.2 s/],
      [begin(), /driver: it sent no command for 0.4 s/],
    ];
    await Promise.all(
      cases.map(async ([bytes, message]) => {
        const { server, client } = memoryStream();
        const session = serve(server, times);
        client.write(bytes);
        await expect(session).rejects.toThrow(message);
      }),
    );
  });

  test('include other atoms than those of the template', async () => {
    const template = { numbers: Uint8Array.of(14, 14) };
    const cases: [Buffer[], RegExp][] = [
      [[small('>NATOMS', sendInts([3]))], /the driver has 3 atoms, the template 2/],
      [[small('>ELEMENTS', sendInts([14, 8]))], /model lj has no element O/],
    ];
    for (const [words, message] of cases) {
      const { server, client } = memoryStream();
      const session = serve(server, { template });
      client.write(begin(...words));
      await expect(session).rejects.toThrow(message);
    }
    const { server, client } = memoryStream();
    const session = serve(server, { template });
    client.write(begin(small('>COORDS', sendDoubles(COORDS.slice(0, 6))), small('<ENERGY'), small('EXIT')));
    expect(await session).toBe(1);
  });
});
