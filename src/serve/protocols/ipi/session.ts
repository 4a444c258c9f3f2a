import type { Duplex } from 'node:stream';
import type { DiagnosticSink } from '../../../core/diagnostic.ts';
import { ProtocolError } from '../../../core/errors.ts';
import { BOHR, HARTREE } from '../../../core/units.ts';
import type { Evaluator, StructureInput } from '../../evaluator.ts';
import { MessageStream } from '../../transport/message-stream.ts';
import { firstNotFinite } from '../finite.ts';
import { type Answerer, answerer, checkSpecies, refuseReduced } from '../structure-answer.ts';
import { driverMessage, encodeForces, encodeWord, type Posdata, type Status } from './codec.ts';

/** The order of the atoms and the periodic directions: i-PI sends neither. */
type Template = Pick<StructureInput, 'numbers' | 'pbc'>;

export interface IpiOptions {
  /** How errors name the driver. */
  readonly peer: string;
  readonly template: Template;
  /** Seconds: for the rest of a message that began and for a reply to be taken; between messages (0 = for ever). */
  readonly messageTimeout: number;
  readonly idleTimeout: number;
  readonly onDiagnostic: DiagnosticSink;
}

/**
 * Is the force code of one i-PI driver (i-PI, ASE's SocketIOCalculator) until it sends EXIT or closes between two messages, or
 * `signal` is aborted; gives the number of evaluations. i-PI has no message for errors: on any failure the connection is closed and
 * the promise rejects with ProtocolError or the evaluator's error.
 */
export async function runIpi(
  stream: Duplex,
  evaluator: Evaluator,
  options: IpiOptions,
  signal: AbortSignal,
): Promise<number> {
  const messages = new MessageStream(stream, options.peer, signal);
  try {
    refuseReduced(evaluator, 'i-PI');
    checkSpecies(options.template.numbers, evaluator);
    return await new IpiSession(messages, evaluator, options).run();
  } finally {
    messages.close();
  }
}

class IpiSession {
  readonly #messages: MessageStream;
  readonly #evaluate: Answerer;
  readonly #options: IpiOptions;
  #state: Status = 'NEEDINIT';
  #reply: Uint8Array | undefined;
  #evaluations = 0;
  #warned = false;

  constructor(messages: MessageStream, evaluator: Evaluator, options: IpiOptions) {
    this.#messages = messages;
    this.#evaluate = answerer(evaluator);
    this.#options = options;
  }

  async run(): Promise<number> {
    const { template, messageTimeout: rest, idleTimeout: first } = this.#options;
    for (;;) {
      const wait = { expected: 'message', first, rest };
      const message = await this.#messages.receive(driverMessage(template.numbers.length), wait);
      if (!message || message.kind === 'EXIT') return this.#evaluations;
      if (message.kind === 'STATUS') await this.#messages.send(encodeWord(this.#state), rest);
      else if (message.kind === 'INIT') this.#init(message.text);
      else if (message.kind === 'POSDATA') await this.#work(message);
      else await this.#sendForces();
    }
  }

  /** i-PI 3.3 says here when it will send several structures at once, in another layout. */
  #init(text: string): void {
    const batch = /batch_size\W{1,5}(\d+)/.exec(text);
    if (batch && Number(batch[1]) > 1) {
      throw this.#error(`i-PI wants batches of ${batch[1]} structures; set batch_size to 1 in its <ffsocket>`);
    }
    if (this.#state === 'NEEDINIT') this.#state = 'READY';
  }

  /** Drivers ask STATUS until it is HAVEDATA, and take it for a sign of life: the work is done here, before the next STATUS. */
  async #work(posdata: Posdata): Promise<void> {
    const result = await this.#evaluate(this.#structure(posdata));
    this.#reply = encodeForces({
      energy: result.energy / HARTREE,
      forces: result.forces.map((f) => (f * BOHR) / HARTREE),
      virial: result.virial.map((v) => v / HARTREE),
    });
    this.#state = 'HAVEDATA';
    this.#evaluations++;
  }

  #structure({ cell, positions }: Posdata): StructureInput {
    const { numbers, pbc } = this.#options.template;
    const bad = firstNotFinite(positions);
    if (bad >= 0) throw this.#error(`POSDATA has a position that is not finite, of atom ${Math.floor(bad / 3) + 1}`);
    if (firstNotFinite(cell) >= 0) throw this.#error('POSDATA has a cell that is not finite');
    const open = !pbc.some(Boolean);
    if (open && !this.#warned && cell.some((x) => x !== 0)) {
      this.#warned = true;
      const message = 'the driver sends a cell, but the template is not periodic: atoms are evaluated without images';
      this.#options.onDiagnostic({ severity: 'warning', code: 'open-template', message });
    }
    return {
      numbers,
      pbc,
      cell: open ? null : cell.map((x) => x * BOHR),
      positions: positions.map((x) => x * BOHR),
    };
  }

  async #sendForces(): Promise<void> {
    if (!this.#reply) throw this.#error('GETFORCE came without POSDATA before it');
    const reply = this.#reply;
    this.#reply = undefined;
    this.#state = 'READY';
    await this.#messages.send(reply, this.#options.messageTimeout);
  }

  #error(text: string): ProtocolError {
    return new ProtocolError(`${this.#messages.peer}: ${text}`);
  }
}
