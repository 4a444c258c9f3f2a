import { volume } from '../../src/core/cell.ts';
import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { toVoigt } from '../../src/core/tensor.ts';
import { KBAR } from '../../src/core/units.ts';
import type { WriteOptions } from '../format.ts';
import { labelsOfFrame } from './poscar-write.ts';
import { blocksOf } from './species.ts';

/** pymatgen refuses an OUTCAR without this table, NPLWV and IBRION; there are no plane waves to count here. */
const PLANE_WAVES =
  `\n\n\n${'-'.repeat(104)}\n\n\n k-point   1 :   0.0000 0.0000 0.0000  plane waves:       0\n\n` +
  ' maximum and minimum number of plane-waves per node :        0        0\n\n';
const RULER = ` ${'-'.repeat(83)}\n`;

/**
 * A minimal OUTCAR with the anchors that ASE, pymatgen and this package look for: head, then stress, cell, force table and
 * energies of each frame. Columns are at least those of VASP; numbers keep all their digits (VASP prints 5 to 8 decimals), a
 * blank always stays between. `EDIFF is reached` is written unless the frame is known to be unconverged.
 * @throws MissingDataError for a frame without cell, energy or forces, or of another composition than the first
 */
export async function* writeOutcar(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  let step = 0;
  let composition: string | undefined;
  for await (const frame of frames) {
    const blocks = blocksOf(labelsOfFrame(frame));
    const found = `${blocks.labels.join(' ')} ${blocks.counts.join(' ')}`;
    if (composition === undefined) yield head(blocks.labels, blocks.counts, frame.natoms);
    else if (composition !== found)
      throw new MissingDataError(
        `frame ${step} has other atoms than the first, an OUTCAR holds one composition`,
        'write one file for each',
      );
    composition = found;
    yield* stepText(frame, ++step, options);
  }
  yield '\n\n General timing and accounting informations for this job:\n ========================================================\n';
}

function head(labels: readonly string[], counts: readonly number[], natoms: number): string {
  const potcars = labels.map((label) => ` POTCAR:    PAW_PBE ${label} 01Jan2000\n`).join('');
  const titles = labels.map((label) => `   TITEL  = PAW_PBE ${label} 01Jan2000\n`).join('');
  return (
    ` vasp.6.3.0 written by nnp-bridge, not by VASP, complex\n executed on nnp-bridge\n${potcars}${potcars}${titles}\n` +
    `   number of dos      NEDOS =      0   number of ions     NIONS = ${natoms}\n` +
    `   total plane-waves  NPLWV =        0\n` +
    `   ions per type =  ${counts.map((count) => String(count).padStart(4)).join('')}\n` +
    `   ISPIN  =      1    spin polarized calculation?\n   NELM   =      1;   NELMIN=  1; NELMDL=  0     # of ELM steps\n   IBRION =     -1    ionic relax: 0-MD 1-quasi-New 2-CG\n` +
    PLANE_WAVES
  );
}

function* stepText(frame: Frame, step: number, options: WriteOptions): Generator<string, void> {
  const { cell, labels } = frame;
  const energy = labels?.energy ?? labels?.energySigma0;
  if (!cell) throw new MissingDataError(`frame ${step - 1} has no cell`, 'an OUTCAR needs one');
  if (energy === undefined) throw new MissingDataError(`frame ${step - 1} has no energy`, 'an OUTCAR needs one');
  const forces = labels?.forces;
  if (!forces) throw new MissingDataError(`frame ${step - 1} has no forces`, 'an OUTCAR needs them');
  const sigma0 = labels?.energySigma0;
  if (sigma0 === undefined || labels?.energy === undefined)
    options.onDiagnostic({
      severity: 'info',
      code: 'energy-kind',
      message: `frame ${step - 1}: only the ${sigma0 === undefined ? 'free energy' : 'energy(sigma->0)'} is known, it is written for both`,
    });
  yield `${'-'.repeat(39)} Iteration ${String(step).padStart(6)}(   1)  ${'-'.repeat(39)}\n\n`;
  if (labels?.converged !== false)
    yield `${'-'.repeat(24)} aborting loop because EDIFF is reached ${'-'.repeat(40)}\n\n`;
  if (labels?.virial) yield stressText(labels.virial, volume(cell));
  yield ` VOLUME and BASIS-vectors are now :\n${RULER}      direct lattice vectors                 reciprocal lattice vectors\n`;
  for (let row = 0; row < 9; row += 3) {
    const vector = [0, 1, 2].map((k) => fixed(cell[row + k], 9, 13)).join('');
    yield `   ${vector}    ${'  0.000000000'.repeat(3)}\n`;
  }
  yield `\n POSITION                                       TOTAL-FORCE (eV/Angst)\n${RULER}`;
  yield* tableRows(frame.positions, forces);
  yield `${RULER}    total drift:                                0.000000      0.000000      0.000000\n\n`;
  const third = frame.info['energy_without_entropy'];
  const without = typeof third === 'number' ? third : 2 * (sigma0 ?? energy) - energy;
  yield `  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  ---------------------------------------------------\n` +
    `  free  energy   TOTEN  =${fixed(energy, 8, 18)} eV\n\n` +
    `  energy  without entropy=${fixed(without, 8, 17)}  energy(sigma->0) =${fixed(sigma0 ?? energy, 8, 17)}\n\n`;
}

/** virial (eV) / V = pressure-like stress; kbar, xx yy zz xy yz zx. */
function stressText(virial: Float64Array, cellVolume: number): string {
  const kbar = toVoigt(virial, 'vasp').map((w) => w / cellVolume / KBAR);
  return (
    `  FORCE on cell =-STRESS in cart. coord.  units (eV):\n` +
    `  Direction    XX          YY          ZZ          XY          YZ          ZX\n  ${'-'.repeat(86)}\n` +
    `  Total  ${kbar.map((k) => fixed(k * KBAR * cellVolume, 5, 12)).join('')}\n` +
    `  in kB  ${kbar.map((k) => fixed(k, 5, 12)).join('')}\n` +
    `  external pressure = ${fixed((kbar[0] + kbar[1] + kbar[2]) / 3, 2, 11)} kB  Pullay stress =        0.00 kB\n\n`
  );
}

function* tableRows(positions: Float64Array, forces: Float64Array): Generator<string, void> {
  for (let from = 0; from < positions.length; from += 3 * 1024) {
    let text = '';
    for (let k = from; k < Math.min(positions.length, from + 3 * 1024); k += 3) {
      for (let j = 0; j < 3; j++) text += fixed(positions[k + j], 5, 13);
      text += '   ';
      for (let j = 0; j < 3; j++) text += fixed(forces[k + j], 6, 14);
      text += '\n';
    }
    yield text;
  }
}

/** At least as many decimals and columns as VASP prints, and as many more as the exact value needs; a blank in front. */
function fixed(value: number, decimals: number, width: number): string {
  if (!Number.isFinite(value))
    throw new MissingDataError(`found ${value} among the numbers to write`, 'leave the frame out');
  const shortest = String(value);
  const point = shortest.indexOf('.');
  let text = shortest;
  if (shortest.includes('e')) text = value.toFixed(20);
  else if (point < 0 || shortest.length - point - 1 < decimals) text = value.toFixed(decimals);
  return ` ${text}`.padStart(width);
}
