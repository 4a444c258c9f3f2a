import type { ReadOptions } from '../../formats/format.ts';
import { type LoadOptions, loadPotential } from '../../potentials/load.ts';
import type { Evaluation } from '../../potentials/potential.ts';
import { openFrames } from '../convert/open.ts';
import { parseSlice, slice } from '../convert/slice.ts';
import { volume } from '../core/cell.ts';
import { symbolOf } from '../core/elements.ts';
import { formatLocation, MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { GPA } from '../core/units.ts';
import { evaluateFrame } from './evaluate-structure.ts';
import { ExtrapolationSummary } from './extrapolation-summary.ts';

export interface EvaluateRequest {
  /** Directory of the potential. */
  readonly potential: string;
  /** File of structures in any format that is read, or `-`. */
  readonly structure: string;
  readonly format?: string;
  /** START:STOP:STEP. */
  readonly frames?: string;
  readonly json: boolean;
  /** Print a row per atom, too. */
  readonly atoms: boolean;
  readonly load: LoadOptions;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly print: (text: string) => Promise<void>;
}

/** Evaluates the frames of a file and prints them: one JSON object per line, or a table. Errors name the file and frame. */
export async function evaluateFiles(request: EvaluateRequest): Promise<void> {
  const { print, json, read, structure } = request;
  const selected = request.frames === undefined ? undefined : parseSlice(request.frames);
  const potential = await loadPotential(request.potential, request.load);
  const { frames } = await openFrames(request.format, { ...read, path: structure });
  const extrapolations = new ExtrapolationSummary();
  let index = 0;
  for await (const [position, frame] of selected ? slice(numbered(frames), selected) : numbered(frames)) {
    const evaluation = evaluateFrame(potential, frame);
    extrapolations.add(frame, position, evaluation);
    if (json) await print(`${JSON.stringify(resultObject(position, frame, evaluation))}\n`);
    else
      await print(
        `${index === 0 ? TABLE_HEAD : ''}${tableRow(position, frame, evaluation)}${request.atoms ? atomRows(frame, evaluation) : ''}`,
      );
    index++;
  }
  if (index === 0)
    throw new MissingDataError(
      `${formatLocation({ path: structure })}: no frame to evaluate${request.frames === undefined ? '' : ` in ${request.frames}`}`,
      'check the file and --frames',
    );
  const warning = extrapolations.diagnostic();
  if (warning) read.onDiagnostic(warning);
}

async function* numbered(frames: AsyncIterable<Frame>): AsyncGenerator<[number, Frame], void> {
  let index = 0;
  for await (const frame of frames) yield [index++, frame];
}

/** Shapes and units of the JSON output; forces in the order of the file, virial = −volume · stress. */
function resultObject(frame: number, { natoms }: Frame, evaluation: Evaluation): object {
  return {
    frame,
    natoms,
    energy: evaluation.energy,
    forces: rows(evaluation.forces),
    virial: rows(evaluation.virial),
    atomicEnergies: Array.from(evaluation.atomicEnergies),
    extrapolations: evaluation.extrapolationCount,
    units: { energy: 'eV', length: 'angstrom' },
  };
}

function rows(flat: Float64Array): number[][] {
  const out: number[][] = [];
  for (let k = 0; k < flat.length; k += 3) out.push([flat[k], flat[k + 1], flat[k + 2]]);
  return out;
}

const TABLE_HEAD = `${[
  'frame'.padStart(7),
  'atoms'.padStart(7),
  'energy (eV)'.padStart(20),
  'eV/atom'.padStart(14),
  'max|F| (eV/A)'.padStart(14),
  'pressure (GPa)'.padStart(15),
  'extrapolations'.padStart(15),
].join(' ')}\n`;

function tableRow(index: number, frame: Frame, evaluation: Evaluation): string {
  const { energy, forces, virial } = evaluation;
  let largest = 0;
  for (let k = 0; k < forces.length; k += 3)
    largest = Math.max(largest, Math.hypot(forces[k], forces[k + 1], forces[k + 2]));
  const trace = virial[0] + virial[4] + virial[8];
  const periodic = frame.cell && frame.pbc.every(Boolean);
  const pressure = periodic ? (trace / 3 / volume(frame.cell) / GPA).toFixed(5) : '-';
  return `${[
    String(index).padStart(7),
    String(frame.natoms).padStart(7),
    energy.toFixed(8).padStart(20),
    (frame.natoms === 0 ? '-' : (energy / frame.natoms).toFixed(8)).padStart(14),
    largest.toFixed(6).padStart(14),
    pressure.padStart(15),
    String(evaluation.extrapolationCount).padStart(15),
  ].join(' ')}\n`;
}

function atomRows(frame: Frame, { forces, atomicEnergies }: Evaluation): string {
  const head = ['atom', 'element', 'fx (eV/A)', 'fy (eV/A)', 'fz (eV/A)', 'energy (eV)'];
  const lines = [head.map((word) => word.padStart(14)).join(' ')];
  for (let i = 0; i < frame.natoms; i++) {
    const numbers = [forces[3 * i], forces[3 * i + 1], forces[3 * i + 2], atomicEnergies[i]].map((x) => x.toFixed(8));
    lines.push([String(i + 1), symbolOf(frame.numbers[i]), ...numbers].map((word) => word.padStart(14)).join(' '));
  }
  return `${lines.join('\n')}\n\n`;
}
