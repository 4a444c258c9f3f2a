import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Frame } from '../../core/frame.ts';
import { stepOf } from '../step-of.ts';
import { appendModelDevi } from './model-devi-file.ts';
import type { Verdict } from './verdict.ts';

/** Writes what a committee said of each frame, one `model_devi.out` for each file of a watched folder: `run1/md.dump.model_devi.out`. */
export class DeviationLog {
  readonly #folder: string;
  readonly #watched: string;
  readonly #made = new Set<string>();

  /** `folder` gets the files, under the names that their sources have in `watched`. */
  constructor(folder: string, watched: string) {
    this.#folder = folder;
    this.#watched = watched;
  }

  /** The step is that of the file, else the place of the frame in it. */
  async add(frame: Frame, { deviation }: Verdict): Promise<void> {
    if (!deviation) return;
    const { path = 'frames', frame: index = 0 } = frame.origin ?? {};
    const name = relative(this.#watched, path);
    const file = join(this.#folder, `${name.startsWith('..') ? 'frames' : name}.model_devi.out`);
    if (!this.#made.has(dirname(file))) {
      await mkdir(dirname(file), { recursive: true });
      this.#made.add(dirname(file));
    }
    await appendModelDevi(file, [{ step: stepOf(frame) ?? index, deviation }]);
  }
}
