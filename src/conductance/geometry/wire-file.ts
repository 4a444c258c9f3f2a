import { writeExtxyz } from '../../../formats/extxyz/write.ts';
import { lammpsData } from '../../../formats/lammps/data.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import type { Frame } from '../../core/frame.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { type BuiltWire, buildWire, type WirePlan } from './build-wire.ts';

/** Room around the wire in its box, Å: a wire may be pulled to a multiple of its length. */
const SIDE = 50;
const BELOW = 20;
const ABOVE = 150;

/** Types of the atoms, as the pulling inputs and `conductance label` take them by default. */
const TYPE = { mobile: 1, bottom: 2, top: 3 } as const;

/**
 * Builds a wire and writes it: extxyz (no cell), or a LAMMPS data file (units metal, atomic) where the name is one of `data.*`,
 * `*.data`, `*.lmp`; types 1 mobile, 2 bottom grip, 3 top grip. `above` is the room for pulling, Å.
 */
export async function writeWire(
  plan: WirePlan,
  output: string,
  onDiagnostic: DiagnosticSink,
  above = ABOVE,
): Promise<BuiltWire> {
  const wire = buildWire(plan);
  const isData = lammpsData.fileNames.some((name) => name.test(output.replace(/^.*\//, '').replace(/\.gz$/, '')));
  const options = { onDiagnostic };
  await writeBytes(
    output,
    isData
      ? lammpsData.write(one(boxed(wire, plan, above)), options)
      : writeExtxyz(one(wireFrame(wire, plan)), options),
  );
  return wire;
}

/** The wire as a frame with the keys of the nanowire data sets. */
export function wireFrame(wire: BuiltWire, plan: WirePlan): Frame {
  const type = new Int32Array(wire.natoms).fill(TYPE.mobile);
  type.fill(TYPE.bottom, 0, wire.bottom).fill(TYPE.top, wire.natoms - wire.top);
  return {
    natoms: wire.natoms,
    cell: null,
    pbc: [false, false, false],
    numbers: wire.numbers,
    positions: wire.positions,
    arrays: { type: { columns: 1, data: type } },
    info: {
      axis: `${plan.lattice}${plan.orientation}`,
      n_bottom: wire.bottom,
      n_top: wire.top,
      crystal_period: wire.crystalPeriod,
      lead_period: wire.leadPeriod,
    },
  };
}

/** With a box, as LAMMPS needs one. */
function boxed(wire: BuiltWire, plan: WirePlan, above: number): Frame {
  const frame = wireFrame(wire, plan);
  const half = Math.ceil(plan.diameter / 2) + SIDE;
  const height = wire.length + BELOW + above;
  return {
    ...frame,
    cell: Float64Array.of(2 * half, 0, 0, 0, 2 * half, 0, 0, 0, height),
    info: { ...frame.info, origin: [-half, -half, -BELOW] },
  };
}

async function* one(frame: Frame): AsyncGenerator<Frame, void> {
  yield frame;
}
