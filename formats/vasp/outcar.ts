import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { AnchorLines } from './anchor-lines.ts';
import { ANCHOR, anchorOf } from './outcar-anchors.ts';
import { OutcarRun } from './outcar-run.ts';
import { OUTCAR_SEQUENCE } from './outcar-sequence.ts';
import { writeOutcar } from './outcar-write.ts';

const NAME = 'vasp-outcar';

/**
 * Every ionic step of VASP 4.6 to 6.4 that has positions. Energies are kept apart: `labels.energy` is TOTEN (free energy),
 * `labels.energySigma0` is energy(sigma->0), `info.energy_without_entropy` the third. `info`: `ml` (step of a
 * machine-learned force field), `ionic_step`, `scf_steps`, `scf_converged`, `stress_kB` (xx yy zz xy yz zx as printed,
 * compression > 0), `magnetization` (one or three), `program`, `run` (2, 3 … for appended runs).
 * `arrays.magnetic_moments` (n) or (n,3): moments in the spheres of the atoms, µB, where the file has them (LORBIT).
 * Positions have five decimals; XDATCAR and vasprun.xml have more.
 */
export const outcar = {
  name: NAME,
  aliases: ['outcar', 'vasp-out'],
  description: 'VASP OUTCAR: steps of a run with energies, forces and stress',
  reference: 'https://www.vasp.at/wiki/index.php/OUTCAR',
  fileNames: [/OUTCAR/i],
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
    arrayKeys: ['species'],
    info: false,
    infoKeys: ['energy_without_entropy', 'scf_converged'],
    units: 'Å, eV, eV/Å, kbar',
  },
  sniff: sniffOutcar,
  read: readOutcar,
  sequence: OUTCAR_SEQUENCE,
  write: writeOutcar,
} as const satisfies Format;

function sniffOutcar(head: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(head);
  const version = /^\s*vasp\.\d[^\n]*(complex|gamma-only|std|ncl)?/.test(text);
  if (version && /executed on|POTCAR:|INCAR:|TITEL {2}=/.test(text)) return 1;
  if (/ions per type =/.test(text) && /TITEL {2}=|POTCAR:/.test(text)) return 0.95;
  if (/POSITION +TOTAL-FORCE \(eV\/Angst\)/.test(text) || /executed on .* date \d{4}\.\d\d/.test(text)) return 0.9;
  return version ? 0.8 : 0;
}

async function* readOutcar(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, NAME);
  const lines = new AnchorLines(scanner);
  const run = new OutcarRun(scanner, options);
  scanner.frame = 0;
  let cut: TruncatedError | undefined;
  try {
    for (;;) {
      let frame: Frame | undefined;
      try {
        if (!lines.tryNext() && !(await scanner.fill())) break;
        const anchor = anchorOf(scanner.bytes, scanner.start, scanner.end);
        if (anchor === ANCHOR.none) continue;
        frame = OutcarRun.isBlock(anchor) ? await run.takeBlock(anchor) : run.takeLine(anchor);
      } catch (error) {
        if (!(error instanceof TruncatedError)) throw error;
        cut = error;
        break;
      }
      if (frame) yield frame;
    }
    const last = run.finish(cut);
    if (last) yield last;
    run.conclude();
  } finally {
    await scanner.close();
  }
}
