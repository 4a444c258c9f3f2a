import { symbolOf } from '../../src/core/elements.ts';
import { MissingDataError, UsageError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { blocksOf } from './species.ts';

/**
 * One structure in VASP 5 layout, scale 1, Cartesian (exact; Direct would round). Potential labels, selective dynamics,
 * velocities (Å/fs in the file) and the MD state of a CONTCAR are written when the frame has them.
 * @throws MissingDataError without a cell, without elements, or for numbers that are not finite
 * @throws UsageError for a second structure
 */
export async function* writePoscar(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  let written = 0;
  for await (const frame of frames) {
    if (written++ > 0) throw new UsageError('a POSCAR holds one structure, found more; choose one with -n');
    yield* poscarText(frame, options);
  }
}

function* poscarText(frame: Frame, options: WriteOptions): Generator<string, void> {
  if (!frame.cell) throw new MissingDataError('a POSCAR needs a cell', 'give the structure one first');
  const { labels, counts } = blocksOf(labelsOfFrame(frame));
  if (new Set(labels).size < labels.length)
    options.onDiagnostic({
      severity: 'info',
      code: 'repeated-species',
      message: `the atom order gives ${labels.length} blocks of ${new Set(labels).size} species; the POTCAR needs one entry a block`,
    });
  const comment = frame.info['comment'];
  yield `${typeof comment === 'string' ? comment.replace(/[\r\n]+/g, ' ') : labels.join(' ')}\n1.0\n`;
  yield rows(frame.cell);
  yield `${wrapped(labels)}${wrapped(counts)}`;
  const flags = frame.arrays['selective_dynamics'];
  yield flags ? 'Selective dynamics\nCartesian\n' : 'Cartesian\n';
  yield* inPieces(frame.positions, flags);
  const lattice = frame.info['lattice_velocities'];
  if (typeof lattice === 'string') yield lattice;
  const direct = frame.arrays['velocities_direct'];
  if (frame.velocities) {
    yield '\n';
    yield* inPieces(frame.velocities.map((v) => v / 1000));
  } else if (direct?.data instanceof Float64Array) {
    yield 'Direct\n';
    yield* inPieces(direct.data);
  }
  const state = frame.info['md_state'];
  if (typeof state === 'string') yield state;
}

/** Potential labels where the frame keeps them, else element symbols. */
export function labelsOfFrame(frame: Frame): readonly string[] {
  const kept = frame.arrays['species']?.data as readonly string[] | undefined;
  const labels = Array.from(frame.numbers, (z, k) => (typeof kept?.[k] === 'string' ? kept[k] : symbolOf(z)));
  const unknown = labels.findIndex((label, k) => frame.numbers[k] === 0 && (label === 'X' || !/^[A-Za-z]/.test(label)));
  if (unknown >= 0)
    throw new MissingDataError(`the element of atom ${unknown + 1} is unknown`, 'name the elements with a type map');
  return labels;
}

function wrapped(words: readonly (string | number)[]): string {
  let text = '';
  for (let k = 0; k < words.length; k += 20) text += `  ${words.slice(k, k + 20).join('  ')}\n`;
  return text;
}

function* inPieces(values: Float64Array, flags?: PerAtom): Generator<string, void> {
  for (let at = 0; at < values.length; at += 3 * 1024)
    yield rows(values.subarray(at, at + 3 * 1024), flags && { flags, from: at });
}

function rows(values: Float64Array, selective?: { flags: PerAtom; from: number }): string {
  let text = '';
  for (let k = 0; k < values.length; k += 3) {
    text += `${decimal(values[k])} ${decimal(values[k + 1])} ${decimal(values[k + 2])}`;
    if (selective)
      for (let j = 0; j < 3; j++) text += Number(selective.flags.data[selective.from + k + j]) ? ' T' : ' F';
    text += '\n';
  }
  return text;
}

/** 16 decimals as VASP writes them where that is exact, else the shortest exact text. */
function decimal(value: number): string {
  if (!Number.isFinite(value))
    throw new MissingDataError(`found ${value} among the numbers to write`, 'leave the frame out');
  const fixed = value.toFixed(16);
  return (Number(fixed) === value ? fixed : String(value)).padStart(21);
}
