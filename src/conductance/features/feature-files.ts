import { npyHeader } from '../../../formats/deepmd/npy.ts';
import type { ReadOptions } from '../../../formats/format.ts';
import type { SoapSettings } from '../../../potentials/descriptors/soap.ts';
import type { Backend } from '../../../potentials/kernels/backends.ts';
import { openSoapKernel } from '../../../potentials/kernels/conductance/soap-kernel.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { openFrames } from '../../convert/open.ts';
import { MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { coulombSpectrum } from './coulomb-matrix.ts';
import { minimumCrossSection } from './cross-section.ts';

export type FeatureKind = 'soap' | 'averaged-soap' | 'coulomb' | 'cross-section';

export interface FeatureRequest {
  readonly inputs: readonly string[];
  /** numpy file, float64. */
  readonly output: string;
  readonly kind: FeatureKind;
  readonly soap: Omit<SoapSettings, 'species'>;
  /** Of SOAP; the compiled ones compute in single precision. Default: the fastest that works. */
  readonly backend?: Backend;
  /** Types of atoms that are no centers (grips); they are neighbors of the others all the same. */
  readonly withoutTypes: readonly number[];
  /** Most atoms a Coulomb matrix can have. */
  readonly width: number;
  readonly read: Omit<ReadOptions, 'path'>;
}

/** A kind of feature: rows of a frame, each of `columns` numbers. */
interface FeatureMaker {
  readonly columns: number;
  rows(frame: Frame, centers: Int32Array): number;
  make(frame: Frame, centers: Int32Array): Float64Array;
}

/**
 * Features of all frames as one numpy array (rows, columns): a row per mobile atom for `soap`, a row per frame otherwise. Returns its
 * shape. Throws MissingDataError for inputs without frames or atoms.
 */
export async function featureFiles(request: FeatureRequest): Promise<readonly [rows: number, columns: number]> {
  const species = new Set<number>();
  let frames = 0;
  let atoms = 0;
  for await (const frame of inputs({ ...request, read: { ...request.read, onDiagnostic: () => {} } })) {
    frames++;
    atoms += centersOf(frame, request).length;
    for (const z of frame.numbers) species.add(z);
  }
  if (atoms === 0) throw new MissingDataError(`${request.inputs.join(', ')}: no mobile atoms`, 'see --without-types');
  const maker = featureMaker(
    request,
    [...species].sort((a, b) => a - b),
  );
  const shape = [request.kind === 'soap' ? atoms : frames, maker.columns] as const;
  await writeBytes(request.output, pieces(request, maker, shape));
  return shape;
}

function featureMaker(
  { kind, soap: settings, backend, width }: FeatureRequest,
  species: readonly number[],
): FeatureMaker {
  if (kind === 'cross-section')
    return { columns: 1, rows: () => 1, make: (frame) => Float64Array.of(minimumCrossSection(frame.positions)) };
  if (kind === 'coulomb')
    return { columns: width, rows: () => 1, make: (frame, centers) => coulombOf(frame, centers, width) };
  const soap = openSoapKernel({ ...settings, species }, backend);
  const { nfeatures: columns } = soap;
  const list = (frame: Frame) => buildNeighborList(frame, soap.settings.cutoff);
  if (kind === 'averaged-soap')
    return {
      columns,
      rows: () => 1,
      make: (frame, centers) => soap.mean(list(frame), centers, new Float64Array(centers.length).fill(1)),
    };
  return {
    columns,
    rows: (_, centers) => centers.length,
    make: (frame, centers) => {
      const out = new Float64Array(centers.length * columns);
      soap.compute(list(frame), centers, out);
      return out;
    },
  };
}

function coulombOf(frame: Frame, centers: Int32Array, width: number): Float64Array {
  const numbers = Uint8Array.from(centers, (i) => frame.numbers[i]);
  const positions = Float64Array.from({ length: 3 * centers.length }, (_, k) => {
    const i = centers[Math.floor(k / 3)];
    return frame.positions[3 * i + (k % 3)];
  });
  return coulombSpectrum(numbers, positions, width);
}

function centersOf(frame: Frame, { withoutTypes }: FeatureRequest): Int32Array {
  const type = frame.arrays['type']?.data;
  const all = Int32Array.from({ length: frame.natoms }, (_, k) => k);
  return type ? all.filter((i) => !withoutTypes.includes(Number(type[i]))) : all;
}

async function* pieces(request: FeatureRequest, maker: FeatureMaker, shape: readonly number[]) {
  yield npyHeader('<f8', shape);
  let rows = 0;
  for await (const frame of inputs(request)) {
    const centers = centersOf(frame, request);
    if (centers.length === 0 && request.kind !== 'cross-section') {
      if (request.kind === 'soap') continue;
      throw new MissingDataError('a frame has no mobile atom', 'leave it out, or see --without-types');
    }
    rows += maker.rows(frame, centers);
    const values = maker.make(frame, centers);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await new Promise(setImmediate);
  }
  if (rows !== shape[0]) throw new MissingDataError('the inputs changed while they were read', 'run it again');
}

async function* inputs({ inputs: paths, read }: FeatureRequest): AsyncGenerator<Frame, void> {
  for (const path of paths) yield* (await openFrames(undefined, { ...read, path })).frames;
}
