import { symbolOf } from '../../src/core/elements.ts';
import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame, InfoValue } from '../../src/core/frame.ts';
import { repeatsLabel } from '../../src/core/label-copies.ts';
import { toVoigt } from '../../src/core/tensor.ts';
import type { WriteOptions } from '../format.ts';

/**
 * Frames as MLIP configurations. Types come from the type map, else from the `type` column of the input, else they are numbered
 * as elements appear, which is reported. Only what is known is written: no zero forces, no zero stress.
 */
export async function* writeCfg(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  const writer = new CfgWriter(options);
  let index = 0;
  for await (const frame of frames) yield writer.text(frame, index++);
  writer.end();
}

class CfgWriter {
  readonly #options: WriteOptions;
  readonly #names: string[];
  readonly #said = new Set<string>();
  #numbered = false;

  constructor(options: WriteOptions) {
    this.#options = options;
    this.#names = [...(options.typeMap ?? [])];
  }

  text(frame: Frame, index: number): string {
    const { natoms, cell, pbc, positions, labels, info } = frame;
    const finite = (x: number) => {
      if (Number.isFinite(x)) return Object.is(x, -0) ? '-0.0' : String(x);
      throw new MissingDataError(`frame ${index} has a value that is not finite`, 'leave the frame out');
    };
    const row = (data: Float64Array, k: number) => [0, 1, 2].map((c) => finite(data[3 * k + c])).join(' ');
    const lines = ['BEGIN_CFG', ' Size', `    ${natoms}`];
    const periodic = cell !== null && pbc.includes(true);
    if (cell && periodic) lines.push(' Supercell', ...[0, 1, 2].map((k) => `    ${row(cell, k)}`));
    if (cell && !periodic) this.#say('periodicity', 'cells of frames that are not periodic are not written');
    if (periodic && pbc.includes(false))
      this.#say('periodicity', 'frames periodic in some directions are written as periodic in all');
    const types = this.#types(frame, index);
    const forces = labels?.forces;
    lines.push(` AtomData:  id type cartes_x cartes_y cartes_z${forces ? ' fx fy fz' : ''}`);
    for (let k = 0; k < natoms; k++)
      lines.push(`    ${k + 1} ${types[k]} ${row(positions, k)}${forces ? ` ${row(forces, k)}` : ''}`);
    if (labels?.energy !== undefined) lines.push(' Energy', `    ${finite(labels.energy)}`);
    else if (labels?.energySigma0 !== undefined)
      this.#say(
        'energy-kind',
        'energies extrapolated to zero smearing are not written: no force-consistent energy is known',
      );
    if (labels?.virial) {
      const six = toVoigt(labels.virial, 'ase').map(finite);
      lines.push(' PlusStress:  xx yy zz yz xz xy', `    ${six.join(' ')}`);
    }
    for (const [name, value] of Object.entries(info))
      if (!repeatsLabel(name, labels)) lines.push(...this.#features(name, value));
    return `${[...lines, 'END_CFG', ''].join('\n')}\n`;
  }

  /** Says how elements were numbered, where the caller did not. */
  end(): void {
    if (this.#numbered)
      this.#say('type-map', `types are numbered ${this.#names.map((name, k) => `${k}=${name}`).join(' ')}`);
  }

  #types({ numbers, arrays, natoms }: Frame, index: number): ArrayLike<number> {
    const column = arrays['type']?.data;
    if (
      !this.#options.typeMap &&
      column instanceof Int32Array &&
      column.length === natoms &&
      numbers.every((z) => z === 0)
    )
      return column;
    return Array.from(numbers, (number, k) => {
      if (number === 0) throw new MissingDataError(`atom ${k + 1} of frame ${index} has no element`, 'give a type map');
      const name = symbolOf(number);
      const known = this.#names.indexOf(name);
      if (known >= 0) return known;
      if (this.#options.typeMap)
        throw new MissingDataError(
          `frame ${index} has ${name}, which is not in the type map`,
          'add it to the type map',
        );
      this.#numbered = true;
      return this.#names.push(name) - 1;
    });
  }

  #features(name: string, value: InfoValue): string[] {
    const items =
      Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : [value];
    const texts = items.map((item) =>
      typeof item === 'object' ? JSON.stringify(item, (_, v) => (typeof v === 'bigint' ? String(v) : v)) : String(item),
    );
    if (/^\S+$/.test(name) && texts.every((text) => !/[\r\n]/.test(text)))
      return texts.map((text) => ` Feature   ${name} ${text}`.trimEnd());
    this.#say('key-dropped', `${name} is not written: a Feature is one line with a name without blanks`);
    return [];
  }

  #say(code: string, message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.onDiagnostic({ severity: 'warning', code, message });
  }
}
