import type { Socket } from 'node:net';
import { openFrames } from '../convert/open.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { symbolOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { loadEvaluator, type PotentialSource } from './load-evaluator.ts';
import { runIpi } from './protocols/ipi/session.ts';
import { runMdi } from './protocols/mdi/session.ts';
import { type Address, formatAddress } from './transport/address.ts';
import { connect } from './transport/connect.ts';

/** A program that listens (i-PI, ASE, an MDI driver) and the potential that shall be its force code. */
export interface Attachment {
  readonly source: PotentialSource;
  readonly address: Address;
  /** File whose first frame has the order of the atoms and the periodic directions. */
  readonly template?: string;
  /** Seconds: until the program must listen, between two messages (0 = for ever), for a message that began. */
  readonly wait: number;
  readonly idleTimeout: number;
  readonly messageTimeout: number;
  readonly onDiagnostic: DiagnosticSink;
  /** Called when the connection stands. */
  readonly onConnected: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Loads the potential, connects to i-PI or ASE and computes for it until it says EXIT or closes; gives the number of evaluations.
 * Errors: those of potential and template, ProtocolError of connection and session.
 */
export async function attachToIpi(request: Attachment & { readonly template: string }): Promise<number> {
  const { address, signal, idleTimeout, messageTimeout, onDiagnostic } = request;
  const evaluator = await loadEvaluator(request.source, onDiagnostic);
  const template = await readTemplate(request.template, onDiagnostic);
  const socket = await connected(request, `${template.natoms} atoms ${formula(template)}, ${periodicity(template)}`);
  const peer = `i-PI driver at ${formatAddress(address)}`;
  return runIpi(socket, evaluator, { peer, template, idleTimeout, messageTimeout, onDiagnostic }, signal);
}

/** The same for an MDI driver, under the name by which it knows its engine. */
export async function attachToMdi(request: Attachment, name: string): Promise<number> {
  const { address, signal, idleTimeout, messageTimeout, onDiagnostic } = request;
  const evaluator = await loadEvaluator(request.source, onDiagnostic);
  const template = request.template === undefined ? undefined : await readTemplate(request.template, onDiagnostic);
  const socket = await connected(request, template ? `${template.natoms} atoms ${formula(template)}` : 'engine');
  const peer = `MDI driver at ${formatAddress(address)}`;
  const options = { peer, name, idleTimeout, messageTimeout, onDiagnostic, ...(template && { template }) };
  return runMdi(socket, evaluator, options, signal);
}

async function connected({ address, wait, signal, onConnected }: Attachment, what: string): Promise<Socket> {
  const socket = await connect(address, { wait, signal });
  await onConnected(`connected to ${formatAddress(address)}: ${what}`);
  return socket;
}

/** Throws MissingDataError for a file without frames or with unknown elements, and what the reader throws. */
async function readTemplate(path: string, onDiagnostic: DiagnosticSink): Promise<Frame> {
  const { frames } = await openFrames(undefined, { path, onDiagnostic, strict: false });
  try {
    const first = await frames.next();
    if (first.done) throw new MissingDataError(`${path} holds no structure`, 'give a file with one as --template');
    const unknown = first.value.numbers.indexOf(0);
    if (unknown < 0) return first.value;
    throw new MissingDataError(`${path}: atom ${unknown + 1} has no element`, 'give a template that names elements');
  } finally {
    await frames.return();
  }
}

function formula({ numbers }: Frame): string {
  const counts = new Map<number, number>();
  for (const z of numbers) counts.set(z, (counts.get(z) ?? 0) + 1);
  return Array.from(counts, ([z, count]) => `${symbolOf(z)}${count === 1 ? '' : count}`).join(' ');
}

function periodicity({ pbc }: Frame): string {
  const directions = ['a', 'b', 'c'].filter((_, k) => pbc[k]);
  return directions.length === 0 ? 'not periodic' : `periodic along ${directions.join(', ')}`;
}
