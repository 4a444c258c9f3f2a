import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { LAMMPS_UNITS } from '../../../src/core/units.ts';
import type { Evaluator, StructureInput } from '../../../src/serve/evaluator.ts';
import { type SessionOptions, serveNative } from '../../../src/serve/protocols/native/session.ts';
import { StructureJobs } from '../../../src/serve/protocols/structure/jobs.ts';
import { describeProtocol, memoryStream } from '../../contracts/protocol.ts';
import { doubles, forces, hello, helloOk, message, parse } from '../native/nnp1-bytes.ts';

/** Energy = sum of the atomic numbers, forces = positions, virial = cell with off-diagonal pairs averaged, 2 extrapolations. */
const echo: Evaluator = {
  name: 'echo',
  species: [1, 18],
  cutoff: 3,
  reduced: true,
  modelId: 77,
  evaluateNeighborhood: () => Promise.reject(new Error('not asked for')),
  async evaluateStructure({ numbers, positions, cell }: StructureInput) {
    return {
      energy: numbers.reduce((sum, z) => sum + z, 0),
      forces: Float64Array.from(positions),
      virial: Float64Array.from(cell ?? new Float64Array(9)),
      atomicEnergies: Float64Array.from(numbers),
      extrapolationCount: 2,
    };
  },
};

const options = {
  peer: 'test client',
  helloTimeout: 5,
  messageTimeout: 5,
  idleTimeout: 0,
  maxPayload: 10_000,
  onDiagnostic: () => {},
};
const cell = [10, 0, 0, 1, 11, 0, 2, 3, 12];
const VIRIAL = [10, 11, 12, 0.5, 1, 1.5]; // xx yy zz xy xz yz
const positions = [1, 2, 3, 4, 5, 6, 7, 8, 9];

const greeting = (fields: object = {}) => hello({ route: 'structure', elements: ['Ar', 'H'], ...fields });

/** A STEP of a whole structure after lammps-scripts/protocol.md. */
function step(fields: {
  step: number;
  positions?: readonly number[];
  types?: readonly number[];
  periodic?: number;
  natoms?: number;
  flags?: number;
  cell?: readonly number[];
}): Uint8Array {
  const { positions: x = positions, types } = fields;
  const head = Buffer.alloc(8);
  head.writeInt32LE(fields.natoms ?? x.length / 3, 0);
  head.writeInt32LE(fields.periodic ?? 7, 4);
  const section = Buffer.alloc(types ? 8 * Math.ceil(types.length / 2) : 0);
  types?.forEach((type, k) => void section.writeInt32LE(type, 4 * k));
  const payload = Buffer.concat([head, doubles(fields.cell ?? cell), doubles(x), section]);
  return message({ type: 3, step: fields.step, flags: fields.flags ?? (types ? 1 : 0) }, payload);
}

const serve = (stream: Parameters<typeof serveNative>[0], changes: Partial<SessionOptions> = {}, model = echo) =>
  serveNative(stream, model, { ...options, jobs: new StructureJobs(), ...changes }, new AbortController().signal);

const conversation = [
  greeting(),
  step({ step: 5, types: [1, 2, 1], flags: 5 }),
  step({ step: 6, positions: positions.map((x) => 2 * x), periodic: 0 }),
];
const answers = [
  helloOk(3, 77, 'echo'),
  forces({ step: 5, head: [37, ...VIRIAL, 2], forces: positions, energies: [18, 1, 18] }),
  forces({ step: 6, head: [37, 0, 0, 0, 0, 0, 0, 2], forces: positions.map((x) => 2 * x) }),
];

const wrong: [string, Uint8Array, RegExp][] = [
  ['a STEP shorter than its head', message({ type: 3 }, new Uint8Array(79)), /79 bytes, fewer than its head/],
  ['a STEP before the types', step({ step: 0 }), /STEP of 3 atoms whose types were not sent/],
  ['a negative number of atoms', step({ step: 0, natoms: -1 }), /STEP of -1 atoms must have/],
  ['a huge number of atoms', step({ step: 0, natoms: 2 ** 31 - 1 }), /must have \d+ bytes, it has/],
  ['a periodicity that does not exist', step({ step: 0, types: [1, 1, 1], periodic: 8 }), /periodicity 8, not 0 to 7/],
  ['a type that does not exist', step({ step: 0, types: [1, 3, 1] }), /type 3 of atom 2, not 1 to 2/],
  ['a neighbor list', step({ step: 0, types: [1, 1, 1], flags: 3 }), /whole structure has a neighbor list/],
  [
    'a position that is NaN',
    step({ step: 0, types: [1, 1, 1], positions: [0, 0, 0, 0, Number.NaN, 0, 0, 0, 0] }),
    /not finite, of atom 2/,
  ],
  ['a cell that is NaN', step({ step: 0, types: [1, 1, 1], cell: [Number.NaN, ...cell.slice(1)] }), /cell that is not/],
];

describeProtocol({
  name: 'NNP1 with whole structures',
  serve: (stream) => serve(stream),
  request: Buffer.concat(conversation),
  reply: Buffer.concat(answers),
  boundaries: [0, 1, 2].map((k) => ({
    sent: Buffer.concat(conversation.slice(0, k)).length,
    received: Buffer.concat(answers.slice(0, k)).length,
  })),
  wrong: [
    {
      title: 'a big-endian peer',
      bytes: Uint8Array.from(greeting().subarray(0, 4).toReversed()),
      says: /begin with "1PNN"/,
    },
    { title: 'a route that does not exist', bytes: greeting({ route: 'scenic' }), says: /neither lists nor structure/ },
    { title: 'a job that is no text', bytes: greeting({ job: 7 }), says: /"job" is not a text/ },
    { title: 'NULL elements', bytes: greeting({ elements: ['Ar', null] }), says: /every type has an element/ },
    { title: 'an unknown element', bytes: greeting({ elements: ['Xe'] }), says: /no element Xe/ },
    ...wrong.map(([title, bytes, says]) => ({ title, bytes: Buffer.concat([greeting(), bytes]), says })),
  ],
  told: (reply) => parse(reply).at(-1)?.type === 5,
});

/** Ranks of one run on one server; `say` gives everything that came after at least `count` messages. */
function ranks(count: number, changes: Partial<SessionOptions> = {}, model = echo, fields: object = {}) {
  const jobs = changes.jobs ?? new StructureJobs();
  return Array.from({ length: count }, (_, rank) => {
    const { server, client } = memoryStream();
    const parts: Uint8Array[] = [];
    client.on('data', (part: Uint8Array) => parts.push(part));
    const session = serve(server, { ...changes, jobs }, model);
    session.catch(() => {});
    client.write(greeting({ rank, nranks: count, job: 'a', ...fields }));
    return {
      client,
      session,
      async replies(wanted: number) {
        while (parse(Buffer.concat(parts)).length < wanted) await once(client, 'data');
        return parse(Buffer.concat(parts));
      },
    };
  });
}

const empty = (at: number) => message({ type: 3, step: at });

describe('the ranks of one run with whole structures', () => {
  test('all get the forces of what rank 0 sent, evaluated once, in whatever order they ask', async () => {
    let evaluations = 0;
    const counting = {
      ...echo,
      evaluateStructure(s: StructureInput) {
        evaluations++;
        return echo.evaluateStructure(s);
      },
    };
    const [zero, one, two] = ranks(3, {}, counting);
    one.client.write(empty(5));
    zero.client.write(step({ step: 5, types: [1, 1, 1] }));
    two.client.write(empty(5));
    for (const rank of [zero, one, two]) {
      const [, reply] = await rank.replies(2);
      expect([reply.type, reply.step, reply.payload.readDoubleLE(0)]).toEqual([4, 5, 54]);
    }
    zero.client.write(step({ step: 6 }));
    expect((await zero.replies(3))[2].step).toBe(6); // does not wait for the others
    one.client.write(empty(6));
    two.client.write(empty(6));
    for (const rank of [one, two]) expect((await rank.replies(3))[2].step).toBe(6);
    expect(evaluations).toBe(2);
  });

  test('are all told when the model fails, and when one of them is gone', async () => {
    const broken = { ...echo, evaluateStructure: () => Promise.reject(new Error('model blew up')) };
    const failed = ranks(2, {}, broken);
    failed[1].client.write(empty(5));
    failed[0].client.write(step({ step: 5, types: [1, 1, 1] }));
    for (const rank of failed) expect((await rank.replies(2))[1].payload.toString()).toBe('model blew up');
    const [zero, one] = ranks(2);
    await Promise.all([zero.replies(1), one.replies(1)]);
    one.client.write(empty(5));
    await new Promise((tick) => setImmediate(tick));
    zero.client.end();
    expect((await one.replies(2))[1].payload.toString()).toBe('rank 0 of 2 has left the run');
  });

  test('never get the forces of another step, and no rank but 0 sends atoms', async () => {
    const [zero, one] = ranks(2);
    zero.client.write(step({ step: 5, types: [1, 1, 1] }));
    one.client.write(empty(6));
    expect((await one.replies(2))[1].payload.toString()).toBe('rank 1 is at step 6, rank 0 at step 5');
    const [, other] = ranks(2);
    other.client.write(step({ step: 5, types: [1, 1, 1] }));
    expect((await other.replies(2))[1].payload.toString()).toBe('rank 1 sent atoms; only rank 0 does');
  });

  test('wait for rank 0 until the deadline', async () => {
    const [, one] = ranks(2, { messageTimeout: 0.2 });
    one.client.write(empty(5));
    expect((await one.replies(2))[1].payload.toString()).toBe('rank 0 sent no atoms for 0.2 s');
  });

  test('are kept apart from those of another run, which is refused when it cannot be told apart', async () => {
    const jobs = new StructureJobs();
    const [a0, a1] = ranks(2, { jobs });
    const [b0, b1] = ranks(2, { jobs }, echo, { job: 'b' });
    for (const [zero, one, natoms] of [
      [a0, a1, 3],
      [b0, b1, 2],
    ] as const) {
      zero.client.write(step({ step: 5, types: Array(natoms).fill(1), positions: positions.slice(0, 3 * natoms) }));
      one.client.write(empty(5));
    }
    expect((await a1.replies(2))[1].payload.readDoubleLE(0)).toBe(54);
    expect((await b1.replies(2))[1].payload.readDoubleLE(0)).toBe(36);
    const [again] = ranks(2, { jobs });
    expect((await again.replies(1))[0].payload.toString()).toMatch(/rank 0 of a run with 2 ranks is already connected/);
    for (const rank of [a0, a1]) rank.client.end();
    await Promise.all([a0.session, a1.session]);
    const [later] = ranks(2, { jobs });
    expect((await later.replies(1))[0].type).toBe(2);
  });

  test('are refused by a process that does not see them all', async () => {
    const [zero] = ranks(2, { jobs: new StructureJobs('one of several processes') });
    expect((await zero.replies(1))[0].payload.toString()).toMatch(/needs a server with --workers 1/);
  });
});

describe('a client with whole structures', () => {
  test('gets numbers in its own units, and the periodic directions it asked for', async () => {
    let seen: StructureInput | undefined;
    const metal = {
      ...echo,
      reduced: false,
      evaluateStructure(s: StructureInput) {
        seen = s;
        return echo.evaluateStructure(s);
      },
    };
    const [client] = ranks(1, {}, metal, { units: 'real' });
    client.client.write(step({ step: 1, types: [1, 1, 1], periodic: 5 }));
    const reply = (await client.replies(2))[1].payload;
    const { energy } = LAMMPS_UNITS['real'];
    expect(reply.readDoubleLE(0)).toBeCloseTo(54 / energy, 10);
    expect(reply.readDoubleLE(8)).toBeCloseTo(10 / energy, 10);
    expect(reply.readDoubleLE(64)).toBeCloseTo(1 / energy, 10);
    expect(seen?.pbc).toEqual([true, false, true]);
    expect(Array.from(seen?.cell ?? [])).toEqual(cell);
  });

  test('must know the token of a server that has one', async () => {
    const asked = (fields: object) => ranks(1, { token: 'a long enough word' }, echo, fields)[0].replies(1);
    expect((await asked({ token: 'a long enough word' }))[0].type).toBe(2);
    expect((await asked({ token: 'another' }))[0].payload.toString()).toMatch(
      /token of HELLO is not that of this server/,
    );
    expect((await asked({}))[0].payload.toString()).toMatch(/asks for a token and HELLO has none/);
  });
});
