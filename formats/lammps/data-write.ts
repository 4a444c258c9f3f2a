import { massOf, symbolOf } from '../../src/core/elements.ts';
import { MissingDataError, UsageError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { columnsOfStyle } from './atom-styles.ts';
import { edgeOf } from './box.ts';
import { TypeNumbers } from './output-columns.ts';
import { type OutputScale, outputScale } from './output-scale.ts';
import { type RestrictedBox, restrictedBoxOf, rotated } from './restricted-cell.ts';

/** Rows that make one piece of text. */
const PIECE = 512;

/**
 * LAMMPS data file of one frame: Masses with the elements as comments, Atoms, Velocities. The atom style is `options.atomStyle`,
 * else full, molecular, charge or atomic by what the frame has. General cells are rotated with a diagnostic. Throws UsageError
 * for a second frame, MissingDataError where the style needs a column that the frame does not have.
 */
export async function* writeData(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  let count = 0;
  for await (const frame of frames) {
    if (++count > 1) throw new UsageError('a LAMMPS data file holds one frame: choose one');
    yield* dataFile(frame, options);
  }
}

function* dataFile(frame: Frame, options: WriteOptions): Generator<string, void> {
  const scale = outputScale(frame, options);
  const box = restrictedBoxOf(frame, scale, options);
  reportTilt(box, frame, options);
  const types = new TypeNumbers(options);
  const type = Int32Array.from(types.of(frame) as Int32Array, Number);
  const ntypes = type.reduce((most, t) => Math.max(most, t), types.elements.length);
  const style = options.atomStyle ?? styleOf(frame);
  const positions = vectors(frame.positions, scale.length, box);
  if (!positions.every(Number.isFinite))
    throw new MissingDataError('a frame has positions that are not finite', 'a data file needs all positions');
  const { timestep } = frame.info;
  const step = timestep === undefined ? '' : `timestep = ${timestep}, `;
  yield `LAMMPS data file, ${step}units = ${scale.style}\n\n${frame.natoms} atoms\n${ntypes} atom types\n\n${boxText(box)}`;
  yield massesText(frame, type, { ntypes, scale, options });
  if (frame.natoms === 0) return;
  yield `\nAtoms # ${style}\n\n`;
  yield* rowTexts(frame.natoms, atomColumns(frame, style, { type, positions, scale, box }));
  if (!frame.velocities) return;
  const velocities = vectors(frame.velocities, scale.velocity, box);
  yield '\nVelocities\n\n';
  yield* rowTexts(frame.natoms, [idColumn(frame), ...[0, 1, 2].map((k) => (row: number) => velocities[3 * row + k])]);
}

/** The style that the frame was read with, or the richest common one, for which it has the columns. */
function styleOf({ charges, masses, arrays, info }: Frame): string {
  const has = (name: string) => {
    if (['id', 'type', 'x', 'y', 'z'].includes(name)) return true;
    return (
      arrays[name]?.columns === 1 ||
      (name === 'q' && charges !== undefined) ||
      (name === 'mass' && masses !== undefined)
    );
  };
  const fits = (style: unknown) => typeof style === 'string' && columnsOfStyle(style)?.every(has);
  return [info['atom_style'], 'full', 'molecular', 'charge'].find(fits)?.toString() ?? 'atomic';
}

type Column = (row: number) => number | bigint | string;

function atomColumns(
  frame: Frame,
  style: string,
  known: { type: Int32Array; positions: Float64Array; scale: OutputScale; box: RestrictedBox },
): Column[] {
  const names = columnsOfStyle(style);
  if (!names) throw new UsageError(`unknown atom style "${style}"`);
  const { type, positions, scale, box } = known;
  const columns = names.map((name): Column => {
    const axis = ['x', 'y', 'z'].indexOf(name);
    if (axis >= 0) return (row) => positions[3 * row + axis];
    if (name === 'id') return idColumn(frame);
    if (name === 'type') return (row) => type[row];
    const field = name === 'q' ? frame.charges : name === 'mass' ? frame.masses : undefined;
    if (field) return (row) => field[row] / (name === 'q' ? scale.charge : scale.mass);
    return arrayColumn(frame, name, `atom style ${style} needs it; choose another style`);
  });
  if (!['ix', 'iy', 'iz'].every((name) => frame.arrays[name]?.columns === 1)) return columns;
  const [ix, iy, iz] = ['ix', 'iy', 'iz'].map((name) => arrayColumn(frame, name, ''));
  return [...columns, ix, iy, box.flippedC ? (row) => 0 - Number(iz(row)) : iz];
}

function idColumn(frame: Frame): Column {
  return frame.arrays['id']?.columns === 1 ? arrayColumn(frame, 'id', '') : (row) => row + 1;
}

function arrayColumn(frame: Frame, name: string, hint: string): Column {
  const array = frame.arrays[name];
  if (array?.columns !== 1) throw new MissingDataError(`the frame has no column "${name}"`, hint);
  const { data } = array;
  return (row) => data[row];
}

function vectors(rows: Float64Array, factor: number, { rotation }: RestrictedBox): Float64Array {
  const scaled = factor === 1 ? rows : rows.map((v) => v / factor);
  return rotation ? rotated(scaled, rotation) : scaled;
}

function boxText({ cell, origin }: RestrictedBox): string {
  const edges = ['x', 'y', 'z'].map(
    (axis, k) => `${origin[k]} ${edgeOf(origin[k], cell[4 * k])} ${axis}lo ${axis}hi\n`,
  );
  const tilt = [cell[3], cell[6], cell[7]];
  return `${edges.join('')}${tilt.some((t) => t !== 0) ? `${tilt.join(' ')} xy xz yz\n` : ''}`;
}

/** Mass and element of each type; empty, with a diagnostic, where a type has neither. */
function massesText(
  frame: Frame,
  type: Int32Array,
  { ntypes, scale, options }: { ntypes: number; scale: OutputScale; options: WriteOptions },
): string {
  const mapped = new TypeNumbers(options).elements;
  const masses: number[] = [];
  const elements: number[] = [];
  for (let row = 0; row < frame.natoms; row++) {
    const t = type[row];
    const z = frame.numbers[row];
    const mass = frame.masses?.[row] ?? massOf(z);
    if (masses[t] !== undefined && !Object.is(masses[t], mass))
      throw new MissingDataError(`atoms of type ${t} have different masses`, 'a data file has one mass a type');
    masses[t] = mass;
    if (elements[t] === undefined) elements[t] = z;
    else if (elements[t] !== z) elements[t] = 0;
  }
  let text = '\nMasses\n\n';
  for (let t = 1; t <= ntypes; t++) {
    const z = elements[t] ?? mapped[t - 1] ?? 0;
    const mass = (masses[t] ?? massOf(z)) / scale.mass;
    if (!(mass > 0)) {
      options.onDiagnostic({
        severity: 'warning',
        code: 'no-masses',
        message: `the mass of type ${t} is not known: Masses is left out, LAMMPS needs the command mass`,
      });
      return '';
    }
    text += `${t} ${mass}${z > 0 ? ` # ${symbolOf(z)}` : ''}\n`;
  }
  return ntypes > 0 ? text : '';
}

/** LAMMPS refuses a tilt of more than half the edge (manual page "box", option tilt). */
function reportTilt({ cell }: RestrictedBox, frame: Frame, options: WriteOptions): void {
  const limit = 0.5 * (1 + 1e-9);
  const isLarge = [cell[3] / cell[0], cell[6] / cell[0], cell[7] / cell[4]].some((ratio) => Math.abs(ratio) > limit);
  if (!isLarge) return;
  options.onDiagnostic({
    severity: 'warning',
    code: 'large-tilt',
    message: 'a tilt is larger than half of its edge: LAMMPS reads it with "box tilt large" only',
    ...(frame.origin && { at: frame.origin }),
  });
}

function* rowTexts(natoms: number, columns: readonly Column[]): Generator<string, void> {
  let piece = '';
  for (let row = 0; row < natoms; row++) {
    let line = `${columns[0](row)}`;
    for (let c = 1; c < columns.length; c++) line += ` ${columns[c](row)}`;
    piece += `${line}\n`;
    if ((row + 1) % PIECE === 0) {
      yield piece;
      piece = '';
    }
  }
  if (piece) yield piece;
}
