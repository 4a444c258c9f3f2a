import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { writeBytes } from '../../src/scan/byte-sink.ts';

/** A file of about `megabytes` MB, made once and kept in `folder`. The text is what LAMMPS, ASE and VASP write. */
export async function makeFile(folder: string, kind: keyof typeof WRITERS, megabytes: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const { name, write } = WRITERS[kind];
  const path = join(folder, `${megabytes}mb-${name}`);
  if (!existsSync(path)) await writeBytes(path, write(megabytes * 1e6));
  return path;
}

const WRITERS = {
  dump: { name: 'run.lammpstrj', write: dumpText },
  extxyz: { name: 'train.extxyz', write: extxyz },
  outcar: { name: 'OUTCAR', write: outcar },
  binary: { name: 'run.lammpstrj.bin', write: dumpBinary },
} as const;

const DUMP_ATOMS = 10_000;
const BOX = 48;

/** `%g`: six significant digits, exponents below 1e-4. */
function g(x: number): string {
  const rounded = Number(x.toPrecision(6));
  const size = Math.abs(rounded);
  if (rounded === 0 || (size >= 1e-4 && size < 1e6)) return String(rounded);
  return rounded.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

async function* dumpText(bytes: number): AsyncGenerator<string> {
  const random = seededRandom(1);
  const signed = (size: number) => g(size * (random() - 0.5));
  for (let step = 0, written = 0; written < bytes; step += 100) {
    let text = `ITEM: TIMESTEP\n${step}\nITEM: NUMBER OF ATOMS\n${DUMP_ATOMS}\nITEM: BOX BOUNDS pp pp pp\n`;
    for (let k = 0; k < 3; k++) text += `0.0000000000000000e+00 ${BOX.toExponential(16).replace('e+', 'e+0')}\n`;
    text += 'ITEM: ATOMS id type x y z vx vy vz fx fy fz\n';
    for (let id = 1; id <= DUMP_ATOMS; id++) {
      text += `${id} ${1 + (id % 2)} ${g(BOX * random())} ${g(BOX * random())} ${g(BOX * random())} `;
      text += `${signed(20)} ${signed(20)} ${signed(20)} ${signed(8)} ${signed(8)} ${signed(8)} \n`;
    }
    written += text.length;
    yield text;
  }
}

const XYZ_ATOMS = 200;

async function* extxyz(bytes: number): AsyncGenerator<string> {
  const random = seededRandom(2);
  const fixed = (size: number) => (size * (random() - 0.5)).toFixed(8).padStart(16);
  for (let written = 0; written < bytes; ) {
    const stress = Array.from({ length: 9 }, () => 0.01 * (random() - 0.5));
    let text = `${XYZ_ATOMS}\nLattice="14.2 0.0 0.0 0.0 14.2 0.0 0.0 0.0 14.2" Properties=species:S:1:pos:R:3:forces:R:3 `;
    text += `energy=${-850 - random()} stress="${stress.join(' ')}" pbc="T T T"\n`;
    for (let k = 0; k < XYZ_ATOMS; k++) {
      text += `${k % 3 === 0 ? 'O ' : 'Si'} ${fixed(28)}${fixed(28)}${fixed(28)}`;
      text += `${fixed(6)}${fixed(6)}${fixed(6)}\n`;
    }
    written += text.length;
    yield text;
  }
}

/** The binary dump of LAMMPS, revision 2 (dump_custom.cpp, header of `dump_modify format binary`). */
async function* dumpBinary(bytes: number): AsyncGenerator<Uint8Array> {
  const random = seededRandom(3);
  const names = 'id type x y z vx vy vz fx fy fz';
  const columns = 11;
  for (let step = 0, written = 0; written < bytes; step += 100) {
    const head = Buffer.alloc(200);
    let at = head.writeBigInt64LE(-10n, 0);
    at += head.write('DUMPCUSTOM', at, 'latin1');
    at = head.writeInt32LE(1, at);
    at = head.writeInt32LE(2, at);
    at = head.writeBigInt64LE(BigInt(step), at);
    at = head.writeBigInt64LE(BigInt(DUMP_ATOMS), at);
    for (let k = 0; k < 7; k++) at = head.writeInt32LE(0, at);
    for (let k = 0; k < 3; k++) at = head.writeDoubleLE(BOX, head.writeDoubleLE(0, at));
    at = head.writeInt32LE(columns, at);
    at = head.writeInt32LE(0, at);
    at = head.writeUInt8(0, at);
    at = head.writeInt32LE(names.length, at);
    at += head.write(names, at, 'latin1');
    at = head.writeInt32LE(1, at);
    at = head.writeInt32LE(DUMP_ATOMS * columns, at);
    const rows = new Float64Array(DUMP_ATOMS * columns);
    for (let k = 0; k < DUMP_ATOMS; k++) {
      rows[columns * k] = k + 1;
      rows[columns * k + 1] = 1 + (k % 2);
      for (let c = 2; c < 5; c++) rows[columns * k + c] = BOX * random();
      for (let c = 5; c < columns; c++) rows[columns * k + c] = 10 * (random() - 0.5);
    }
    yield head.subarray(0, at);
    yield new Uint8Array(rows.buffer);
    written += at + rows.byteLength;
  }
}

const OUTCAR_ATOMS = 6;

async function* outcar(bytes: number): AsyncGenerator<string> {
  const random = seededRandom(4);
  let text = ' vasp.6.3.2 27Jun22 (build Nov 21 2026 00:00:00) complex\n\n';
  const potcars = ' POTCAR:    PAW_PBE Si 05Jan2001\n POTCAR:    PAW_PBE O 08Apr2002\n';
  text += `${potcars}${potcars}   TITEL  = PAW_PBE Si 05Jan2001\n   TITEL  = PAW_PBE O 08Apr2002\n`;
  text += '   ions per type =               2   4\n   NELM   =     60;   NELMIN=  2; NELMDL= -5     # of ELM steps\n';
  text +=
    '   number of dos      NEDOS =    301   number of ions     NIONS =      6\n   ISPIN  =      1    spin polarized calculation?\n\n';
  for (let step = 1, written = 0; written < bytes; step++) {
    text += ionicStep(step, random);
    written += text.length;
    yield text;
    text = '';
  }
  yield ' General timing and accounting informations for this job:\n ========================================================\n';
}

const DASHES = '-'.repeat(104);

function scfStep(step: number, scf: number, random: Random): string {
  const time = () => (0.5 * random()).toFixed(4).padStart(10);
  const value = (size: number) => (size * (random() - 0.5)).toFixed(8).padStart(18);
  const timing = [
    '    POTLOK',
    '    SETDIJ',
    '    EDDIAG',
    '  RMM-DIIS',
    '    ORTHCH',
    '       DOS',
    '    CHARGE',
    '    MIXING',
  ];
  const total = value(600);
  return [
    `--------------------------------------- Iteration ${String(step).padStart(6)}(${String(scf).padStart(4)})  ---------------------------------------\n\n`,
    ...timing.map((name) => `${name}:  cpu time${time()}: real time${time()}\n`),
    `    --------------------------------------------\n      LOOP:  cpu time${time()}: real time${time()}\n\n`,
    ' eigenvalue-minimisations  :  2048\n total energy-change (2. order) : 0.1795497E+00  (-0.8436236E+00)\n',
    ' number of electron      32.0000000 magnetization\n augmentation part       -0.5378848 magnetization\n\n',
    ' Broyden mixing:\n  rms(total) = 0.33620E+00    rms(broyden)= 0.33620E+00\n  rms(prec ) = 0.94670E+00\n',
    '  weight for this iteration     100.00\n\n eigenvalues of (default mixing * dielectric matrix)\n  average eigenvalue GAMMA=   0.9781\n  0.9781\n\n',
    ' Free energy of the ion-electron system (eV)\n  ---------------------------------------------------\n',
    ...[
      'alpha Z        PSCENC',
      'Ewald energy   TEWEN ',
      '-Hartree energ DENC  ',
      '-exchange      EXHF  ',
      '-V(xc)+E(xc)   XCENC ',
    ].map((name) => `  ${name} = ${value(900)}\n`),
    `  PAW double counting   = ${value(4000)} ${value(4000)}\n  entropy T*S    EENTRO = ${value(0.01)}\n`,
    `  eigenvalues    EBANDS = ${value(90)}\n  atomic energy  EATOM  = ${value(900)}\n  Solvation  Ediel_sol  =         0.00000000\n`,
    `  ---------------------------------------------------\n  free energy    TOTEN  = ${total} eV\n\n`,
    `  energy without entropy = ${total}  energy(sigma->0) = ${total}\n\n\n${DASHES}\n\n\n`,
  ].join('');
}

function ionicStep(step: number, random: Random): string {
  const fixed = (size: number, decimals: number, width: number) =>
    (size * (random() - 0.5)).toFixed(decimals).padStart(width);
  let text = '';
  for (let scf = 1; scf <= 12; scf++) text += scfStep(step, scf, random);
  text +=
    '------------------------ aborting loop because EDIFF is reached ----------------------------------------\n\n\n';
  text += bands(random);
  text +=
    '  FORCE on cell =-STRESS in cart. coord.  units (eV):\n  Direction    XX          YY          ZZ          XY          YZ          ZX\n';
  text += `  --------------------------------------------------------------------------------------\n  in kB ${Array.from({ length: 6 }, () => fixed(40, 5, 12)).join('')}\n  external pressure =        1.00 kB  Pullay stress =        0.00 kB\n\n`;
  text +=
    ' VOLUME and BASIS-vectors are now :\n -----------------------------------------------------------------------------\n';
  text +=
    '  energy-cutoff  :      500.00\n  volume of cell :      113.00\n      direct lattice vectors                 reciprocal lattice vectors\n';
  text += '     4.913000000  0.000000000  0.000000000     0.203541624  0.000000000  0.000000000\n';
  text += '     0.000000000  4.913000000  0.000000000     0.000000000  0.203541624  0.000000000\n';
  text += '     0.000000000  0.000000000  5.405000000     0.000000000  0.000000000  0.185013876\n\n\n';
  text += ' POSITION                                       TOTAL-FORCE (eV/Angst)\n';
  text += ' -----------------------------------------------------------------------------------\n';
  for (let k = 0; k < OUTCAR_ATOMS; k++)
    text += `${fixed(9, 5, 13)}${fixed(9, 5, 13)}${fixed(9, 5, 13)}   ${fixed(4, 6, 14)}${fixed(4, 6, 14)}${fixed(4, 6, 14)}\n`;
  text +=
    ' -----------------------------------------------------------------------------------\n    total drift:                                0.000010     -0.000002      0.000001\n\n\n';
  const energy = fixed(60, 8, 18);
  text +=
    '--------------------------------------------------------------------------------------------------------\n\n\n\n';
  text += '  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  ---------------------------------------------------\n';
  text += `  free  energy   TOTEN  = ${energy} eV\n\n  energy  without entropy= ${energy}  energy(sigma->0) = ${energy}\n\n\n\n${DASHES}\n\n\n`;
  return text;
}

/** Eigenvalues of one k-point: the most of a usual OUTCAR besides the SCF loop. */
function bands(random: Random): string {
  let text =
    ' E-fermi :   2.1000     XC(G=0):  -9.8000     alpha+bet : -9.3000\n\n k-point     1 :       0.0000    0.0000    0.0000\n  band No.  band energies     occupation \n';
  for (let k = 1; k <= 32; k++)
    text += `${String(k).padStart(7)}    ${(20 * random() - 10).toFixed(4).padStart(9)}      ${k <= 16 ? '2.00000' : '0.00000'}\n`;
  return `${text}\n`;
}
