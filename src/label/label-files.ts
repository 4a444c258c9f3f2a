import type { ReadOptions, WriteOptions } from '../../formats/format.ts';
import { formatByName, openFrames } from '../convert/open.ts';
import { MissingDataError, UnknownFormatError } from '../core/errors.ts';
import type { Frame, Labels } from '../core/frame.ts';
import { repeatsLabel } from '../core/label-copies.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { LammpsLabeller, type LammpsLabelling } from './lammps-labeller.ts';

export interface LabelRequest {
  /** File or folder of frames. */
  readonly frames: string;
  readonly inputFormat?: string;
  readonly output: string;
  readonly outputFormat: string;
  readonly labelling: LammpsLabelling;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly write: WriteOptions;
}

/**
 * Writes the frames with energy, forces and virial of a LAMMPS potential in the place of their labels; gives their number. The output
 * appears whole or not at all. One LAMMPS runs as long as frames have the same atoms in the same order. Errors name the frame.
 */
export async function labelFiles(request: LabelRequest): Promise<number> {
  const format = formatByName(request.outputFormat);
  if (!format.write && !format.writePath) throw new UnknownFormatError(`format ${format.name} cannot be written`);
  const { frames } = await openFrames(request.inputFormat, { ...request.read, path: request.frames });
  const counted = { frames: 0 };
  const labelled = label(frames, request, counted);
  try {
    if (format.write) await writeBytes(request.output, format.write(labelled, request.write));
    else await format.writePath?.(labelled, request.output, request.write);
  } finally {
    await labelled.return();
  }
  return counted.frames;
}

async function* label(frames: AsyncGenerator<Frame, void>, { labelling }: LabelRequest, counted: { frames: number }) {
  let labeller: LammpsLabeller | undefined;
  let atoms = '';
  try {
    for await (const frame of frames) {
      const wanted = `${frame.numbers.join(' ')} ${frame.pbc.join(' ')}`;
      if (!labeller || wanted !== atoms) {
        await labeller?.end();
        labeller = undefined;
        labeller = await LammpsLabeller.start(frame, labelling);
        atoms = wanted;
      }
      yield withLabels(frame, await labeller.label(frame));
      counted.frames++;
    }
  } finally {
    await labeller?.end();
    await frames.return();
  }
  if (counted.frames === 0) throw new MissingDataError('there is no frame to label', 'nothing was written');
}

function withLabels(frame: Frame, labels: Labels): Frame {
  const kept = <T>(values: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !repeatsLabel(name, labels)));
  return { ...frame, labels, info: kept(frame.info), arrays: kept(frame.arrays) };
}
