import type { DiagnosticSink } from '../core/diagnostic.ts';
import { formatLocation, MissingDataError, type SourceLocation } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';

/** A structure to learn from or to compare with. */
export interface LabelledFrame {
  readonly frame: Frame;
  /** eV; NaN = not known. */
  readonly energy: number;
  /** eV/Å, (n,3); NaN = not known. */
  readonly forces: Float64Array;
  /** eV, (3,3), Σ r⊗f; NaN = not known. */
  readonly virial: Float64Array;
  /** `config_type`, or an empty string. */
  readonly group: string;
  readonly origin: SourceLocation;
}

/**
 * The frames with labels, without columns and keys that training does not use. Frames without an energy teach forces only and the other way round (both are reported as
 * diagnostics); NaN force components are left out; frames marked as unconverged are left out and reported. Throws MissingDataError for
 * frames without any label, with atoms of unknown element, or with a label or coordinate that is not finite, and for an empty set.
 */
export async function* labelledFrames(
  frames: AsyncIterable<Frame>,
  path: string,
  sink: DiagnosticSink,
): AsyncGenerator<LabelledFrame, void> {
  let kept = 0;
  const reports = new Map<string, { count: number; first: SourceLocation }>();
  const report = (code: string, at: SourceLocation) => {
    const entry = reports.get(code);
    if (entry) entry.count++;
    else reports.set(code, { count: 1, first: at });
  };
  let index = 0;
  for await (const frame of frames) {
    const origin = frame.origin ?? { path, frame: index };
    index++;
    if (frame.natoms === 0) {
      report('empty-frame', origin);
      continue;
    }
    if (frame.labels?.converged === false) {
      report('unconverged', origin);
      continue;
    }
    const labelled = label(frame, origin);
    if (Number.isNaN(labelled.energy)) report('no-energy', origin);
    if (labelled.forces.some(Number.isNaN)) report('no-forces', origin);
    kept++;
    yield labelled;
  }
  for (const [code, { count, first }] of reports)
    sink({ severity: 'warning', code, message: `${count} of ${index} frames ${REPORTS[code]}`, at: first });
  if (kept === 0)
    throw new MissingDataError(
      `${path} holds no labelled structures (${index} frames read)`,
      'give a file with energies and forces',
    );
}

const REPORTS: Readonly<Record<string, string>> = {
  'empty-frame': 'have no atoms: left out (first one here)',
  unconverged: 'are marked as not converged: left out (first one here)',
  'no-energy': 'have no energy: only their forces are used (first one here)',
  'no-forces': 'have no forces, or not all: only what is there is used (first one here)',
};

function label(frame: Frame, origin: SourceLocation): LabelledFrame {
  const fail = (what: string, hint: string) => new MissingDataError(`${formatLocation(origin)}: ${what}`, hint);
  const unknown = frame.numbers.indexOf(0);
  if (unknown !== -1) throw fail(`atom ${unknown + 1} has no known element`, 'name the types with --type-map');
  if (!frame.positions.every(Number.isFinite)) throw fail('a coordinate is not finite', 'remove this frame');
  const { energy, energySigma0, forces, virial } = frame.labels ?? {};
  if (energy === undefined && !forces)
    throw fail(
      energySigma0 === undefined ? 'neither energy nor forces' : 'only the energy extrapolated to zero smearing',
      'give a file with (force-consistent) energies and forces, or the keys that hold them with --keys',
    );
  if (energy !== undefined && !Number.isFinite(energy)) throw fail(`the energy is ${energy}`, 'remove this frame');
  if (forces?.some((f) => Math.abs(f) === Infinity)) throw fail('a force is infinite', 'remove this frame');
  if (virial?.some((w) => Math.abs(w) === Infinity)) throw fail('the virial is infinite', 'remove this frame');
  const group = frame.info['config_type'];
  const { natoms, cell, pbc, numbers, positions } = frame;
  return {
    frame: { natoms, cell, pbc, numbers, positions, arrays: {}, info: {}, origin },
    energy: energy ?? Number.NaN,
    forces: forces ?? new Float64Array(3 * frame.natoms).fill(Number.NaN),
    virial: virial ?? new Float64Array(9).fill(Number.NaN),
    group: typeof group === 'string' ? group : '',
    origin,
  };
}
