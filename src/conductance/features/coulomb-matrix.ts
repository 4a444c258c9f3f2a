import { PotentialError } from '../../core/errors.ts';
import { symmetricEigenvalues } from '../linear-algebra/symmetric-eigen.ts';

/**
 * Eigenvalues of the Coulomb matrix (M. Rupp et al., PRL 108, 058301 (2012)) M_ii = ½ Z^2.4, M_ij = Z_i Z_j / r_ij (1/Å), by
 * descending size, padded with zeros to `width`. Throws PotentialError for more than `width` atoms.
 */
export function coulombSpectrum(numbers: Uint8Array, positions: Float64Array, width: number): Float64Array {
  const n = numbers.length;
  if (n > width) throw new PotentialError(`${n} atoms do not fit into a Coulomb matrix of ${width}`);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    matrix[i * n + i] = 0.5 * numbers[i] ** 2.4;
    for (let j = 0; j < i; j++) {
      const r = Math.hypot(
        positions[3 * i] - positions[3 * j],
        positions[3 * i + 1] - positions[3 * j + 1],
        positions[3 * i + 2] - positions[3 * j + 2],
      );
      matrix[i * n + j] = matrix[j * n + i] = (numbers[i] * numbers[j]) / r;
    }
  }
  const out = new Float64Array(width);
  out.set(symmetricEigenvalues(matrix, n).sort((a, b) => Math.abs(b) - Math.abs(a)));
  return out;
}
