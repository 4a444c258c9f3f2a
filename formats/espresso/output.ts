import type { Frame } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { EspressoRun } from './run.ts';

const NAME = 'espresso-output';

/**
 * The output of pw.x (Quantum ESPRESSO 6 and 7): every evaluation of an scf run, a relaxation or molecular dynamics, with `tprnfor` and
 * `tstress` for forces and stress. `labels.energy` is the line `!    total energy`, which with smearing is F = E − TS and so the one
 * whose derivatives the forces are; `info.energy_without_entropy` = F + TS from `smearing contrib. (-TS)`. There is no
 * `labels.energySigma0`: how to get there depends on the kind of smearing, and pw.x does not print it. The stress is printed as
 * pressure (positive under compression): `labels.virial` = +V·(printed, Ry/bohr³). `labels.converged` is the message of the SCF.
 */
export const espressoOutput = {
  name: NAME,
  aliases: ['espresso', 'quantum-espresso', 'pwscf', 'espresso-out'],
  description: 'Quantum ESPRESSO pw.x output: steps with energies, forces and stress',
  reference: 'https://www.quantum-espresso.org/Doc/INPUT_PW.html',
  fileNames: [/(pw|espresso|scf|relax).*\.(out|pwo|log)$/i, /\.pwo$/i],
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
    energySigma0: false,
    forces: true,
    virial: true,
    arrays: false,
    info: false,
    infoKeys: ['energy_without_entropy', 'program', 'scf_steps'],
    units: 'Å (from alat, bohr or crystal), Ry, Ry/bohr, Ry (virial)',
  },
  sniff: (head: Uint8Array) => {
    const text = new TextDecoder('latin1').decode(head);
    return /^ +Program PWSCF v\S+ +starts on/m.test(text) ? 1 : 0;
  },
  read: readOutput,
} as const satisfies Format;

async function* readOutput(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, NAME);
  const run = new EspressoRun(scanner, options);
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
