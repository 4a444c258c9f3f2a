/** a·(b×c) of a row-major (3,3) cell in Å; negative for a left-handed cell. Unit Å³. */
export function signedVolume(cell: ArrayLike<number>): number {
  const [ax, ay, az, bx, by, bz, cx, cy, cz] = cell as unknown as readonly number[];
  return ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx);
}

/** Volume in Å³ of a row-major (3,3) cell in Å. */
export function volume(cell: ArrayLike<number>): number {
  return Math.abs(signedVolume(cell));
}

/** Inverse of a row-major (3,3) matrix: fractional = cartesian · inverse. Throws RangeError for a singular cell. */
export function inverse(cell: ArrayLike<number>): Float64Array {
  const [a, b, c, d, e, f, g, h, i] = cell as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const det = signedVolume(cell);
  if (!Number.isFinite(1 / det))
    throw new RangeError(`cell vectors do not span a volume: ${Array.from(cell).join(' ')}`);
  return Float64Array.of(
    (e * i - f * h) / det,
    (c * h - b * i) / det,
    (b * f - c * e) / det,
    (f * g - d * i) / det,
    (a * i - c * g) / det,
    (c * d - a * f) / det,
    (d * h - e * g) / det,
    (b * g - a * h) / det,
    (a * e - b * d) / det,
  );
}

/** Cartesian rows (n,3) from fractional rows and a row-major cell; a new array in the unit of the cell. */
export function toCartesian(fractional: Float64Array, cell: ArrayLike<number>): Float64Array {
  return rowsTimesMatrix(fractional, cell);
}

/** Fractional rows (n,3) from Cartesian rows; a new array. */
export function toFractional(cartesian: Float64Array, cell: ArrayLike<number>): Float64Array {
  return rowsTimesMatrix(cartesian, inverse(cell));
}

/** Rows (n,3) times a row-major (3,3) matrix. */
function rowsTimesMatrix(rows: Float64Array, m: ArrayLike<number>): Float64Array {
  const out = new Float64Array(rows.length);
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = m as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let k = 0; k < rows.length; k += 3) {
    const x = rows[k];
    const y = rows[k + 1];
    const z = rows[k + 2];
    out[k] = x * m0 + y * m3 + z * m6;
    out[k + 1] = x * m1 + y * m4 + z * m7;
    out[k + 2] = x * m2 + y * m5 + z * m8;
  }
  return out;
}

/** Heights of the cell over its three faces in Å: V/|b×c|, V/|c×a|, V/|a×b|. */
export function faceHeights(cell: ArrayLike<number>): [number, number, number] {
  const inv = inverse(cell);
  const height = (k: number) => 1 / Math.hypot(inv[k], inv[k + 3], inv[k + 6]);
  return [height(0), height(1), height(2)];
}
