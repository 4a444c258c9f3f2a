import { LabelError, ProgramError } from '../core/errors.ts';
import type { Frame, InfoValue, Labels } from '../core/frame.ts';
import type { Labelled, Labeller } from './labeller.ts';
import { place } from './lammps-box.ts';
import { LammpsLabeller, type LammpsLabelling } from './lammps-labeller.ts';
import { whereIs } from './template/description.ts';

/** A potential of LAMMPS as labeller: up to `cores` processes, each used again for frames of the same atoms. */
export class LammpsPool implements Labeller {
  readonly provenance: Readonly<Record<string, InfoValue>>;
  readonly concurrency: number;
  readonly #options: LammpsLabelling;
  /** Processes that wait for work, with the atoms they were started for. */
  readonly #idle: { readonly atoms: string; readonly lammps: LammpsLabeller }[] = [];
  #worked = false;

  private constructor(options: LammpsLabelling, cores: number) {
    this.#options = options;
    this.concurrency = Math.max(1, cores);
    this.provenance = { labeller: 'lammps', label_lammps: options.lmp, label_input: options.input };
  }

  /** Throws ProgramError when LAMMPS is not there. */
  static open(options: LammpsLabelling, cores: number): LammpsPool {
    if (!whereIs(options.lmp))
      throw new ProgramError(`LAMMPS (${options.lmp}) cannot be started: there is no such program`);
    return new LammpsPool(options, cores);
  }

  async label(frame: Frame, signal: AbortSignal): Promise<Labelled> {
    signal.throwIfAborted();
    const atoms = `${frame.numbers.join(' ')} ${frame.pbc.join(' ')}`;
    const lammps = await this.#take(atoms, frame);
    const stop = () => lammps.kill();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const labels = await lammps.label(frame);
      checkFinite(labels, frame, this.#options.lmp);
      this.#worked = true;
      this.#idle.push({ atoms, lammps });
      return { labels };
    } catch (error) {
      lammps.kill();
      signal.throwIfAborted();
      throw error instanceof ProgramError ? this.#failure(error) : error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ lammps }) => lammps.end()));
  }

  async #take(atoms: string, frame: Frame): Promise<LammpsLabeller> {
    const at = this.#idle.findIndex((one) => one.atoms === atoms);
    if (at >= 0) return this.#idle.splice(at, 1)[0].lammps;
    await this.#idle.pop()?.lammps.end(); // of other atoms
    return LammpsLabeller.start(frame, this.#options).catch((error: unknown) => {
      throw error instanceof ProgramError ? this.#failure(error) : error;
    });
  }

  /** Before anything has worked, the fault may lie with the input file and so concerns all frames. */
  #failure(error: ProgramError): Error {
    return this.#worked ? new LabelError(error.message, '', { cause: error }) : error;
  }
}

function checkFinite({ energy, forces, virial }: Labels, frame: Frame, lmp: string): void {
  if ([energy ?? Number.NaN, ...(forces ?? []), ...(virial ?? [])].every(Number.isFinite)) return;
  throw new LabelError(`${place(frame)}LAMMPS (${lmp}): the energy, a force or the virial is not finite`);
}
