import { FormatError, TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { Format, ReadOptions } from '../format.ts';
import { VasprunDocument } from './vasprun-document.ts';
import { XmlFeed } from './xml-feed.ts';

const NAME = 'vasp-xml';

/**
 * Every ionic step of a vasprun.xml, ab initio (`<calculation>`) and machine-learned (bare elements between them, flagged
 * `info.ml`). `labels.energy` is e_fr_energy, `labels.energySigma0` and `info.energy_without_entropy` are that plus the
 * differences of the last SCF step, because the energy block of many versions repeats wrong values. SCF convergence is that
 * the SCF took fewer than NELM steps. `info.stress_kB` is the 3x3 tensor as printed, kbar, compression > 0. `arrays.species` = potential labels where they are not the element,
 * `arrays.selective_dynamics` (n,3), true = may move, `arrays.velocities_direct` (n,3), of the first step only: lattice vectors
 * per time step, as VASP prints them.
 */
export const vasprun = {
  name: NAME,
  aliases: ['vasprun'],
  description: 'VASP vasprun.xml: steps of a run with energies, forces and stress',
  reference: 'https://www.vasp.at/wiki/index.php/Vasprun.xml',
  fileNames: [/vasprun.*\.xml/i],
  carries: {
    frames: 'many',
    composition: 'fixed',
    cell: 'any',
    pbc: 'always',
    elements: true,
    velocities: false,
    masses: false,
    charges: false,
    energy: true,
    energySigma0: true,
    forces: true,
    virial: true,
    arrays: false,
    info: false,
    units: 'Å, eV, eV/Å, kbar',
  },
  sniff: (head) => (/^[^<]*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<modeling[\s>]/s.test(latin1(head)) ? 1 : 0),
  read: readVasprun,
} as const satisfies Format;

const latin1 = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

async function* readVasprun(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const document = new VasprunDocument(options, NAME);
  const feed = new XmlFeed(document, options.path, NAME);
  let damage: string | undefined;
  const iterator = source[Symbol.asyncIterator]();
  try {
    while (feed.trailing === undefined) {
      let failure: unknown;
      try {
        const next = await iterator.next();
        if (next.done) break;
        feed.push(next.value);
      } catch (error) {
        failure = error;
      }
      yield* document.takeFrames();
      if (failure instanceof TruncatedError) {
        damage = failure.found;
        break;
      }
      if (failure) throw failure;
    }
  } finally {
    await iterator.return?.();
  }
  feed.end();
  document.tell();
  const at = { path: options.path, line: feed.line, frame: document.frames };
  if (feed.trailing !== undefined) {
    const message = `expected the end of the file behind </modeling>, found "${feed.trailing.trim()}"`;
    if (feed.trailing.startsWith('<'))
      throw new FormatError(NAME, at, `${message}: cut the file here, each run must be in a file of its own`);
    options.onDiagnostic({ severity: 'warning', code: 'trailing-text', message, at });
  }
  if (document.done && damage === undefined) return;
  const cut = new TruncatedError(NAME, at, damage ?? 'expected </modeling>, found the end of the file');
  if (options.strict) throw cut;
  options.onDiagnostic({ severity: 'warning', code: 'truncated', message: cut.message, at });
}
