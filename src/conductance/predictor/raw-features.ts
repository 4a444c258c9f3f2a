import type { SoapSettings } from '../../../potentials/descriptors/soap.ts';
import { openSoapKernel, type SoapKernel } from '../../../potentials/kernels/conductance/soap-kernel.ts';
import { MissingDataError } from '../../core/errors.ts';
import { coulombSpectrum } from '../features/coulomb-matrix.ts';
import type { Wire } from '../geometry/wire.ts';
import { neckOf } from './neck.ts';
import { COULOMB_WIDTH, type PredictorModel, seesNeck } from './recipes.ts';

/** Places of the mobile atoms. Throws MissingDataError where there are none. */
export function mobileAtoms({ natoms, bottom, top }: Wire): Int32Array {
  const count = natoms - bottom - top;
  if (count === 0) throw new MissingDataError('a wire without mobile atoms has no features', 'see --grips');
  return Int32Array.from({ length: count }, (_, k) => bottom + k);
}

/** Raw features of wires; all atoms are neighbors, only mobile atoms are centers. For one thread. */
export class RawFeatures {
  readonly kernel: SoapKernel;
  #rows = new Float32Array(0);

  constructor(soap: SoapSettings) {
    this.kernel = openSoapKernel(soap);
  }

  /** SOAP of the mobile atoms (mobile, features); overwritten by the next call. */
  rows(wire: Wire, centers = mobileAtoms(wire)): Float32Array {
    const size = centers.length * this.kernel.nfeatures;
    if (this.#rows.length < size) this.#rows = new Float32Array(size);
    const out = this.#rows.subarray(0, size);
    this.kernel.compute({ positions: wire.positions, numbers: wire.numbers }, centers, out);
    return out;
  }

  /** Raw vector of a wire for a global model; the mean of SOAP for the others. `rows` are those of the wire. */
  vector(model: PredictorModel, wire: Wire, rows: Float32Array): Float64Array {
    if (model === 'coulomb') return coulombOf(wire);
    if (!seesNeck(model)) return weightedMean(rows, new Float64Array(rows.length / this.kernel.nfeatures).fill(1));
    const { weights, crossSections } = neckOf(wire);
    const mean = weightedMean(rows, weights);
    const out = new Float64Array(mean.length + crossSections.length);
    out.set(mean);
    out.set(crossSections, mean.length);
    return out;
  }
}

function weightedMean(rows: Float32Array, weights: Float64Array): Float64Array {
  const width = rows.length / weights.length;
  const out = new Float64Array(width);
  const total = weights.reduce((sum, w) => sum + w, 0);
  for (let i = 0, k = 0; i < weights.length; i++) {
    const w = weights[i] / total;
    for (let f = 0; f < width; f++, k++) out[f] += w * rows[k];
  }
  return out;
}

function coulombOf({ bottom, natoms, top, numbers, positions }: Wire): Float64Array {
  const end = natoms - top;
  return coulombSpectrum(numbers.subarray(bottom, end), positions.subarray(3 * bottom, 3 * end), COULOMB_WIDTH);
}
