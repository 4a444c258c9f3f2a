import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FormatError, MissingDataError, TruncatedError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { readBytes } from '../../src/scan/byte-source.ts';
import type { ReadOptions } from '../format.ts';

type ReadOne = (source: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncGenerator<Frame, void>;

/** A file of a set: the numbers that stand for `*` (time step) and `%` (process). */
interface Member {
  readonly path: string;
  readonly step: bigint;
  readonly part: number;
}

/**
 * Frames of the files that a LAMMPS file name stands for (manual page "dump"): `*` is the time step, one file a step, in order
 * of the number; `%` is the process, whose parts of a step are put together in order of the number. Other paths are one file.
 */
export async function* readSet(path: string, options: ReadOptions, readOne: ReadOne): AsyncGenerator<Frame, void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory())
    throw new MissingDataError(`${path} is a folder`, `name its files, as in "${join(path, 'dump.*')}"`);
  if (found || !/[*%]/.test(basename(path))) {
    yield* readOne(readBytes(path), { ...options, path });
    return;
  }
  const members = await membersOf(path);
  for (const step of groupBy(members, (member) => member.step)) {
    const parts = step.map((member) => readOne(readBytes(member.path), { ...options, path: member.path }));
    try {
      yield* mergeParts(step, parts);
    } catch (error) {
      if (options.strict || !(error instanceof TruncatedError)) throw error;
      options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.found, at: error.at });
    }
  }
}

async function membersOf(path: string): Promise<Member[]> {
  const folder = dirname(path);
  const groups: string[] = [];
  const source = basename(path).replace(/[.*+?^${}()|[\]\\%]/g, (sign) => {
    if (sign !== '*' && sign !== '%') return `\\${sign}`;
    groups.push(sign);
    return '(\\d+)';
  });
  const pattern = new RegExp(`^${source}$`);
  const members = (await readdir(folder)).flatMap((name): Member[] => {
    const found = pattern.exec(name);
    if (!found) return [];
    const number = (sign: string) => found[groups.indexOf(sign) + 1];
    const step = groups.includes('*') ? BigInt(number('*')) : 0n;
    return [{ path: join(folder, name), step, part: groups.includes('%') ? Number(number('%')) : 0 }];
  });
  if (members.length === 0)
    throw new MissingDataError(`no file fits ${path}`, '* stands for the time step, % for the process');
  return members.sort((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : a.part - b.part));
}

function groupBy(members: readonly Member[], key: (member: Member) => bigint): Member[][] {
  const groups: Member[][] = [];
  for (const member of members) {
    const last = groups.at(-1);
    if (last && key(last[0]) === key(member)) last.push(member);
    else groups.push([member]);
  }
  return groups;
}

/** One frame of each part at a time; all parts must have the same steps, boxes and columns. */
async function* mergeParts(
  members: readonly Member[],
  parts: readonly AsyncGenerator<Frame, void>[],
): AsyncGenerator<Frame, void> {
  try {
    for (let frame = 0; ; frame++) {
      const next: (Frame | undefined)[] = [];
      for (const part of parts) next.push((await part.next()).value ?? undefined);
      const first = next.findIndex((f) => f !== undefined);
      if (first < 0) return;
      const missing = next.indexOf(undefined);
      const step = String(next[first]?.info['timestep'] ?? frame);
      if (missing >= 0)
        throw new TruncatedError(
          'file set',
          { path: members[missing].path, frame },
          `expected the atoms of time step ${step} that ${members[first].path} has, found the end of the file`,
        );
      yield next.length === 1 ? (next[0] as Frame) : mergeFrames(next as Frame[]);
    }
  } finally {
    for (const part of parts) await part.return();
  }
}

/** The atoms of all parts in one frame. */
function mergeFrames(frames: readonly Frame[]): Frame {
  const [first] = frames;
  for (const frame of frames) checkSame(first, frame);
  const join = (pick: (f: Frame) => Float64Array | undefined) => {
    const pieces = frames.map(pick);
    return pieces[0] && (concat(pieces as Float64Array[]) as Float64Array);
  };
  const [velocities, masses, charges, forces] = [
    join((f) => f.velocities),
    join((f) => f.masses),
    join((f) => f.charges),
    join((f) => f.labels?.forces),
  ];
  const arrays = Object.fromEntries(
    Object.entries(first.arrays).map(([name, { columns }]): [string, PerAtom] => [
      name,
      { columns, data: concat(frames.map((f) => f.arrays[name].data)) },
    ]),
  );
  return {
    ...first,
    natoms: frames.reduce((sum, f) => sum + f.natoms, 0),
    numbers: concat(frames.map((f) => f.numbers)) as Uint8Array,
    positions: concat(frames.map((f) => f.positions)) as Float64Array,
    ...(velocities && { velocities }),
    ...(masses && { masses }),
    ...(charges && { charges }),
    ...(forces && { labels: { forces } }),
    arrays,
  };
}

function checkSame(first: Frame, frame: Frame): void {
  const of = (f: Frame) => `${f.info['timestep']} in a box of ${f.cell?.join(' ')} with ${shape(f)}`;
  if (of(first) === of(frame)) return;
  throw new FormatError(
    'file set',
    frame.origin ?? { path: '' },
    `expected a part of step ${of(first)} as in ${first.origin?.path}, found step ${of(frame)}`,
  );
}

function shape(f: Frame): string {
  const names = Object.keys(f.arrays).join(' ');
  return `${names}${f.velocities ? ' v' : ''}${f.labels?.forces ? ' f' : ''}${f.charges ? ' q' : ''}${f.masses ? ' mass' : ''}`;
}

type Data = PerAtom['data'];

/** Pieces of one kind one after another; where 32-bit and 64-bit integers meet, 64-bit. */
function concat(pieces: readonly Data[]): Data {
  if (pieces.every((piece) => Array.isArray(piece))) return pieces.flat() as string[];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (pieces.some((piece) => piece instanceof BigInt64Array)) {
    const out = new BigInt64Array(length);
    fill(pieces, (value, k) => {
      out[k] = BigInt(value);
    });
    return out;
  }
  const same = pieces.every((piece) => piece.constructor === pieces[0].constructor);
  const out = same
    ? new (pieces[0].constructor as Float64ArrayConstructor)(length)
    : (new Float64Array(length) as Float64Array);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece as Float64Array, at);
    at += piece.length;
  }
  return out;
}

function fill(pieces: readonly Data[], set: (value: string | number | bigint, k: number) => void): void {
  let k = 0;
  for (const piece of pieces) for (const value of piece) set(value, k++);
}
