import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { PotentialError, ProtocolError } from '../../../src/core/errors.ts';
import { HARTREE, LAMMPS_UNITS } from '../../../src/core/units.ts';
import type { Evaluation, Evaluator, Neighborhood } from '../../../src/serve/evaluator.ts';
import { type SessionOptions, serveNative } from '../../../src/serve/protocols/native/session.ts';
import { StructureJobs } from '../../../src/serve/protocols/structure/jobs.ts';
import { describeProtocol, memoryStream } from '../../contracts/protocol.ts';
import { doubles, forces, hello, helloOk, message, parse, step } from './nnp1-bytes.ts';

/**
 * A model whose answers can be written down: each center has energy z + (number of neighbors), each neighbor feels its own position,
 * the virial is 1 … 9 with a symmetric part of round numbers.
 */
const countingModel: Evaluator = {
  name: 'counting',
  species: [1, 18],
  cutoff: 3,
  reduced: true,
  modelId: 123456789,
  evaluateStructure: () => Promise.reject(new Error('not asked for')),
  async evaluateNeighborhood(n: Neighborhood, out: Evaluation) {
    for (let i = 0; i < n.ncenters; i++) {
      const energy = n.numbers[i] + n.first[i + 1] - n.first[i];
      out.atomicEnergies[i] += energy;
      out.energy += energy;
      for (let k = n.first[i]; k < n.first[i + 1]; k++) {
        for (let d = 0; d < 3; d++) out.forces[3 * n.neighbors[k] + d] += n.positions[3 * n.neighbors[k] + d];
      }
    }
    out.virial.set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    out.extrapolationCount += 2;
  },
};
/** xx yy zz xy xz yz of that virial, off-diagonal pairs averaged, and the extrapolations. */
const TAIL = [1, 5, 9, 3, 5, 7, 2];

const options: SessionOptions = {
  peer: 'test client',
  helloTimeout: 5,
  messageTimeout: 5,
  idleTimeout: 0,
  maxPayload: 10_000,
  jobs: new StructureJobs(),
  onDiagnostic: () => {},
};

const positions = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const first = { nlocal: 2, positions, types: [1, 1, 1], lists: [[1, 2], [0]], energies: true, step: 5 };
const moved = positions.map((x) => 2 * x);

const conversation = [hello(), step(first), step({ nlocal: 2, positions: moved, step: 6 })];
const answers = [
  helloOk(3, 123456789, 'counting'),
  forces({ step: 5, head: [39, ...TAIL], forces: positions, energies: [20, 19] }),
  forces({ step: 6, head: [39, ...TAIL], forces: moved }),
];

describeProtocol({
  name: 'NNP1',
  serve: (stream) => serveNative(stream, countingModel, options, new AbortController().signal),
  request: Buffer.concat(conversation),
  reply: Buffer.concat(answers),
  boundaries: [
    { sent: 0, received: 0 },
    { sent: conversation[0].length, received: answers[0].length },
    { sent: conversation[0].length + conversation[1].length, received: answers[0].length + answers[1].length },
  ],
  wrong: [
    { title: 'another program', bytes: Buffer.from('GET / HTTP/1.1\r\n'), says: /begin with "GET / },
    { title: 'another version', bytes: message({ type: 1, version: 2 }), says: /speaks version 2 of NNP1/ },
    { title: 'a STEP before HELLO', bytes: step(first), says: /STEP is not a message for this side/ },
    { title: 'a type that does not exist', bytes: message({ type: 77 }), says: /message type 77 is not/ },
    { title: 'unknown flags', bytes: message({ type: 1, flags: 1024 }), says: /unknown flags/ },
    { title: 'a reserved field in use', bytes: message({ type: 1, reserved: 1 }), says: /reserved/ },
    { title: 'a HELLO that is too long', bytes: message({ type: 1, length: 65_537 }), says: /65537 bytes, more than/ },
    {
      title: 'a STEP of 2^63 bytes',
      bytes: Buffer.concat([hello(), message({ type: 3, length: 2n ** 63n })]),
      says: /STEP announces 9223372036854775808 bytes, more than the limit of 10000/,
    },
    { title: 'a second HELLO', bytes: Buffer.concat([hello(), hello()]), says: /HELLO is not a message for this side/ },
    { title: 'a HELLO that is not JSON', bytes: message({ type: 1 }, Buffer.from('{')), says: /HELLO is not JSON/ },
    { title: 'a HELLO that is null', bytes: message({ type: 1 }, Buffer.from('null')), says: /"nranks"/ },
    { title: 'a rank beyond the ranks', bytes: hello({ rank: 1 }), says: /"rank" is not an integer below "nranks"/ },
    { title: 'elements that are none', bytes: hello({ elements: [1] }), says: /"elements"/ },
    { title: 'an unknown element', bytes: hello({ elements: ['Ar', 'Xe'] }), says: /no element Xe \(it knows H, Ar\)/ },
    { title: 'units that do not fit', bytes: hello({ units: 'metal' }), says: /must use units lj, it uses metal/ },
    ...wrongSteps().map(([title, bytes, says]) => ({
      title,
      bytes: Buffer.concat([hello({ elements: ['Ar', null] }), bytes]),
      says,
    })),
  ],
  told: (reply) => parse(reply).at(-1)?.type === 5,
});

/** Two members, one with half the force on each atom and one with three halves of it. */
const committeeModel: Evaluator = {
  ...countingModel,
  committee: {
    members: 2,
    async evaluateMembers(n, out) {
      await countingModel.evaluateNeighborhood(n, out);
      return Float64Array.from([...out.forces.map((f) => f / 2), ...out.forces.map((f) => 1.5 * f)]);
    },
  },
};
const scaled = (values: readonly number[], factor: number) => values.map((x) => factor * x);
const committeeConversation = [
  hello(),
  step({ ...first, members: true }),
  step({ nlocal: 2, positions: moved, members: true, step: 6 }),
  step({ nlocal: 2, positions, step: 7 }),
];
const committeeAnswers = [
  helloOk(3, 123456789, 'counting', 16),
  forces({
    step: 5,
    head: [39, ...TAIL],
    forces: positions,
    energies: [20, 19],
    members: [scaled(positions, 0.5), scaled(positions, 1.5)],
  }),
  forces({ step: 6, head: [39, ...TAIL], forces: moved, members: [scaled(moved, 0.5), scaled(moved, 1.5)] }),
  forces({ step: 7, head: [39, ...TAIL], forces: positions }),
];
const bytesUpTo = (messages: readonly Uint8Array[], k: number) => Buffer.concat(messages.slice(0, k)).length;

describeProtocol({
  name: 'NNP1 of a committee',
  serve: (stream) => serveNative(stream, committeeModel, options, new AbortController().signal),
  request: Buffer.concat(committeeConversation),
  reply: Buffer.concat(committeeAnswers),
  boundaries: [0, 1, 2, 3].map((k) => ({
    sent: bytesUpTo(committeeConversation, k),
    received: bytesUpTo(committeeAnswers, k),
  })),
  wrong: [],
  told: () => false,
});

/** Steps that do not add up. */
function wrongSteps(): [string, Uint8Array, RegExp][] {
  const changed = (offset: number, value: number) => {
    const bytes = step(first);
    new DataView(bytes.buffer).setInt32(32 + offset, value, true);
    return bytes;
  };
  const list = { nlocal: 2, positions, types: [1, 1, 1] };
  return [
    ['a STEP shorter than its head', message({ type: 3 }, new Uint8Array(40)), /40 bytes, fewer than its head/],
    ['a negative count', changed(0, -1), /negative count: nlocal -1/],
    ['counts of more atoms than were sent', changed(4, 2), /STEP of 4 atoms must have \d+ bytes, it has \d+/],
    ['a huge count', changed(12, 2 ** 31 - 1), /must have \d+ bytes, it has/],
    ['a STEP without a list before any list', step({ nlocal: 2, positions }), /none was sent for these atoms before/],
    ['TYPES without NEIGH', message({ type: 3, flags: 1 }, new Uint8Array(88)), /TYPES and NEIGH together/],
    [
      'a type that does not exist',
      step({ ...list, types: [1, 3, 1], lists: [[1], [0]] }),
      /type 3 of atom index 1, not 1 to 2/,
    ],
    ['a neighbor that does not exist', step({ ...list, lists: [[3], [0]] }), /neighbor index 3, not 0 to 2/],
    ['a negative neighbor', step({ ...list, lists: [[-1], [0]] }), /neighbor index -1/],
    ['fewer centers than local atoms', step({ ...list, lists: [[1]] }), /1 of 2 local atoms but no ILIST/],
    ['a ghost as center', step({ ...list, lists: [[1]], ilist: [2] }), /center index 2, not 0 to 1/],
    ['a center twice', step({ ...list, lists: [[1], [1]], ilist: [0, 0] }), /center 0 twice/],
    ['a NULL atom as center', step({ ...list, types: [2, 1, 1], lists: [[1]], ilist: [0] }), /its type is NULL/],
    [
      'a NULL atom as neighbor',
      step({ ...list, types: [1, 2, 1], lists: [[1]], ilist: [0] }),
      /neighbor 1 whose type is NULL/,
    ],
    [
      'a position that is NaN',
      step({ ...list, positions: [0, 0, 0, 0, Number.NaN, 0, 0, 0, 0], lists: [[1], [0]] }),
      /not finite, of atom index 1/,
    ],
  ];
}

/** A client in memory that collects what it is told. */
function connect(
  model: Evaluator = countingModel,
  changes: Partial<SessionOptions> = {},
  abort = new AbortController(),
) {
  const { server, client } = memoryStream();
  const parts: Uint8Array[] = [];
  client.on('data', (part: Uint8Array) => parts.push(part));
  const session = serveNative(server, model, { ...options, ...changes }, abort.signal);
  session.catch(() => {});
  return {
    client,
    session,
    async replies(count: number) {
      while (parse(Buffer.concat(parts)).length < count) await once(client, 'data');
      return parse(Buffer.concat(parts));
    },
  };
}

describe('a session of NNP1', () => {
  test('evaluates only the centers of an ILIST and puts forces and energies back in their places', async () => {
    const { client, replies } = connect();
    client.write(hello({ elements: ['Ar', null, 'H'] }));
    // local atoms 0 (NULL), 1 (H), 2 (Ar); ghosts 3 (NULL), 4 (Ar)
    const five = Array.from({ length: 15 }, (_, k) => k + 1);
    client.write(
      step({ nlocal: 3, positions: five, types: [2, 3, 1, 2, 1], ilist: [2, 1], lists: [[1, 4], [2]], energies: true }),
    );
    const [, reply] = await replies(2);
    const expected = [18 + 2 + 1 + 1, ...TAIL, 0, 0, 0, 4, 5, 6, 7, 8, 9, 0, 0, 0, 13, 14, 15, 0, 2, 20];
    expect(Array.from(new Float64Array(Uint8Array.from(reply.payload).buffer))).toEqual(expected);
  });

  test('puts the forces of the members in their places, in the units of the client', async () => {
    const { client, replies } = connect({ ...committeeModel, reduced: false });
    client.write(hello({ units: 'electron', elements: ['Ar', null] }));
    const list = { types: [2, 1, 1], ilist: [1], lists: [[2]] };
    client.write(step({ nlocal: 2, positions, ...list, members: true }));
    const [, reply] = await replies(2);
    const values = new Float64Array(Uint8Array.from(reply.payload).buffer).subarray(8);
    const { length } = LAMMPS_UNITS['electron'];
    const factor = (length * length) / HARTREE;
    const mean = [0, 0, 0, 0, 0, 0, 7, 8, 9];
    const expected = [...mean, 2 / factor, ...scaled(mean, 0.5), ...scaled(mean, 1.5)];
    expect(values.length).toBe(expected.length);
    expected.forEach((x, k) => {
      expect(values[k]).toBeCloseTo(x * factor, 12);
    });
  });

  test('refuses to ask for the members of a model that is no committee', async () => {
    const { client, session, replies } = connect();
    client.write(Buffer.concat([hello(), step({ ...first, members: true })]));
    expect((await replies(2))[1].payload.toString()).toMatch(
      /asks for the members of a committee, model counting is none/,
    );
    await expect(session).rejects.toThrow(ProtocolError);
  });

  test('never sends a force of a member that is not finite', async () => {
    const broken: Evaluator = {
      ...committeeModel,
      committee: { members: 2, evaluateMembers: async () => new Float64Array(18).fill(Number.NaN, 17) },
    };
    const { client, replies } = connect(broken);
    client.write(Buffer.concat([hello(), step({ ...first, members: true })]));
    expect((await replies(2))[1].payload.toString()).toMatch(
      /force of a member of the committee that is not finite at step 5/,
    );
  });

  test('refuses an old list when the number of atoms changed', async () => {
    const { client, session, replies } = connect();
    client.write(Buffer.concat([hello(), step(first), step({ nlocal: 1, positions })]));
    expect((await replies(3))[2].payload.toString()).toMatch(/none was sent for these atoms before/);
    await expect(session).rejects.toThrow(ProtocolError);
  });

  test('converts lengths, energies, forces and virial to the units of the client', async () => {
    const { client, replies } = connect({ ...countingModel, reduced: false });
    client.write(hello({ units: 'electron' }));
    client.write(step(first));
    const [greeting, reply] = await replies(2);
    const { length } = LAMMPS_UNITS['electron'];
    expect(greeting.payload.readDoubleLE(0)).toBe(3 / length);
    const values = new Float64Array(Uint8Array.from(reply.payload).buffer);
    expect(values[0]).toBeCloseTo(39 / HARTREE, 14);
    expect(values[2]).toBeCloseTo(5 / HARTREE, 14);
    expect(values[8]).toBeCloseTo((1 * length * length) / HARTREE, 14);
    expect(values[8 + 9]).toBeCloseTo(20 / HARTREE, 14);
  });

  test('tells the peer what the evaluator threw, with the step', async () => {
    const broken = { ...countingModel, evaluateNeighborhood: () => Promise.reject(new Error('model blew up')) };
    const { client, session, replies } = connect(broken);
    client.write(Buffer.concat([hello(), step(first)]));
    const error = (await replies(2))[1];
    expect([error.type, error.step, error.payload.toString()]).toEqual([5, 5, 'model blew up']);
    await expect(session).rejects.toThrow('model blew up');
  });

  for (const [what, spoil] of [
    ['energy or virial', (out: Evaluation) => out.virial.fill(Number.NaN)],
    ['force on atom index 2', (out: Evaluation) => out.forces.fill(Number.POSITIVE_INFINITY, 7, 8)],
    ['energy of atom index 1', (out: Evaluation) => out.atomicEnergies.fill(Number.NaN, 1)],
  ] as const) {
    test(`sends an error instead of a number that is not finite: ${what}`, async () => {
      const spoiled = {
        ...countingModel,
        evaluateNeighborhood: async (_: Neighborhood, out: Evaluation) => void spoil(out),
      };
      const { client, replies } = connect(spoiled);
      client.write(Buffer.concat([hello(), step(first)]));
      const error = (await replies(2))[1];
      expect(error.type).toBe(5);
      expect(error.payload.toString()).toMatch(new RegExp(`an? ${what} that is not finite at step 5`));
    });
  }

  test('says that atoms in errors of the potential are counted within the rank', async () => {
    const fail = () => Promise.reject(new PotentialError('atoms 3 and 4 coincide'));
    const { client, replies } = connect({ ...countingModel, evaluateNeighborhood: fail });
    client.write(Buffer.concat([hello(), step(first)]));
    expect((await replies(2))[1].payload.toString()).toBe(
      'atoms 3 and 4 coincide (atoms are counted within this rank)',
    );
  });

  test('has a deadline for HELLO, also when bytes trickle', async () => {
    const { client, session, replies } = connect(countingModel, { helloTimeout: 0.2 });
    const trickle = setInterval(() => client.write(hello().subarray(0, 1)), 50);
    client.write(hello().subarray(0, 20));
    await expect(session).rejects.toThrow(/sent no HELLO for 0.2 s/);
    clearInterval(trickle);
    expect((await replies(1))[0].type).toBe(5);
  });

  test('has a deadline for the rest of a message', async () => {
    const { client, session } = connect(countingModel, { messageTimeout: 0.2 });
    client.write(Buffer.concat([hello(), step(first).subarray(0, 100)]));
    await expect(session).rejects.toThrow(/rank 0 of 1 \(test\): it stopped in the middle of a message for 0.2 s/);
  });

  test('closes a silent connection after the idle time, and never without one', async () => {
    const { client, session } = connect(countingModel, { idleTimeout: 0.2 });
    client.write(hello());
    await expect(session).rejects.toThrow(/it sent nothing for 0.2 s/);
  });

  test('has a deadline for the reply to be taken', async () => {
    const { server, client } = memoryStream();
    server._write = () => {}; // the peer takes nothing
    const session = serveNative(
      server,
      countingModel,
      { ...options, messageTimeout: 0.2 },
      new AbortController().signal,
    );
    client.write(hello());
    await expect(session).rejects.toThrow(/it did not take the reply for 0.2 s/);
  });

  test('tells the peer when the server stops, also during an evaluation', async () => {
    const never = { ...countingModel, evaluateNeighborhood: () => new Promise<void>(() => {}) };
    const abort = new AbortController();
    const { client, session, replies } = connect(never, {}, abort);
    client.write(Buffer.concat([hello(), step(first)]));
    await replies(1);
    abort.abort();
    expect((await replies(2))[1].payload.toString()).toBe('the force server was stopped');
    await session;
  });

  test('reports connection and normal end with the number of steps', async () => {
    const said: Diagnostic[] = [];
    const { client, session, replies } = connect(countingModel, { onDiagnostic: (d) => said.push(d) });
    client.write(Buffer.concat([hello({ rank: 2, nranks: 4 }), step(first)]));
    await replies(2);
    client.end();
    await session;
    expect(said.map((d) => d.message)).toEqual([
      'rank 2 of 4 (test) connected',
      'rank 2 of 4 (test) closed after 1 steps',
    ]);
  });

  test('rejects when the peer closes while a STEP is evaluated', async () => {
    const never = { ...countingModel, evaluateNeighborhood: () => new Promise<void>(() => {}) };
    const { client, session, replies } = connect(never);
    client.write(Buffer.concat([hello(), step(first)]));
    await replies(1);
    client.end();
    await expect(session).rejects.toThrow(/rank 0 of 1 \(test\) closed the connection while evaluating/);
  });

  test('takes an empty rank', async () => {
    const { client, replies } = connect();
    client.write(Buffer.concat([hello(), step({ nlocal: 0, positions: [], types: [], lists: [] })]));
    expect((await replies(2))[1].payload.equals(doubles([0, ...TAIL]))).toBe(true);
  });
});
