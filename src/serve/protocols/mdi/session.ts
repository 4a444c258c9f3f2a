import type { Duplex } from 'node:stream';
import type { DiagnosticSink } from '../../../core/diagnostic.ts';
import { ProtocolError } from '../../../core/errors.ts';
import type { Evaluator, StructureInput } from '../../evaluator.ts';
import { MessageStream } from '../../transport/message-stream.ts';
import type { Decoder } from '../decoder.ts';
import { refuseReduced } from '../structure-answer.ts';
import {
  type Agreement,
  command,
  doubles,
  driverLengths,
  driverVersion,
  encodeDoubles,
  encodeFailure,
  encodeIntegers,
  encodeLengths,
  encodeList,
  encodeText,
  encodeVersion,
  integers,
  negotiatesLengths,
  OLD_AGREEMENT,
  VERSION,
} from './codec.ts';
import { MdiStructure } from './structure.ts';

export interface MdiOptions {
  /** How errors name the driver. */
  readonly peer: string;
  /** Name of this engine, as the driver's input asks for it. */
  readonly name: string;
  /** Elements of the atoms, for a driver that does not send them. */
  readonly template?: Pick<StructureInput, 'numbers'>;
  /** Seconds: for the handshake, for the rest of a message that began, for a reply to be taken; between commands (0 = for ever). */
  readonly messageTimeout: number;
  readonly idleTimeout: number;
  readonly onDiagnostic: DiagnosticSink;
}

/** The only node of this engine. */
const NODE = '@DEFAULT';
const COMMANDS = [
  '<ENERGY',
  '<FORCES',
  '<NATOMS',
  '<STRESS',
  '>CELL',
  '>CELL_DISPL',
  '>COORDS',
  '>ELEMENTS',
  '>NATOMS',
  '>TYPES',
  'EXIT',
];

/**
 * Is the engine of one MDI driver (LAMMPS `fix mdi/qm` and others) until it sends EXIT or closes between two commands, or `signal` is
 * aborted; gives the number of evaluations. On any failure the driver receives an error flag, and the promise rejects with
 * ProtocolError or the evaluator's error.
 */
export async function runMdi(
  stream: Duplex,
  evaluator: Evaluator,
  options: MdiOptions,
  signal: AbortSignal,
): Promise<number> {
  const messages = new MessageStream(stream, options.peer, signal);
  try {
    refuseReduced(evaluator, 'MDI');
    const session = new MdiSession(messages, evaluator, options);
    return await session.run();
  } catch (error) {
    if (messages.open) await messages.send(encodeFailure(), 1).catch(() => {}); // the first error counts
    throw error;
  } finally {
    messages.close();
  }
}

class MdiSession {
  readonly #messages: MessageStream;
  readonly #options: MdiOptions;
  readonly #structure: MdiStructure;
  #agreement: Agreement = OLD_AGREEMENT;

  constructor(messages: MessageStream, evaluator: Evaluator, options: MdiOptions) {
    this.#messages = messages;
    this.#options = options;
    this.#structure = new MdiStructure(evaluator, options.template?.numbers);
  }

  async run(): Promise<number> {
    const { idleTimeout: first, messageTimeout: rest } = this.#options;
    if (!(await this.#shakeHands())) return 0;
    for (;;) {
      const word = await this.#messages.receive(command(this.#agreement), { expected: 'command', first, rest });
      if (word === undefined) {
        const message = `${this.#messages.peer} closed the connection without EXIT`;
        this.#options.onDiagnostic({ severity: 'warning', code: 'no-exit', message });
      }
      if (word === undefined || word === 'EXIT') return this.#structure.evaluations;
      await this.#obey(word);
    }
  }

  /** False when the driver is gone before it began. */
  async #shakeHands(): Promise<boolean> {
    const wait = { first: this.#options.messageTimeout, rest: this.#options.messageTimeout };
    await this.#send(encodeVersion());
    const version = await this.#messages.receive(driverVersion(), { expected: 'version', ...wait });
    if (!version) return false;
    if (!negotiatesLengths(version)) return true;
    await this.#send(encodeLengths());
    const agreement = await this.#messages.receive(driverLengths(), { expected: 'lengths of names', ...wait });
    if (!agreement) return false;
    this.#agreement = agreement;
    return true;
  }

  async #obey(word: string): Promise<void> {
    const structure = this.#structure;
    switch (word) {
      case '>NATOMS':
        return structure.setNatoms((await this.#receive(integers(1, word), word))[0]);
      case '>CELL':
        return structure.setCell(await this.#receive(doubles(9, word), word));
      case '>CELL_DISPL':
        return void (await this.#receive(doubles(3, word), word)); // the origin of the cell has no part in the energy
      case '>COORDS':
        return structure.setPositions(await this.#receive(doubles(3 * structure.natoms, word), word));
      case '>ELEMENTS':
        return structure.setElements(await this.#receive(integers(structure.natoms, word), word));
      case '>TYPES':
        return void (await this.#receive(integers(structure.natoms, word), word)); // numbers that mean nothing here
      case '<NATOMS':
        return this.#send(encodeIntegers([structure.natoms]));
      case '<ENERGY':
        return this.#send(encodeDoubles(await structure.energy()));
      case '<FORCES':
        return this.#send(encodeDoubles(await structure.forces()));
      case '<STRESS':
        return this.#send(encodeDoubles(await structure.stress()));
      default:
        return this.#introduce(word);
    }
  }

  /** What a driver asks about the engine itself. */
  #introduce(word: string): Promise<void> {
    const { nameBytes, commandBytes } = this.#agreement;
    switch (word) {
      case '<NAME':
        return this.#send(encodeText(this.#options.name, nameBytes));
      case '<VERSION':
        return this.#send(encodeIntegers(VERSION));
      case '<@':
        return this.#send(encodeText(NODE, commandBytes));
      case NODE:
        return Promise.resolve();
      case '<NNODES':
        return this.#send(encodeIntegers([1]));
      case '<NODES':
        return this.#send(encodeList([[NODE, ',']], commandBytes));
      case '<NCOMMANDS':
        return this.#send(encodeIntegers([COMMANDS.length]));
      case '<COMMANDS': {
        const last = COMMANDS.length - 1;
        const list = COMMANDS.map((name, k) => [name, k === last ? ';' : ','] as const);
        return this.#send(encodeList([[NODE, ','], ...list], commandBytes));
      }
      case '<NCALLBACKS':
        return this.#send(encodeIntegers([0]));
      case '<CALLBACKS':
        return this.#send(encodeList([[NODE, ';']], commandBytes));
      default:
        throw new ProtocolError(`${this.#messages.peer}: this engine has no command "${word}"`);
    }
  }

  /** What follows a `>` command. */
  async #receive<T>(decoder: Decoder<T>, expected: string): Promise<T> {
    const seconds = this.#options.messageTimeout;
    const value = await this.#messages.receive(decoder, { expected, first: seconds, rest: seconds });
    if (value !== undefined) return value;
    throw new ProtocolError(`${this.#messages.peer}: it closed the connection after ${expected}`);
  }

  #send(bytes: Uint8Array): Promise<void> {
    return this.#messages.send(bytes, this.#options.messageTimeout);
  }
}
