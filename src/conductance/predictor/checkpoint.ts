import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import type { Epoch, MemberState } from './train-member.ts';

interface Header {
  readonly steps: number;
  readonly best: { readonly epoch: number; readonly error: number | null };
  readonly epochs: readonly Epoch[];
  readonly lengths: readonly number[];
}

/** States of the networks of an interrupted training, in a folder beside the output. */
export class TrainingCheckpoint {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Opens the folder for a training that is told from others by `identity`; without `resume` what is there is thrown away. Throws
   * UsageError for the states of another training.
   */
  static async open(folder: string, identity: string, resume: boolean): Promise<TrainingCheckpoint> {
    const path = join(folder, 'training');
    const hash = createHash('sha256').update(identity).digest('hex');
    const found = resume ? await readFile(path, 'utf8').catch(() => undefined) : undefined;
    if (found !== undefined && found !== hash)
      throw new UsageError(`${folder} is of a training with other data or settings: leave out --resume to start again`);
    if (found === undefined) await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(path, hash);
    return new TrainingCheckpoint(folder);
  }

  /** undefined where there is none, or a damaged one. */
  async read(name: string): Promise<MemberState | undefined> {
    const bytes = await readFile(join(this.#folder, name)).catch(() => undefined);
    const end = bytes?.indexOf(10) ?? -1;
    if (!bytes || end < 0) return undefined;
    const { steps, best, epochs, lengths } = JSON.parse(bytes.toString('utf8', 0, end)) as Header;
    let at = end + 1;
    if (bytes.length !== at + 16 * lengths.reduce((sum, n) => sum + n, 0)) return undefined;
    const [parameters, first, second, kept] = [0, 1, 2, 3].map(() =>
      lengths.map((length) => {
        const out = new Float32Array(length);
        for (let k = 0; k < length; k++, at += 4) out[k] = bytes.readFloatLE(at);
        return out;
      }),
    );
    return {
      parameters,
      first,
      second,
      steps,
      best: { epoch: best.epoch, error: best.error ?? Number.NaN, parameters: kept },
      epochs: epochs.map((e) => ({ ...e, validation: e.validation ?? Number.NaN })),
    };
  }

  async write(name: string, state: MemberState): Promise<void> {
    const { parameters, first, second, steps, best, epochs } = state;
    const lengths = parameters.map((p) => p.length);
    const header: Header = { steps, best: { epoch: best.epoch, error: best.error }, epochs, lengths };
    const arrays = [parameters, first, second, best.parameters].flat();
    const body = Buffer.alloc(4 * arrays.reduce((sum, a) => sum + a.length, 0));
    let to = 0;
    for (const array of arrays) for (const value of array) to = body.writeFloatLE(value, to);
    await writeBytes(
      join(this.#folder, name),
      (async function* () {
        yield `${JSON.stringify(header)}\n`;
        yield body;
      })(),
    );
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
