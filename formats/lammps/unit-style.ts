import { type SourceLocation, UsageError } from '../../src/core/errors.ts';
import { LAMMPS_UNITS, type UnitStyle } from '../../src/core/units.ts';
import type { ReadOptions } from '../format.ts';

/** What the numbers of a file are multiplied with; `factors` undefined = they stay as they are. */
export interface Scale {
  readonly factors?: UnitStyle;
  /** Unit style of the numbers in the Frame; undefined = not known. */
  readonly style?: string;
}

/** True for a word that the LAMMPS command `units` takes. */
export function isUnitStyle(word: string): boolean {
  return word === 'lj' || word in LAMMPS_UNITS;
}

/** Finds the scale of each frame and reports once what had to be assumed. */
export class UnitResolver {
  readonly #options: ReadOptions;
  readonly #said = new Set<string>();

  constructor(options: ReadOptions) {
    this.#options = options;
    if (options.lammpsUnits !== undefined) checkStyle(options.lammpsUnits);
  }

  /** `stated` is the style that the file names, if it does; `at` is where a diagnostic points to. */
  scale(stated: string | undefined, at: SourceLocation): Scale {
    const { asRead, lammpsUnits } = this.#options;
    const style = stated ?? lammpsUnits;
    if (stated !== undefined && lammpsUnits !== undefined && stated !== lammpsUnits)
      this.#say('warning', 'units-contradict', `the file is in ${stated} units, not ${lammpsUnits} as given`, at);
    if (asRead) return style === undefined ? {} : { style };
    if (style === 'lj') {
      const text = 'lj units have no fixed size: all numbers stay as read (reduced)';
      this.#say('warning', 'lj-units', text, at);
      return { style };
    }
    if (style === undefined)
      this.#say('info', 'assumed-units', 'the file does not state its units: metal is assumed (Å, eV, ps)', at);
    const factors = LAMMPS_UNITS[style ?? 'metal'];
    const isMetal = style === undefined || style === 'metal';
    return { ...(isMetal ? {} : { factors }), ...(style === undefined ? {} : { style: 'metal' }) };
  }

  #say(severity: 'info' | 'warning', code: string, message: string, at: SourceLocation): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#options.onDiagnostic({ severity, code, message, at, once: true });
  }
}

function checkStyle(style: string): void {
  if (!isUnitStyle(style))
    throw new UsageError(`unknown LAMMPS unit style "${style}"; known are lj, ${Object.keys(LAMMPS_UNITS).join(', ')}`);
}
