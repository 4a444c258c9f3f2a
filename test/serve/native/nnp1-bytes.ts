// Messages of NNP1 written by hand after lammps-scripts/protocol.md, apart from the codec that they test.

export interface HeaderFields {
  readonly type: number;
  readonly flags?: number;
  readonly step?: number;
  readonly magic?: number;
  readonly version?: number;
  readonly reserved?: number;
  readonly length?: number | bigint;
}

export function message(header: HeaderFields, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = Buffer.alloc(32 + payload.length);
  frame.writeUInt32LE(header.magic ?? 0x31504e4e, 0);
  frame.writeUInt16LE(header.version ?? 1, 4);
  frame.writeUInt16LE(header.type, 6);
  frame.writeUInt32LE(header.flags ?? 0, 8);
  frame.writeUInt32LE(header.reserved ?? 0, 12);
  frame.writeBigUInt64LE(BigInt(header.length ?? payload.length), 16);
  frame.writeBigInt64LE(BigInt(header.step ?? 0), 24);
  frame.set(payload, 32);
  return Uint8Array.from(frame);
}

export function hello(fields: object = {}): Uint8Array {
  const json = { rank: 0, nranks: 1, units: 'lj', client: 'test', elements: ['Ar'], ...fields };
  return message({ type: 1 }, Buffer.from(JSON.stringify(json)));
}

export interface StepFields {
  readonly step?: number;
  readonly nlocal: number;
  readonly positions: readonly number[];
  /** With these the step has TYPES and NEIGH. */
  readonly types?: readonly number[];
  readonly lists?: readonly (readonly number[])[];
  readonly ilist?: readonly number[];
  readonly energies?: boolean;
  /** Asks for the forces of the members of a committee. */
  readonly members?: boolean;
}

export function step(s: StepFields): Uint8Array {
  const nall = s.positions.length / 3;
  const head = Buffer.alloc(88);
  const ints: Buffer[] = [];
  const section = (values: readonly number[]) => {
    const bytes = Buffer.alloc(8 * Math.ceil(values.length / 2));
    values.forEach((value, k) => void bytes.writeInt32LE(value, 4 * k));
    ints.push(bytes);
  };
  head.writeInt32LE(s.nlocal, 0);
  head.writeInt32LE(nall - s.nlocal, 4);
  let flags = (s.energies ? 4 : 0) | (s.members ? 16 : 0);
  if (s.lists && s.types) {
    flags |= s.ilist ? 11 : 3;
    head.writeInt32LE(s.lists.length, 8);
    head.writeInt32LE(s.lists.flat().length, 12);
    section(s.types);
    if (s.ilist) section(s.ilist);
    section(s.lists.map((list) => list.length));
    section(s.lists.flat());
  }
  const positions = Buffer.from(Float64Array.from(s.positions).buffer);
  return message({ type: 3, flags, step: s.step ?? 0 }, Buffer.concat([head, positions, ...ints]));
}

export function helloOk(cutoff: number, modelId: number, name: string, flags = 0): Uint8Array {
  return message({ type: 2, flags }, Buffer.concat([doubles([cutoff, modelId]), Buffer.from(name)]));
}

export function forces(fields: {
  step: number;
  head: readonly number[];
  forces: readonly number[];
  energies?: readonly number[];
  /** Forces of each member of a committee. */
  members?: readonly (readonly number[])[];
}) {
  const { energies, members } = fields;
  const values = [...fields.head, ...fields.forces, ...(energies ?? [])];
  if (members) values.push(members.length, ...members.flat());
  return message({ type: 4, step: fields.step, flags: (energies ? 4 : 0) | (members ? 16 : 0) }, doubles(values));
}

export const doubles = (values: readonly number[]) => Buffer.from(Float64Array.from(values).buffer);

/** Type, step and payload of every message in the bytes. */
export function parse(bytes: Uint8Array): { type: number; flags: number; step: number; payload: Buffer }[] {
  const all = Buffer.from(bytes);
  const found = [];
  for (let at = 0; at < all.length; ) {
    const length = Number(all.readBigUInt64LE(at + 16));
    const header = {
      type: all.readUInt16LE(at + 6),
      flags: all.readUInt32LE(at + 8),
      step: Number(all.readBigInt64LE(at + 24)),
    };
    found.push({ ...header, payload: Buffer.from(all.subarray(at + 32, at + 32 + length)) });
    at += 32 + length;
  }
  return found;
}
