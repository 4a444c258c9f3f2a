import type { ReadOptions } from '../../../formats/format.ts';
import { openFrames } from '../../convert/open.ts';
import { symbolOf } from '../../core/elements.ts';
import { formatLocation, MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { minimumCrossSection } from '../features/cross-section.ts';
import { WireFinder, type WireRule } from '../geometry/find-wire.ts';
import type { Wire } from '../geometry/wire.ts';
import { conductanceOf } from '../import/conductance-value.ts';
import { TrajectoryCounter } from '../label/labelled-frame.ts';

/** A labelled wire. */
export interface Snapshot {
  readonly file: string;
  readonly trajectory: string;
  readonly index: number;
  readonly wire: Wire;
  /** Smallest cross-section, atoms/Å. */
  readonly crossSection: number;
  /** Label, G0. */
  readonly conductance: number;
}

export interface SnapshotRequest {
  readonly files: readonly string[];
  readonly format?: string;
  /** Key of the label; otherwise the first that is known. */
  readonly key?: string;
  readonly wire: Omit<WireRule, 'z' | 'leads'>;
  readonly read: Omit<ReadOptions, 'path'>;
}

/**
 * Reads labelled wires of one metal; `z` is its atomic number where it is known. Throws MissingDataError for frames without a label,
 * of another metal, or that are no wire.
 */
export async function readSnapshots(request: SnapshotRequest, z?: number): Promise<Snapshot[]> {
  const out: Snapshot[] = [];
  const counter = new TrajectoryCounter();
  let finder: WireFinder | undefined;
  for (const file of request.files) {
    const { frames } = await openFrames(request.format, { ...request.read, path: file });
    for await (const frame of frames) {
      finder ??= new WireFinder({ ...request.wire, z: z ?? elementOf(frame, file), leads: false });
      const { trajectory, index } = counter.place(frame, file);
      const wire = finder.find(frame, trajectory);
      const crossSection = minimumCrossSection(wire.positions);
      out.push({ file, trajectory, index, wire, crossSection, conductance: labelOf(frame, request.key) });
    }
  }
  if (out.length === 0) throw new MissingDataError(`${request.files.join(', ')}: no frame`, 'nothing to learn from');
  return out;
}

function elementOf(frame: Frame, path: string): number {
  const z = frame.numbers.find((number) => number > 0);
  if (z !== undefined) return z;
  throw new MissingDataError(`${formatLocation({ path })}: the frames do not name their element`, 'give --type-map');
}

/** Atomic number of the wires. */
export function metalOfSnapshots([first]: readonly Snapshot[]): number {
  const z = first.wire.numbers.find((number) => number > 0) ?? 0;
  if (symbolOf(z)) return z;
  throw new MissingDataError('the wires name no element', 'give --type-map');
}

function labelOf(frame: Frame, key: string | undefined): number {
  const place = frame.origin ? `${formatLocation(frame.origin)}: ` : '';
  try {
    const g = conductanceOf(frame.info, key);
    if (g !== undefined) return g;
  } catch (error) {
    if (error instanceof RangeError) throw new MissingDataError(`${place}${error.message}`, 'leave the frame out');
    throw error;
  }
  const hint = 'label the frames first: conductance label';
  throw new MissingDataError(`${place}no conductance${key ? ` under ${key}` : ''}`, hint);
}
