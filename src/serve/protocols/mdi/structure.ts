import { volume } from '../../../core/cell.ts';
import { ProtocolError } from '../../../core/errors.ts';
import { BOHR, HARTREE } from '../../../core/units.ts';
import type { Evaluator } from '../../evaluator.ts';
import { firstNotFinite } from '../finite.ts';
import { type Answer, type Answerer, answerer, checkSpecies } from '../structure-answer.ts';

/** 24 bytes of coordinates each: 1 GiB. */
const MAX_ATOMS = 2 ** 30 / 24;

/** What the driver has told of the structure, piece by piece, and what the model says of it; bohr and hartree outside, Å and eV inside. */
export class MdiStructure {
  evaluations = 0;
  readonly #evaluator: Evaluator;
  readonly #evaluateStructure: Answerer;
  readonly #template: Uint8Array | undefined;
  #natoms: number | undefined;
  #numbers: Uint8Array | undefined;
  #cell: Float64Array | null = null;
  #positions: Float64Array | undefined;
  #answer: Promise<Answer> | undefined;

  /** `template`: atomic numbers, where the driver does not send them. */
  constructor(evaluator: Evaluator, template: Uint8Array | undefined) {
    this.#evaluator = evaluator;
    this.#evaluateStructure = answerer(evaluator);
    this.#template = template;
    if (!template) return;
    checkSpecies(template, evaluator);
    this.#natoms = template.length;
    this.#numbers = template;
  }

  get natoms(): number {
    if (this.#natoms === undefined) throw new ProtocolError('the driver has not told the number of atoms (>NATOMS)');
    return this.#natoms;
  }

  setNatoms(natoms: number): void {
    if (this.#template && natoms !== this.#template.length) {
      throw new ProtocolError(`the driver has ${natoms} atoms, the template ${this.#template.length}`);
    }
    if (natoms < 0 || natoms > MAX_ATOMS) throw new ProtocolError(`the driver announces ${natoms} atoms`);
    if (natoms !== this.#natoms) {
      this.#numbers = undefined;
      this.#positions = undefined;
    }
    this.#natoms = natoms;
    this.#answer = undefined;
  }

  /** bohr; rows. All zeros: no cell. */
  setCell(cell: Float64Array): void {
    if (firstNotFinite(cell) >= 0) throw new ProtocolError('>CELL is not finite');
    this.#cell = cell.every((x) => x === 0) ? null : cell.map((x) => x * BOHR);
    this.#answer = undefined;
  }

  /** bohr. */
  setPositions(positions: Float64Array): void {
    const bad = firstNotFinite(positions);
    if (bad >= 0)
      throw new ProtocolError(`>COORDS has a position that is not finite, of atom ${Math.floor(bad / 3) + 1}`);
    this.#positions = positions.map((x) => x * BOHR);
    this.#answer = undefined;
  }

  /** Atomic numbers. */
  setElements(elements: Int32Array): void {
    const wrong = elements.findIndex((z) => z < 1 || z > 118);
    if (wrong >= 0) throw new ProtocolError(`>ELEMENTS has atomic number ${elements[wrong]} for atom ${wrong + 1}`);
    const numbers = Uint8Array.from(elements);
    checkSpecies(numbers, this.#evaluator);
    const differs = this.#template ? numbers.findIndex((z, k) => z !== this.#template?.[k]) : -1;
    if (differs >= 0) throw new ProtocolError(`>ELEMENTS and the template differ at atom ${differs + 1}`);
    this.#numbers = numbers;
    this.#answer = undefined;
  }

  /** hartree. */
  async energy(): Promise<Float64Array> {
    return Float64Array.of((await this.#evaluated()).energy / HARTREE);
  }

  /** hartree/bohr; (n,3). */
  async forces(): Promise<Float64Array> {
    return (await this.#evaluated()).forces.map((f) => (f * BOHR) / HARTREE);
  }

  /** hartree/bohr³; (3,3); + virial / V, positive under compression. */
  async stress(): Promise<Float64Array> {
    const { virial } = await this.#evaluated();
    if (!this.#cell) throw new ProtocolError('the driver asks for <STRESS of a structure without a cell');
    const unit = (HARTREE / BOHR ** 3) * volume(this.#cell);
    return virial.map((v) => v / unit);
  }

  #evaluated(): Promise<Answer> {
    if (!this.#answer) {
      this.#answer = this.#evaluate();
      this.evaluations++;
    }
    return this.#answer;
  }

  #evaluate(): Promise<Answer> {
    const positions = this.#positions;
    const numbers = this.#numbers;
    if (!positions) throw new ProtocolError('the driver has sent no >COORDS');
    if (!numbers) {
      throw new ProtocolError(
        'the driver has sent no >ELEMENTS: use the keyword "elements" of fix mdi/qm, or give --template',
      );
    }
    const periodic = this.#cell !== null;
    return this.#evaluateStructure({ numbers, positions, cell: this.#cell, pbc: [periodic, periodic, periodic] });
  }
}
