import type { ReadOptions } from '../../formats/format.ts';
import { readThermo } from '../../formats/lammps/log.ts';
import { loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../convert/open.ts';
import { MissingDataError, PotentialError } from '../core/errors.ts';
import { evaluateFrame } from '../evaluate/evaluate-structure.ts';
import { tableText } from '../report/page.ts';
import { readBytes } from '../scan/byte-source.ts';
import { type FrameCheck, type ThermoRow, verifyRun } from './verify-run.ts';

export interface VerifyRequest {
  readonly dump: string;
  readonly log: string;
  readonly potential: string;
  readonly read: Omit<ReadOptions, 'path'>;
  /** Largest relative differences that pass. */
  readonly tolerances: { readonly energy: number; readonly force: number; readonly pressure: number };
  readonly print: (text: string) => void;
}

/**
 * Prints a row per dumped frame and throws PotentialError when a difference is above its tolerance, MissingDataError when there was
 * nothing to compare: a check that compares nothing does not pass.
 */
export async function verifyFiles(request: VerifyRequest): Promise<void> {
  const { read, print, tolerances } = request;
  const potential = await loadPotential(request.potential, { onDiagnostic: read.onDiagnostic });
  const thermo = await thermoRows(request.log, read);
  const { frames } = await openFrames(undefined, { ...read, path: request.dump });
  const checks: FrameCheck[] = [];
  for await (const check of verifyRun(frames, thermo, async (frame) => evaluateFrame(potential, frame)))
    checks.push(check);
  if (!checks.some((c) => c.forceRelative !== undefined || c.energyRelative !== undefined))
    throw new MissingDataError(
      `${request.dump} and ${request.log} have nothing in common to compare`,
      'dump fx fy fz, and print step and pe at the dumped steps',
    );
  print(`${tableText({ head: HEAD, rows: checks.map(row) })}\n`);
  const worst = (key: keyof FrameCheck) => Math.max(0, ...checks.map((c) => c[key] ?? 0));
  const found = { energy: worst('energyRelative'), force: worst('forceRelative'), pressure: worst('pressureRelative') };
  print(
    `largest differences: energy ${text(found.energy)} (limit ${tolerances.energy}), forces ${text(found.force)} (${tolerances.force}), pressure ${text(found.pressure)} (${tolerances.pressure})\n`,
  );
  for (const key of ['energy', 'force', 'pressure'] as const)
    if (!(found[key] <= tolerances[key]))
      throw new PotentialError(
        `the ${key} of the run differs from the potential by ${text(found[key])}, more than ${tolerances[key]}`,
      );
}

const HEAD = ['step', 'atoms', '|dE|/|E|', 'max|dF|/max|F|', 'max|dP|/max|P|'];

const text = (x: number | undefined) => (x === undefined ? '-' : x === 0 ? '0' : x.toExponential(1));

function row(c: FrameCheck): (string | number)[] {
  return [c.step, c.natoms, text(c.energyRelative), text(c.forceRelative), text(c.pressureRelative)];
}

async function thermoRows(path: string, read: VerifyRequest['read']): Promise<Map<number, ThermoRow>> {
  const rows = new Map<number, ThermoRow>();
  for await (const table of readThermo(readBytes(path), { path, onDiagnostic: read.onDiagnostic })) {
    const steps = table.values['Step'];
    if (!steps) throw new MissingDataError(`${path}:${table.line}: no Step column`, 'add step to thermo_style');
    for (let k = 0; k < table.rows; k++)
      rows.set(steps[k], Object.fromEntries(table.columns.map((column) => [column, table.values[column][k]])));
  }
  return rows;
}
