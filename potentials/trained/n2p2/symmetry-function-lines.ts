import { atomicNumber, symbolOf } from '../../../src/core/elements.ts';
import { FormatError } from '../../../src/core/errors.ts';
import { numberOf } from '../../../src/scan/numbers.ts';
import type { SymmetryFunction } from '../../hdnnp-model.ts';
import type { Setting } from './settings.ts';

const SUBTYPE = /^(p[1-4]a?|e)$/;

/**
 * One `symfunction_short` line (n2p2 documentation, "NNP configuration: keywords"; fields by type):
 *
 *     2          e1 eta rs rc                          12      eta rs rc
 *     3, 9       e1 e2 eta lambda zeta rc [rs]         13      eta rs lambda zeta rc
 *     20         e1 rl rc subtype                      23      rl rc subtype
 *     21, 22     e1 e2 rl rc thetaL thetaR subtype     24, 25  rl rc thetaL thetaR subtype
 *
 * Numbers stay in the units of the file. Throws FormatError at the line.
 */
export function parseSymmetryFunction(
  setting: Setting,
  path: string,
  species: readonly number[],
): { center: number; symmetryFunction: SymmetryFunction } {
  const fields = new Fields(setting, path, species);
  const center = fields.element('the central element');
  const type = fields.number('a symmetry function type');
  const symmetryFunction = readFields(type, fields);
  fields.end();
  return { center, symmetryFunction };
}

function readFields(type: number, f: Fields): SymmetryFunction {
  switch (type) {
    case 2: {
      const e1 = f.element();
      return { type, e1, eta: f.number('eta'), rs: f.number('rs'), rc: f.positive('rc') };
    }
    case 3:
    case 9: {
      const [e1, e2] = f.elementPair();
      const eta = f.number('eta');
      const lambda = f.number('lambda');
      const zeta = f.positive('zeta');
      const rc = f.positive('rc');
      return { type, e1, e2, eta, lambda, zeta, rc, rs: f.more() ? f.number('rs') : 0 };
    }
    case 12:
      return { type, eta: f.number('eta'), rs: f.number('rs'), rc: f.positive('rc') };
    case 13: {
      const eta = f.number('eta');
      const rs = f.number('rs');
      return { type, eta, rs, lambda: f.number('lambda'), zeta: f.positive('zeta'), rc: f.positive('rc') };
    }
    case 20: {
      const e1 = f.element();
      return { type, e1, ...f.radialWindow(), subtype: f.subtype() };
    }
    case 21:
    case 22: {
      const [e1, e2] = f.elementPair();
      return { type, e1, e2, ...f.radialWindow(), ...f.angularWindow(), subtype: f.subtype() };
    }
    case 23:
      return { type, ...f.radialWindow(), subtype: f.subtype() };
    case 24:
    case 25:
      return { type, ...f.radialWindow(), ...f.angularWindow(), subtype: f.subtype() };
    default:
      throw f.error(`expected symmetry function type 2, 3, 9, 12, 13 or 20-25, found ${type}`);
  }
}

/** Takes the words of one line in order. */
class Fields {
  readonly #setting: Setting;
  readonly #path: string;
  readonly #species: readonly number[];
  #next = 0;

  constructor(setting: Setting, path: string, species: readonly number[]) {
    this.#setting = setting;
    this.#path = path;
    this.#species = species;
  }

  error(message: string): FormatError {
    return new FormatError('n2p2', { path: this.#path, line: this.#setting.line }, message);
  }

  more(): boolean {
    return this.#next < this.#setting.words.length;
  }

  word(what: string): string {
    if (!this.more()) throw this.error(`expected ${what}, found the end of the line`);
    return this.#setting.words[this.#next++];
  }

  number(what: string): number {
    const word = this.word(what);
    const value = numberOf(word);
    if (value === undefined || !Number.isFinite(value))
      throw this.error(`expected ${what} (a finite number), found "${word.slice(0, 40)}"`);
    return value;
  }

  positive(what: string): number {
    const value = this.number(what);
    if (!(value > 0)) throw this.error(`expected ${what} > 0, found ${value}`);
    return value;
  }

  element(what = 'a neighbor element'): number {
    const word = this.word(what);
    const z = atomicNumber(word);
    if (!this.#species.includes(z))
      throw this.error(
        `expected ${what} (one of ${this.#species.map(symbolOf).join(' ')}), found "${word.slice(0, 40)}"`,
      );
    return z;
  }

  /** Unordered: the smaller atomic number comes first. */
  elementPair(): [number, number] {
    const a = this.element();
    const b = this.element();
    return a <= b ? [a, b] : [b, a];
  }

  radialWindow(): { rl: number; rc: number } {
    const rl = this.number('rl');
    const rc = this.positive('rc');
    if (!(rl < rc)) throw this.error(`expected rl < rc, found ${rl} and ${rc}`);
    return { rl, rc };
  }

  angularWindow(): { thetaLeft: number; thetaRight: number } {
    const thetaLeft = this.number('theta left');
    const thetaRight = this.number('theta right');
    const within = thetaLeft >= 0 && thetaRight <= 180;
    const centered = thetaLeft + thetaRight === 0 || thetaLeft + thetaRight === 360;
    if (!(thetaLeft < thetaRight && thetaRight - thetaLeft <= 360 && (within || centered)))
      throw this.error(
        `expected an angular interval in [0, 180] degrees or centered on 0 or 180, found ${thetaLeft} to ${thetaRight}`,
      );
    return { thetaLeft, thetaRight };
  }

  subtype(): string {
    const word = this.word('a subtype');
    if (!SUBTYPE.test(word)) throw this.error(`expected subtype p1-p4, p1a-p4a or e, found "${word.slice(0, 40)}"`);
    return word;
  }

  end(): void {
    if (this.more())
      throw this.error(`expected the end of the line, found "${this.#setting.words[this.#next].slice(0, 40)}"`);
  }
}

/** Keys in the order n2p2 sorts by, for one type; the type itself comes before them. */
function sortKeys(f: SymmetryFunction): readonly (number | string)[] {
  switch (f.type) {
    case 2:
      return [f.rc, f.eta, f.rs, f.e1];
    case 3:
    case 9:
      return [f.rc, f.eta, f.rs, f.zeta, f.lambda, f.e1, f.e2];
    case 12:
      return [f.rc, f.eta, f.rs];
    case 13:
      return [f.rc, f.eta, f.rs, f.zeta, f.lambda];
    case 20:
      return [f.subtype, f.e1, f.rc, f.rl];
    case 21:
    case 22:
      return [f.subtype, f.e1, f.e2, f.rc, f.rl, f.thetaLeft, f.thetaRight];
    case 23:
      return [f.subtype, f.rc, f.rl];
    case 24:
    case 25:
      return [f.subtype, f.rc, f.rl, f.thetaLeft, f.thetaRight];
  }
}

/**
 * Order of the symmetry functions of one element in `scaling.data` and in the first network layer: ascending by type, then by the
 * parameters of the type. A comparison for `Array.prototype.sort`; the unit of length does not change the order.
 */
export function compareSymmetryFunctions(a: SymmetryFunction, b: SymmetryFunction): number {
  if (a.type !== b.type) return a.type - b.type;
  const left = sortKeys(a);
  const right = sortKeys(b);
  for (let k = 0; k < left.length; k++) {
    if (left[k] < right[k]) return -1;
    if (left[k] > right[k]) return 1;
  }
  return 0;
}

/** The same function with lengths multiplied by `length` (unit of the file in Å). */
export function scaleLengths(f: SymmetryFunction, length: number): SymmetryFunction {
  const rc = f.rc * length;
  if ('rl' in f) return { ...f, rc, rl: f.rl * length };
  return { ...f, rc, rs: f.rs * length, eta: f.eta / (length * length) };
}

/** The line of `input.nn` for a function, without conversion of units; numbers are the shortest that read back exactly. */
export function formatSymmetryFunction(center: number, f: SymmetryFunction): string {
  const fields: (string | number)[] = ['symfunction_short', symbolOf(center), f.type];
  if ('e1' in f) fields.push(symbolOf(f.e1));
  if ('e2' in f) fields.push(symbolOf(f.e2));
  switch (f.type) {
    case 2:
    case 12:
      fields.push(f.eta, f.rs, f.rc);
      break;
    case 3:
    case 9:
      fields.push(f.eta, f.lambda, f.zeta, f.rc, f.rs);
      break;
    case 13:
      fields.push(f.eta, f.rs, f.lambda, f.zeta, f.rc);
      break;
    default:
      fields.push(f.rl, f.rc);
      if ('thetaLeft' in f) fields.push(f.thetaLeft, f.thetaRight);
      fields.push(f.subtype);
  }
  return fields.join(' ');
}
