import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { MissingDataError, UsageError } from '../core/errors.ts';
import type { InfoValue, PerAtom } from '../core/frame.ts';
import type { Labelled } from './labeller.ts';

const SCHEMA = 'nnp-bridge-label/1';

type Column = { readonly columns: number; readonly data: readonly number[] };
interface Entry {
  readonly id: string;
  readonly energy?: number;
  readonly energySigma0?: number;
  readonly forces?: readonly number[];
  readonly virial?: readonly number[];
  readonly converged?: boolean;
  readonly info?: Record<string, InfoValue>;
  readonly arrays?: Record<string, Column>;
}

/** Labels on disk beside the output that is not yet there, one JSON line a frame: an interrupted run loses only what was being worked on. */
export class LabelJournal {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #known: Map<string, Labelled>;

  private constructor(path: string, file: FileHandle, known: Map<string, Labelled>) {
    this.path = path;
    this.#file = file;
    this.#known = known;
  }

  /**
   * Opens `path` anew, or with what an interrupted run left there. `identity` is what the labels depend on beside the frames. Throws
   * UsageError when labels are there and are not to be resumed, MissingDataError when there are none, or others.
   */
  static async open(path: string, identity: string, resume: boolean): Promise<LabelJournal> {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (resume && text === undefined)
      throw new MissingDataError(`${path}: nothing to resume`, 'leave out --resume to begin anew');
    const known = text === undefined ? new Map<string, Labelled>() : read(text, path, resume ? identity : undefined);
    if (!resume && known.size > 0)
      throw new UsageError(
        `${path} holds ${known.size} labels of an interrupted run: go on with --resume, or remove that file to begin anew`,
      );
    const file = await open(path, resume ? 'a' : 'w');
    // A line that was cut off by a crash must not run into the next one.
    await file.write(resume ? '\n' : `${JSON.stringify({ schema: SCHEMA, identity })}\n`);
    return new LabelJournal(path, file, known);
  }

  find(id: string): Labelled | undefined {
    return this.#known.get(id);
  }

  /** The label is on disk when it resolves. */
  async add(id: string, { labels, info, arrays }: Labelled): Promise<void> {
    const { forces, virial, ...scalars } = labels;
    const entry: Entry = {
      id,
      ...scalars,
      ...(forces && { forces: [...forces] }),
      ...(virial && { virial: [...virial] }),
      ...(info && { info }),
      ...(arrays && { arrays: numbersOf(arrays) }),
    };
    await this.#file.write(`${JSON.stringify(entry)}\n`);
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The output is complete: nothing is left to resume. */
  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.path, { force: true });
  }
}

function numbersOf(arrays: Readonly<Record<string, PerAtom>>): Record<string, Column> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { columns, data }]) => [name, { columns, data: Array.from(data, Number) }]),
  );
}

/** Finished labels by frame; without `identity` only their number is of interest. */
function read(text: string, path: string, identity: string | undefined): Map<string, Labelled> {
  const [head, ...lines] = text.split('\n');
  const first = parsed(head) as { schema?: unknown; identity?: unknown } | undefined;
  if (identity !== undefined && (first?.schema !== SCHEMA || first.identity !== identity))
    throw new MissingDataError(
      `${path}: its labels were made in another way`,
      'give the same labeller, or leave out --resume and remove that file to begin anew',
    );
  const known = new Map<string, Labelled>();
  for (const line of lines) {
    const entry = parsed(line) as Entry | undefined;
    if (typeof entry?.id !== 'string') continue; // cut off by a crash: it is made again
    known.set(entry.id, labelledOf(entry));
  }
  return known;
}

function labelledOf({ id: _, forces, virial, info, arrays, ...scalars }: Entry): Labelled {
  return {
    labels: {
      ...scalars,
      ...(forces && { forces: Float64Array.from(forces) }),
      ...(virial && { virial: Float64Array.from(virial) }),
    },
    ...(info && { info }),
    ...(arrays && {
      arrays: Object.fromEntries(
        Object.entries(arrays).map(([name, { columns, data }]) => [name, { columns, data: Float64Array.from(data) }]),
      ),
    }),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
