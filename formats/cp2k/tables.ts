import { BAR, BOHR, GPA, HARTREE, KBAR } from '../../src/core/units.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';

/** In eV/Å³; names as `STRESS_UNIT` of the input spells them. */
export const STRESS_UNITS: Readonly<Record<string, number>> = {
  GPa: GPA,
  bar: BAR,
  kbar: KBAR,
  Pa: BAR * 1e-5,
  MPa: GPA * 1e-3,
  atm: BAR * 1.01325,
  a: HARTREE / BOHR ** 3, // [a.u.]
};

/** Rows `atom kind [label] element Z x y z zeff mass` to the next blank line. Throws at rows out of order and at a cut. */
export async function readPositionRows(scanner: TextScanner): Promise<{ symbols: string[]; positions: Float64Array }> {
  const symbols: string[] = [];
  const values: number[] = [];
  for (;;) {
    await scanner.need('rows of atomic coordinates');
    if (scanner.isBlank() || /^\s*Atom\s/i.test(scanner.text())) {
      if (symbols.length > 0 && scanner.isBlank()) break;
      continue;
    }
    const words = scanner.tokens();
    scanner.cursor = scanner.start;
    const at = words.length - 6;
    if (Number(words[0]) !== symbols.length + 1 || at < 2)
      throw scanner.error(
        `expected the row of atom ${symbols.length + 1}: atom, kind, element, Z, x, y, z, charge, mass`,
      );
    symbols.push(words[at - 1]);
    for (let k = 0; k < at + 1; k++) scanner.token();
    for (const axis of 'xyz') values.push(scanner.number(axis));
  }
  return { symbols, positions: Float64Array.from(values) };
}

/**
 * Forces times `unit`; (n,3). Rows `atom kind element x y z` up to `SUM OF ATOMIC FORCES`, or `FORCES| atom x y z |f|` up to
 * `FORCES| Sum` (2025 and later). A value that is no number is an error.
 */
export async function readForceRows(scanner: TextScanner, unit: number): Promise<Float64Array> {
  const isNew = scanner.startsWith(' FORCES|');
  const values: number[] = [];
  for (;;) {
    await scanner.need('the sum of the atomic forces');
    if (scanner.isBlank()) continue;
    const text = scanner.text();
    if (/^ (SUM OF ATOMIC FORCES|FORCES\| Sum)/.test(text)) break;
    if (/^ (# Atom|FORCES\| +Atom)/.test(text)) continue;
    const before = isNew ? 1 : 0;
    for (let k = 0; k < before; k++) scanner.token();
    const atom = scanner.integer('the number of the atom');
    if (atom !== values.length / 3 + 1)
      throw scanner.error(`expected the force on atom ${values.length / 3 + 1}, found ${atom}`);
    for (let k = 0; k < (isNew ? 0 : 2); k++) scanner.token();
    for (const axis of 'xyz') values.push(unit * scanner.number(`the force along ${axis}`));
  }
  return Float64Array.from(values);
}

/** Three rows behind a line of axes, with `STRESS|` before them (8.1 and later) or not; times `unit`; (3,3). */
export async function readStressRows(scanner: TextScanner, unit: number): Promise<Float64Array> {
  const stress = new Float64Array(9);
  for (let row = 0; row < 3; ) {
    await scanner.need('three rows of the stress tensor');
    if (scanner.isBlank()) continue;
    const words = scanner
      .text()
      .replace(/^ STRESS\|/, '')
      .trim()
      .split(/\s+/);
    if (words.length === 3 && words.join('').toLowerCase() === 'xyz') continue;
    if (words.length !== 4 || words[0].toLowerCase() !== 'xyz'[row])
      throw scanner.error(`expected row ${'xyz'[row]} of the stress tensor`);
    scanner.cursor = scanner.start;
    while (scanner.token() && scanner.tokenText().toLowerCase() !== 'xyz'[row]);
    for (let k = 0; k < 3; k++) stress[3 * row + k] = unit * scanner.number('a stress');
    row++;
  }
  return stress;
}
