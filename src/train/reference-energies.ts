/**
 * Energy per atom of each element in eV, so that Σ ε of a structure is as close as possible to its energy, in eV per atom, over
 * all structures (least squares). Where compositions cannot tell elements apart (one stoichiometry only) the solution nearest to
 * equal energies is taken. `counts` has one row per structure with the atoms of each element; `energies` in eV.
 */
export function fitReferenceEnergies(counts: readonly Float64Array[], energies: readonly number[]): Float64Array {
  const elements = counts[0].length;
  const atoms = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const mean = energies.reduce((sum, e, s) => sum + e / atoms[s], 0) / energies.length;
  const matrix = Array.from({ length: elements }, () => new Float64Array(elements + 1));
  for (let s = 0; s < counts.length; s++) {
    for (let a = 0; a < elements; a++) {
      const fraction = counts[s][a] / atoms[s];
      for (let b = 0; b < elements; b++) matrix[a][b] += (fraction * counts[s][b]) / atoms[s];
      matrix[a][elements] += fraction * (energies[s] / atoms[s] - mean);
    }
  }
  // The smallest ridge that makes equal compositions solvable; it moves well-determined energies by about 1e-9 of their spread.
  const ridge = 1e-9 * counts.length;
  for (let a = 0; a < elements; a++) matrix[a][a] += ridge;
  return solve(matrix).map((shift) => mean + shift);
}

/** Gaussian elimination of a positive definite system given with its right side as the last column. */
function solve(rows: Float64Array[]): Float64Array {
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    for (let r = k + 1; r < n; r++) {
      const factor = rows[r][k] / rows[k][k];
      for (let c = k; c <= n; c++) rows[r][c] -= factor * rows[k][c];
    }
  }
  const x = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = rows[k][n];
    for (let c = k + 1; c < n; c++) sum -= rows[k][c] * x[c];
    x[k] = sum / rows[k][k];
  }
  return x;
}
