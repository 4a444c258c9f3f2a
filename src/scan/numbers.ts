/**
 * Exact decimal numbers from bytes. Up to 15 significant digits and 22 decimal places, mantissa and power of ten are both
 * exact doubles, so one division or multiplication is correctly rounded; everything else goes through `Number(text)`.
 * Results are bit-identical to `Number`. Exponents may be written e E d D. `inf`, `nan` (any case, signed) are numbers here;
 * whether a format allows them is the format's question.
 */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;

/** The number in `bytes[start, end)`; `undefined` when those bytes, all of them, are not one number. */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  let negative = false;
  const first = bytes[at];
  if (first === 45 || first === 43) {
    negative = first === 45;
    at++;
  }
  let mantissa = 0;
  let digits = 0;
  let decimals = 0;
  let seen = false;
  for (; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
    if (mantissa !== 0) digits++;
    seen = true;
  }
  if (at < end && bytes[at] === 46) {
    for (at++; at < end; at++) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
      if (mantissa !== 0) digits++;
      decimals++;
      seen = true;
    }
  }
  let exponent = 0;
  if (at < end && seen) {
    const letter = bytes[at] | 32;
    if (letter !== 101 && letter !== 100) return slowNumber(bytes, start, end);
    at++;
    let down = false;
    if (bytes[at] === 45 || bytes[at] === 43) down = bytes[at++] === 45;
    if (at >= end) return undefined;
    for (; at < end; at++) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) return undefined;
      if (exponent < 10_000) exponent = exponent * 10 + digit;
    }
    if (down) exponent = -exponent;
  }
  if (at !== end || !seen) return slowNumber(bytes, start, end);
  const power = exponent - decimals;
  if (digits > 15 || power > 22 || power < -22) {
    if (digits <= 19 && power <= 0 && power >= -22) return longNumber(bytes, start, end, power);
    return slowNumber(bytes, start, end);
  }
  const value = power < 0 ? mantissa / POWERS_OF_TEN[-power] : mantissa * POWERS_OF_TEN[power];
  return negative ? -value : value;
}

/**
 * A decimal of 16 to 19 digits, `power` of ten from -22 to 0. The digits are held exactly in a pair of doubles, h + l, and
 * divided with the remainder of the first quotient; where the error of the second quotient (far below 2^-40 of it) could
 * change the rounding, the slow way decides.
 */
function longNumber(bytes: Uint8Array, start: number, end: number, power: number): number | undefined {
  let high = 0;
  let low = 0;
  let lowDigits = 0;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) {
      if ((bytes[at] | 32) >= 100) break;
      continue;
    }
    if (seen > 0 || digit > 0) seen++;
    if (seen <= 10) high = high * 10 + digit;
    else {
      low = low * 10 + digit;
      lowDigits++;
    }
  }
  // high < 10^10 < 2^34 is taken apart so that each product with 10^lowDigits <= 10^9 < 2^30 is exact.
  const scale = POWERS_OF_TEN[lowDigits];
  const upper = Math.floor(high / 131_072);
  const a = upper * scale * 131_072;
  const b = (high - upper * 131_072) * scale + low;
  const h = a + b;
  const l = b - (h - a);
  const divisor = POWERS_OF_TEN[-power];
  const quotient = h / divisor;
  const rest = (remainder(h, quotient, divisor) + l) / divisor;
  const slack = Math.abs(rest) * 2 ** -40 + quotient * 2 ** -95;
  const value = quotient + rest;
  if (quotient + (rest - slack) !== value || quotient + (rest + slack) !== value) return slowNumber(bytes, start, end);
  return bytes[start] === 45 ? -value : value;
}

/** h − quotient·divisor, exact up to the rounding of the result (product of two doubles after Dekker and Veltkamp). */
function remainder(h: number, quotient: number, divisor: number): number {
  const product = quotient * divisor;
  const q = quotient * 134_217_729;
  const qHigh = q - (q - quotient);
  const qLow = quotient - qHigh;
  const d = divisor * 134_217_729;
  const dHigh = d - (d - divisor);
  const dLow = divisor - dHigh;
  const error = qLow * dLow - (product - qHigh * dHigh - qLow * dHigh - qHigh * dLow);
  return h - product - error;
}

/** The same for a text. */
export function numberOf(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text.replace(/[dD]/, 'e'));
  const special = SPECIAL.exec(text);
  if (!special) return undefined;
  if (special[2].toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

function slowNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > 400) return undefined;
  let text = '';
  for (let k = start; k < end; k++) text += String.fromCharCode(bytes[k]);
  return numberOf(text);
}

/** A decimal integer within ±2^53 in `bytes[start, end)`, else `undefined`. */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;
  if (at >= end || end - at > 16) return undefined;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return negative ? -value : value;
}
