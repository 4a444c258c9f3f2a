import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FormatError } from '../core/errors.ts';

const FORMAT = 'train checkpoint';
const MAGIC = 'nnp-bridge checkpoint 1\n';
const MAX_HEADER = 64 << 20;

/** Named arrays and a plain record, stored exactly. */
export interface Checkpoint<T> {
  readonly record: T;
  readonly arrays: Readonly<Record<string, Float64Array>>;
}

interface Header<T> {
  readonly record: T;
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
  /** Of the numbers that follow. */
  readonly sha256: string;
}

/** Writes a temporary file, makes it durable, and puts it in place of `path` in one step. Little-endian doubles. */
export async function writeCheckpoint<T>(path: string, { record, arrays }: Checkpoint<T>): Promise<void> {
  const hash = createHash('sha256');
  const parts = Object.entries(arrays).map(([name, values]) => {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    hash.update(bytes);
    return { name, length: values.length, bytes };
  });
  const header: Header<T> = {
    record,
    arrays: parts.map(({ name, length }) => ({ name, length })),
    sha256: hash.digest('hex'),
  };
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(MAGIC);
    await file.writeFile(text);
    for (const { bytes } of parts) await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads what `writeCheckpoint` wrote. Throws FormatError when it is something else, cut off or damaged. */
export async function readCheckpoint<T>(path: string): Promise<Checkpoint<T>> {
  const bytes = await readFile(path);
  const fail = (message: string) => new FormatError(FORMAT, { path }, message);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw fail(`expected the first line "${MAGIC.trim()}"`);
  const end = bytes.indexOf(10, MAGIC.length);
  if (end === -1 || end > MAX_HEADER) throw fail('expected a header line, found none');
  let header: Header<T>;
  try {
    header = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Header<T>;
  } catch (error) {
    throw fail(`expected a JSON header, found: ${(error as Error).message}`);
  }
  const need = header.arrays.reduce((sum, { length }) => sum + 8 * length, 0);
  const body = bytes.subarray(end + 1);
  if (body.length !== need) throw fail(`expected ${need} bytes of numbers, found ${body.length}`);
  if (createHash('sha256').update(body).digest('hex') !== header.sha256)
    throw fail('the numbers do not fit their checksum: the file is damaged');
  const arrays: Record<string, Float64Array> = {};
  let at = 0;
  for (const { name, length } of header.arrays) {
    const values = new Float64Array(length);
    Buffer.from(values.buffer).set(body.subarray(at, at + 8 * length));
    arrays[name] = values;
    at += 8 * length;
  }
  return { record: header.record, arrays };
}
