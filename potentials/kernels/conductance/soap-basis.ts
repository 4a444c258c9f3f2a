import type { Soap } from '../../descriptors/soap.ts';

/** The radial integrals of one l as combinations of a few orthonormal functions: R_n = Σ_k q_k K_kn. */
interface RadialFunctions {
  readonly rank: number;
  /** K (rank, nmax). */
  readonly combination: Float64Array;
  /** q (rank, knots). */
  readonly values: Float64Array;
}

/**
 * Gaussians wider than the radial basis resolves make its highest functions nearly dependent. What is left out is this small against
 * the largest integral: below the rounding of single precision.
 */
const NEGLIGIBLE = 1e-8;

const known = new WeakMap<Soap, readonly RadialFunctions[]>();

/** For each l by Gram-Schmidt with the largest remainder first. */
export function radialFunctions(soap: Soap): readonly RadialFunctions[] {
  const found = known.get(soap) ?? functionsOf(soap);
  known.set(soap, found);
  return found;
}

function functionsOf(soap: Soap): RadialFunctions[] {
  const { nmax, lmax } = soap.settings;
  const { values } = soap.radialTable;
  const row = (lmax + 1) * nmax;
  const knots = values.length / row;
  return Array.from({ length: lmax + 1 }, (_, l) => {
    const rest = Array.from({ length: nmax }, (_, n) =>
      Float64Array.from({ length: knots }, (_, k) => values[k * row + l * nmax + n]),
    );
    return orthonormal(rest);
  });
}

function orthonormal(rest: Float64Array[]): RadialFunctions {
  const nmax = rest.length;
  const largest = Math.max(...rest.map(norm));
  const found: Float64Array[] = [];
  const combination: Float64Array[] = [];
  while (found.length < nmax) {
    const sizes = rest.map(norm);
    const best = sizes.indexOf(Math.max(...sizes));
    if (found.length > 0 && !(sizes[best] > NEGLIGIBLE * largest)) break;
    const size = sizes[best] || 1;
    const q = rest[best].map((value) => value / size);
    const row = new Float64Array(nmax);
    // Twice: what rounding leaves of q after the first pass would spoil the next functions.
    for (let pass = 0; pass < 2; pass++)
      for (let n = 0; n < nmax; n++) {
        const part = dot(q, rest[n]);
        row[n] += part;
        for (let k = 0; k < q.length; k++) rest[n][k] -= part * q[k];
      }
    found.push(q);
    combination.push(row);
  }
  return { rank: found.length, combination: joined(combination), values: joined(found) };
}

/** Features per atom for functions of these ranks. */
function productCount(ranks: readonly number[], species: number): number {
  const pairs = (species * (species - 1)) / 2;
  return ranks.reduce((sum, r) => sum + (species * r * (r + 1)) / 2 + pairs * r * r, 0);
}

/**
 * Weights (features, outputs) of a layer on the power spectrum as weights on the products of the functions q: the same sums over
 * n and n', since c_n = Σ_k K_kn d_k.
 */
export function foldedWeights(
  weights: Float64Array,
  outputs: number,
  functions: readonly RadialFunctions[],
  { species, nmax }: { readonly species: number; readonly nmax: number },
): Float64Array {
  const ranks = functions.map(({ rank }) => rank);
  const out = new Float64Array(productCount(ranks, species) * outputs);
  const full = new Float64Array(nmax * nmax);
  let from = 0;
  let to = 0;
  for (const { rank, combination } of functions)
    for (let a = 0; a < species; a++)
      for (let b = a; b < species; b++) {
        const pairs = pairsOf(nmax, a === b);
        const folded = pairsOf(rank, a === b);
        for (let o = 0; o < outputs; o++) {
          pairs.forEach(([n, p], k) => {
            const value = weights[(from + k) * outputs + o];
            if (a !== b) full[n * nmax + p] = value;
            else full[n * nmax + p] = full[p * nmax + n] = n === p ? value : value / 2;
          });
          const half = matrixProduct(combination, full, rank, nmax);
          folded.forEach(([k, l], i) => {
            let sum = 0;
            for (let n = 0; n < nmax; n++) sum += half[k * nmax + n] * combination[l * nmax + n];
            out[(to + i) * outputs + o] = a === b && k !== l ? 2 * sum : sum;
          });
        }
        from += pairs.length;
        to += folded.length;
      }
  return out;
}

/** (n, n') in the order of the features. */
function pairsOf(n: number, same: boolean): [number, number][] {
  const out: [number, number][] = [];
  for (let i = 0; i < n; i++) for (let j = same ? i : 0; j < n; j++) out.push([i, j]);
  return out;
}

/** (rows, n) · (n, n). */
function matrixProduct(a: Float64Array, b: Float64Array, rows: number, n: number): Float64Array {
  const out = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < n; k++) {
      const value = a[i * n + k];
      for (let j = 0; j < n; j++) out[i * n + j] += value * b[k * n + j];
    }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  rows.reduce((at, row) => {
    out.set(row, at);
    return at + row.length;
  }, 0);
  return out;
}
