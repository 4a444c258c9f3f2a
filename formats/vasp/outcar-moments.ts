import type { TextScanner } from '../../src/scan/text-scanner.ts';

const ROW = /^\s*(\d+)((?:\s*-?\d*\.\d{3})+)\s*$/;
const LAST = /-?\d*\.\d{3}\s*$/;

/** Moments in the spheres of the atoms (LORBIT), µB, by component: x (the only one of a collinear run), y, z. */
export class MagneticMoments {
  readonly #components: (Float64Array | undefined)[] = [];

  /**
   * The table whose title line ` magnetization (x)` is current: a title, a ruler, one row an atom, the total of each in its last
   * column. A table that is cut or of another kind is left out.
   */
  async read(scanner: TextScanner, natoms: number): Promise<void> {
    const component = 'xyz'.indexOf(/magnetization \(([xyz])\)/.exec(scanner.text())?.[1] ?? '?');
    if (component < 0 || !(await skipTitle(scanner))) return;
    const values: number[] = [];
    while (values.length < natoms) {
      if (!(await scanner.line()) || !scanner.terminated) return;
      const text = scanner.text();
      const total = LAST.exec(text);
      if (!total || Number(ROW.exec(text)?.[1]) !== values.length + 1) {
        scanner.unread();
        return;
      }
      values.push(Number(total[0]));
    }
    this.#components[component] = Float64Array.from(values);
  }

  /** (n) or (n,3); undefined when there is no whole set of tables. */
  table(): { readonly columns: number; readonly data: Float64Array } | undefined {
    const [x, y, z] = this.#components;
    if (!x) return undefined;
    if (!y && !z) return { columns: 1, data: x };
    if (!y || !z) return undefined;
    const data = new Float64Array(3 * x.length);
    for (let k = 0; k < x.length; k++) data.set([x[k], y[k], z[k]], 3 * k);
    return { columns: 3, data };
  }
}

/** Up to the ruler above the rows. */
async function skipTitle(scanner: TextScanner): Promise<boolean> {
  for (let k = 0; k < 3; k++) {
    if (!(await scanner.line())) return false;
    if (scanner.startsWith('-----')) return true;
    if (!scanner.isBlank() && !scanner.startsWith('# of ion')) break;
  }
  scanner.unread();
  return false;
}
