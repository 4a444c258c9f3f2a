import type { Frame } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { Cp2kRun } from './run.ts';

const NAME = 'cp2k-output';

/**
 * The main output of CP2K 8 to 2025 (Quickstep, `PRINT_LEVEL MEDIUM`, with `&FORCES ON` and `&STRESS_TENSOR ON` in the print section of
 * `FORCE_EVAL`). Only evaluations whose positions the file holds become frames: the first of a run; positions of later steps of a
 * relaxation or of molecular dynamics stand in other files of CP2K, and such steps are counted in a diagnostic.
 *
 * `labels.energy` is `Total FORCE_EVAL`, which with smearing is the free energy E − TS and so the one whose derivatives the forces are;
 * `info.energy_without_entropy` = energy − `Electronic entropic energy`; `labels.energySigma0` is `Total energy (extrapolated to T->0)`
 * of the versions that print it. The stress is printed as pressure
 * (positive under compression, although CP2K calls it stress): `labels.virial` = +V·(printed) with the printed volume.
 * `labels.converged` and `info.scf_steps` come from the message of the last SCF loop. Positions have six decimals, cell vectors three.
 */
export const cp2kOutput = {
  name: NAME,
  aliases: ['cp2k', 'cp2k-out'],
  description: 'CP2K output: energy, forces and stress of an evaluation',
  reference: 'https://manual.cp2k.org/trunk/CP2K_INPUT/FORCE_EVAL/PRINT.html',
  fileNames: [/cp2k.*\.(out|log)$/i],
  carries: {
    frames: 'many',
    composition: 'any',
    cell: 'any',
    pbc: 'each',
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
    infoKeys: ['energy_without_entropy', 'program', 'scf_steps'],
    units: 'Å, hartree, hartree/bohr, GPa·Å³ or bar·Å³ (virial)',
  },
  sniff: (head: Uint8Array) => {
    const text = new TextDecoder('latin1').decode(head);
    if (/^ CP2K\| version string:/m.test(text)) return 1;
    return /PROGRAM STARTED AT/.test(text) && /^ DBCSR\|/m.test(text) ? 0.8 : 0;
  },
  read: readOutput,
} as const satisfies Format;

async function* readOutput(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, NAME);
  const run = new Cp2kRun(scanner, options);
  scanner.frame = 0;
  try {
    while (scanner.tryLine() || (await scanner.fill())) {
      const frame = await run.takeLine();
      if (!frame) continue;
      yield frame;
      scanner.frame++;
    }
    run.conclude();
  } finally {
    await scanner.close();
  }
}
