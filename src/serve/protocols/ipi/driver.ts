import type { Duplex } from 'node:stream';
import { inverse } from '../../../core/cell.ts';
import { ProtocolError } from '../../../core/errors.ts';
import { MessageStream } from '../../transport/message-stream.ts';
import type { Decoder } from '../decoder.ts';
import { firstNotFinite } from '../finite.ts';
import { encodePosdata, encodeWord, type Forces, forceAnswer, statusAnswer } from './codec.ts';

export interface DriverOptions {
  /** How errors name the force code. */
  readonly peer: string;
  readonly natoms: number;
  /** The bohr (Å) and hartree (eV) of the force code: LAMMPS has its own. */
  readonly bohr: number;
  readonly hartree: number;
  /** Seconds for an evaluation, and for any other message. */
  readonly computeTimeout: number;
  readonly messageTimeout: number;
}

/** The other side of i-PI: drives a force code (LAMMPS `fix ipi`) from structure to structure of the same atoms. */
export class IpiDriver {
  readonly #messages: MessageStream;
  readonly #options: DriverOptions;

  constructor(stream: Duplex, options: DriverOptions, signal: AbortSignal) {
    this.#messages = new MessageStream(stream, options.peer, signal);
    this.#options = options;
  }

  /**
   * Energy (eV), forces (eV/Å; (n,3)) and virial (eV; (3,3)) of atoms at `positions` (Å) in `cell` (Å; rows). Throws ProtocolError
   * when the force code breaks the protocol, closes, is late, or gives a number that is not finite.
   */
  async evaluate(cell: Float64Array, positions: Float64Array): Promise<Forces> {
    const { bohr, hartree, natoms, computeTimeout } = this.#options;
    await this.#expectStatus('READY');
    const wireCell = cell.map((x) => x / bohr);
    await this.#send(
      encodePosdata(
        wireCell,
        inverse(wireCell),
        positions.map((x) => x / bohr),
      ),
    );
    await this.#expectStatus('HAVEDATA', computeTimeout);
    await this.#send(encodeWord('GETFORCE'));
    const answer = await this.#receive(forceAnswer(natoms), 'FORCEREADY', computeTimeout);
    const scaled = {
      energy: answer.energy * hartree,
      forces: answer.forces.map((f) => (f * hartree) / bohr),
      virial: symmetric(answer.virial).map((v) => v * hartree),
    };
    if (!Number.isFinite(scaled.energy)) throw this.#error('it gave an energy that is not finite');
    const bad = firstNotFinite(scaled.forces);
    if (bad >= 0) throw this.#error(`it gave a force on atom ${Math.floor(bad / 3) + 1} that is not finite`);
    if (firstNotFinite(scaled.virial) >= 0) throw this.#error('it gave a virial that is not finite');
    return scaled;
  }

  /** Says EXIT and closes. */
  async end(): Promise<void> {
    await this.#send(encodeWord('EXIT')).catch(() => {}); // a force code that is gone has ended, too
    this.#messages.close();
  }

  async #expectStatus(expected: 'READY' | 'HAVEDATA', seconds = this.#options.messageTimeout): Promise<void> {
    await this.#send(encodeWord('STATUS'));
    const status = await this.#receive(statusAnswer(), 'answer to STATUS', seconds);
    if (status !== expected) throw this.#error(`expected ${expected}, it is ${status}`);
  }

  async #receive<T>(decoder: Decoder<T>, expected: string, first: number): Promise<T> {
    const { messageTimeout: rest } = this.#options;
    const value = await this.#messages.receive(decoder, { expected, first, rest });
    if (value === undefined) throw this.#error('it closed the connection');
    return value;
  }

  #send(bytes: Uint8Array): Promise<void> {
    return this.#messages.send(bytes, this.#options.messageTimeout);
  }

  #error(text: string): ProtocolError {
    return new ProtocolError(`${this.#messages.peer}: ${text}`);
  }
}

/** LAMMPS fills only the upper triangle and leaves zeros in the lower one; others send both. */
function symmetric(virial: Float64Array): Float64Array {
  const out = Float64Array.from(virial);
  for (const [upper, lower] of [
    [1, 3],
    [2, 6],
    [5, 7],
  ]) {
    const half = virial[lower] === 0 ? virial[upper] : (virial[upper] + virial[lower]) / 2;
    out[upper] = half;
    out[lower] = half;
  }
  return out;
}
