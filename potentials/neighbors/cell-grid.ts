/** Edges are larger by this factor, so that rounding of a coordinate cannot hide a pair at the very cutoff. */
const ROUNDING = 1 + 1e-9;

/**
 * Linked cells of edge cutoff/2 (or larger, so that there are never many more cells than atoms) over the bounding box of the
 * positions; atoms sorted by cell with x running fastest, so that the cells around an atom are a few contiguous rows.
 */
export class CellGrid {
  /** Coordinates and indices of the atoms in cell order. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly atom: Int32Array;
  /** Rows found by `rowsAround`: atoms rowStart[k] … rowEnd[k]−1 of the arrays above. */
  readonly rowStart: Int32Array;
  readonly rowEnd: Int32Array;
  readonly #start: Int32Array;
  readonly #low: readonly number[];
  readonly #inverseEdge: readonly number[];
  readonly #count: readonly number[];
  readonly #reach: readonly number[];

  constructor(positions: Float64Array, cutoff: number) {
    const n = positions.length / 3;
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    for (let i = 0; i < positions.length; i++) {
      const k = i % 3;
      if (positions[i] < low[k]) low[k] = positions[i];
      if (positions[i] > high[k]) high[k] = positions[i];
    }
    const width = low.map((x, k) => (n === 0 ? 0 : high[k] - x));
    const edges = edgesFor(width, (cutoff / 2) * ROUNDING, Math.max(64, 2 * n));
    const count = width.map((w, k) => Math.floor(w / edges[k]) + 1);
    this.#low = low;
    this.#inverseEdge = edges.map((edge) => 1 / edge);
    this.#count = count;
    this.#reach = edges.map((edge) => Math.ceil(cutoff / edge));
    const rows = (2 * this.#reach[1] + 1) * (2 * this.#reach[2] + 1);
    this.rowStart = new Int32Array(rows);
    this.rowEnd = new Int32Array(rows);

    const bin = new Int32Array(n);
    const start = new Int32Array(count[0] * count[1] * count[2] + 1);
    for (let i = 0; i < n; i++) {
      const a = this.#cellAlong(0, positions[3 * i]);
      const b = this.#cellAlong(1, positions[3 * i + 1]);
      const c = this.#cellAlong(2, positions[3 * i + 2]);
      bin[i] = (c * count[1] + b) * count[0] + a;
      start[bin[i] + 1]++;
    }
    for (let k = 1; k < start.length; k++) start[k] += start[k - 1];
    this.#start = start;
    this.x = new Float64Array(n);
    this.y = new Float64Array(n);
    this.z = new Float64Array(n);
    this.atom = new Int32Array(n);
    const next = start.slice();
    for (let i = 0; i < n; i++) {
      const at = next[bin[i]]++;
      this.atom[at] = i;
      this.x[at] = positions[3 * i];
      this.y[at] = positions[3 * i + 1];
      this.z[at] = positions[3 * i + 2];
    }
  }

  /** Rows of cells within the cutoff of a point; their number. */
  rowsAround(x: number, y: number, z: number): number {
    const [nx, ny, nz] = this.#count;
    const [rx, ry, rz] = this.#reach;
    const a = this.#cellAlong(0, x);
    const b = this.#cellAlong(1, y);
    const c = this.#cellAlong(2, z);
    const fromA = Math.max(0, a - rx);
    const toA = Math.min(nx - 1, a + rx);
    const toB = Math.min(ny - 1, b + ry);
    const toC = Math.min(nz - 1, c + rz);
    let rows = 0;
    for (let kc = Math.max(0, c - rz); kc <= toC; kc++) {
      for (let kb = Math.max(0, b - ry); kb <= toB; kb++) {
        const base = (kc * ny + kb) * nx;
        const start = this.#start[base + fromA];
        const end = this.#start[base + toA + 1];
        if (start === end) continue;
        this.rowStart[rows] = start;
        this.rowEnd[rows++] = end;
      }
    }
    return rows;
  }

  #cellAlong(axis: number, x: number): number {
    const cell = Math.floor((x - this.#low[axis]) * this.#inverseEdge[axis]);
    return cell < 0 ? 0 : Math.min(cell, this.#count[axis] - 1);
  }
}

/** Edges of at least `edge`, doubled along the longest side until there are at most `most` cells. */
function edgesFor(width: readonly number[], edge: number, most: number): number[] {
  const edges = [edge, edge, edge];
  const cells = (k: number) => Math.floor(width[k] / edges[k]) + 1;
  while (cells(0) * cells(1) * cells(2) > most) {
    const widest = [0, 1, 2].reduce((best, k) => (cells(k) > cells(best) ? k : best));
    edges[widest] *= 2;
  }
  return edges;
}
