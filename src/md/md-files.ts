import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadOptions } from '../../formats/format.ts';
import { lammpsDump } from '../../formats/lammps/dump-text.ts';
import { type LoadOptions, loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../convert/open.ts';
import { MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { PotentialForceField } from './force-field.ts';
import { type MdOptions, type MdSample, runMd } from './run-md.ts';

export interface MdRequest {
  /** File of the start structure (its last frame is taken) and the directory of the potential. */
  readonly structure: string;
  readonly potential: string;
  readonly load: LoadOptions;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly md: MdOptions;
  /** LAMMPS text dump with velocities and forces, and a thermo log as LAMMPS prints it. Both grow while the run goes on. */
  readonly dump: string;
  readonly log: string;
  /** Ends the run after the current sample, files complete. */
  readonly signal: AbortSignal;
  readonly onSample: (sample: MdSample) => void;
}

/** Runs molecular dynamics on a structure file; returns the last sample. */
export async function mdFiles(request: MdRequest): Promise<MdSample> {
  const potential = await loadPotential(request.potential, request.load);
  const start = await lastFrame(request);
  const field = new PotentialForceField(potential, start);
  const log = createWriteStream(request.log);
  const begin = performance.now();
  log.write(
    `nnp-bridge md: ${start.natoms} atoms, units metal, timestep ${request.md.timestep} ps\n${memoryLine()}\n${THERMO_HEAD}\n`,
  );
  let last: MdSample | undefined;
  async function* frames(): AsyncGenerator<Frame, void> {
    for (const sample of runMd(start, field, request.md)) {
      last = sample;
      log.write(`${thermoRow(sample)}\n`);
      request.onSample(sample);
      yield sample.frame;
      await new Promise(setImmediate); // signals and the streams get their turn
      if (request.signal.aborted) break;
    }
  }
  const text = lammpsDump.write(frames(), { onDiagnostic: request.read.onDiagnostic, lammpsUnits: 'metal' });
  await pipeline(Readable.from(text), createWriteStream(request.dump));
  await new Promise<void>((resolve, reject) => {
    log.on('error', reject);
    log.end(
      `Loop time of ${((performance.now() - begin) / 1000).toPrecision(6)} on 1 procs for ${last?.step ?? 0} steps with ${start.natoms} atoms\n`,
      resolve,
    );
  });
  if (field.extrapolations > 0)
    request.read.onDiagnostic({
      severity: 'warning',
      code: 'extrapolation',
      message: `symmetry functions left the range of the training set ${field.extrapolations} times`,
    });
  if (!last) throw new MissingDataError('no step was made', 'give --steps');
  return last;
}

async function lastFrame(request: MdRequest): Promise<Frame> {
  const { frames } = await openFrames(undefined, { ...request.read, path: request.structure });
  let last: Frame | undefined;
  for await (const frame of frames) last = frame;
  if (!last) throw new MissingDataError(`${request.structure}: no frame`, 'molecular dynamics starts from a structure');
  return last;
}

/** LAMMPS prints this line before a thermo table; programs that read its logs look for it. */
function memoryLine(): string {
  const megabytes = (process.memoryUsage().rss / 2 ** 20).toPrecision(4);
  return `Per MPI rank memory allocation (min/avg/max) = ${megabytes} | ${megabytes} | ${megabytes} Mbytes`;
}

const THERMO_HEAD = 'Step Time Temp PotEng TotEng Press Pxx Pyy Pzz Pxy Pxz Pyz';

/** One thermo row, shortest exact numbers; pressure 0 where there is no cell, as in LAMMPS without a volume. */
function thermoRow({ step, time, temperature, potentialEnergy, totalEnergy, pressure = [0, 0, 0, 0, 0, 0] }: MdSample) {
  const mean = (pressure[0] + pressure[1] + pressure[2]) / 3;
  return [step, time, temperature, potentialEnergy, totalEnergy, mean, ...pressure].join(' ');
}
