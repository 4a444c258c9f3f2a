import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { toCartesian, volume } from '../../src/core/cell.ts';
import { FormatError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, Labels, PerAtom } from '../../src/core/frame.ts';
import { fromVoigt } from '../../src/core/tensor.ts';
import { KBAR } from '../../src/core/units.ts';
import { numberOf } from '../../src/scan/numbers.ts';
import type { ReadOptions } from '../format.ts';
import { type BlockSpecies, elementOfLabel, labelOfPotential, speciesOfBlocks } from './species.ts';
import type { VectorRows, XmlConsumer } from './xml-feed.ts';

const MAX_DEPTH = 64;
/** VASP copies INCAR text as it is: what XML does not allow there harms nothing. */
const HARMLESS = /: (disallowed character\.|undefined entity|malformed character entity)/;
const BARE_AMPERSAND = /&(?!#?\w+;)/g;
/** A tag ends before the next one begins, and its name follows at once. */
const BARE_LESS_THAN = /<(?=[^<>]*<|[\s\d=])/g;

/** Energies of an `<energy>` element, eV; NaN = `****`. */
interface Energies {
  e_fr_energy?: number;
  e_wo_entrp?: number;
  e_0_energy?: number;
}

/** What has been read of one ionic step. */
class XmlStep {
  readonly ml: boolean;
  readonly line: number;
  basis: VectorRows | undefined;
  positions: VectorRows | undefined;
  forces: VectorRows | undefined;
  stress: VectorRows | undefined;
  scf = 0;
  readonly energies: Energies = {};
  /** Of the last SCF step. */
  scfEnergies: Energies = {};

  constructor(ml: boolean, line: number) {
    this.ml = ml;
    this.line = line;
  }
}

/** Follows the elements of a vasprun.xml and collects frames. */
export class VasprunDocument implements XmlConsumer {
  done = false;
  frames = 0;
  readonly #options: ReadOptions;
  readonly #format: string;
  readonly #parser = new SaxesParser();
  readonly #stack: string[] = [];
  /** `name` attributes of the open elements. */
  readonly #names: string[] = [];
  #lineOffset = 0;
  #text = '';
  #wanted = false;
  #ready: Frame[] = [];
  #step: XmlStep | undefined;
  #program: string[] = [];
  #nelm: number | undefined;
  /** First line with characters that XML does not allow. */
  #malformed: number | undefined;
  #row: string[] = [];
  /** `[element, type]` of each atom and `[count, element, mass, valence, potential]` of each type. */
  readonly #atoms: [string, number][] = [];
  readonly #types: string[] = [];
  #species: BlockSpecies | undefined;
  /** Of the initial structure, lattice vectors per time step. */
  #velocities: VectorRows | undefined;
  /** Selective dynamics, three an atom, 1 = may move. */
  readonly #flags: number[] = [];
  #unconverged = { count: 0, line: 0 };
  #mlSteps = { count: 0, line: 0 };
  #skipped = { count: 0, line: 0 };

  constructor(options: ReadOptions, format: string) {
    this.#options = options;
    this.#format = format;
    this.#parser.on('opentag', (tag) => this.#open(tag));
    this.#parser.on('closetag', (tag) => this.#close(tag.name));
    this.#parser.on('text', (text) => {
      if (this.#wanted) this.#text += text;
    });
    this.#parser.on('error', (error) => {
      if (!HARMLESS.test(error.message)) throw this.failure(error);
      this.#malformed ??= this.#line;
    });
  }

  write(text: string, line: number): void {
    this.#lineOffset = line - this.#parser.line;
    this.#parser.write(this.#escaped(this.#escaped(text, BARE_AMPERSAND, '&amp;'), BARE_LESS_THAN, '&lt;'));
  }

  #escaped(text: string, bare: RegExp, entity: string): string {
    const first = text.search(bare);
    if (first < 0) return text;
    const line = this.#line + text.slice(0, first).split('\n').length - 1;
    this.#malformed = Math.min(line, this.#malformed ?? line);
    return text.replace(bare, entity);
  }

  takeFrames(): Frame[] {
    return this.#ready.splice(0);
  }

  /** What the XML parser complains of, with the line in the file. */
  failure(error: unknown): FormatError {
    const message = (error instanceof Error ? error.message : String(error)).replace(/^\d+:\d+: /, '');
    return this.#error(`expected well-formed XML: ${message}`);
  }

  /** One diagnostic for each kind of step that needs care. */
  tell(): void {
    const say = (code: string, { count, line }: { count: number; line: number }, text: string, info = false) => {
      if (count > 0) this.#warn(code, `${count} ${text} (the first is here)`, line, info ? 'info' : 'warning');
    };
    say('unconverged', this.#unconverged, 'ionic steps took all NELM steps: their SCF is not known to be converged');
    say('ml', this.#mlSteps, 'ionic steps are of a machine-learned force field, flagged info.ml', true);
    if (this.#malformed)
      this.#warn('malformed-xml', 'characters that XML does not allow are passed over', this.#malformed);
    say('no-positions', this.#skipped, 'ionic steps have no structure: left out');
    if (this.done && this.frames === 0) this.#warn('no-frames', 'no ionic step with positions', this.#line);
  }

  wants(): 'rows' | 'xml' | 'nothing' {
    const name = this.#names.at(-1);
    if (this.#isInitial()) return name === 'velocities' ? 'rows' : name === 'selective' ? 'xml' : 'nothing';
    return this.#step && this.#wantsOfStep(this.#step, name) ? 'rows' : 'nothing';
  }

  #wantsOfStep(step: XmlStep, name: string | undefined): boolean {
    const parent = this.#stack.at(-2);
    if (name === 'basis') return parent === 'crystal' && !step.basis;
    if (name === 'positions') return parent === 'structure' && !step.positions;
    const direct = this.#stack.length === (step.ml ? 2 : 3);
    if (name === 'forces') return direct && !step.forces;
    return name === 'stress' && direct && !step.stress;
  }

  /** Directly inside of `<structure name="initialpos">`, before any step. */
  #isInitial(): boolean {
    return !this.#step && this.frames === 0 && this.#stack.length === 3 && this.#names[1] === 'initialpos';
  }

  rows(rows: VectorRows): void {
    if (this.#isInitial()) {
      if (rows.count !== this.#atoms.length)
        throw this.#error(`expected ${this.#atoms.length} rows of velocities, found ${rows.count}`, rows.line);
      this.#velocities = rows;
      return;
    }
    const name = this.#names.at(-1) as 'basis' | 'positions' | 'forces' | 'stress';
    const step = this.#step as XmlStep;
    const wanted = name === 'basis' || name === 'stress' ? 3 : this.#atoms.length;
    if (rows.count !== wanted) throw this.#error(`expected ${wanted} rows of ${name}, found ${rows.count}`, rows.line);
    step[name] = rows;
    if (rows.missingLine !== undefined)
      this.#warn('missing-value', `no number (****) in a row of ${name}: the value is missing`, rows.missingLine);
  }

  #open(tag: SaxesTagPlain): void {
    const depth = this.#stack.push(tag.name);
    this.#names.push(tag.attributes['name'] ?? '');
    if (depth > MAX_DEPTH) throw this.#error(`expected at most ${MAX_DEPTH} nested elements`);
    if (depth === 1 && tag.name !== 'modeling') throw this.#error(`expected <modeling>, found <${tag.name}>`);
    this.#wanted = tag.name === 'i' || tag.name === 'c' || tag.name === 'v';
    this.#text = '';
    if (tag.name === 'rc') this.#row = [];
    else if (depth === 2 && tag.name === 'calculation') this.#begin(false);
    else if (depth === 2 && tag.name === 'structure' && tag.attributes['name'] === undefined) this.#begin(true);
    else if (tag.name === 'scstep' && this.#step) {
      this.#step.scf++;
      this.#step.scfEnergies = {};
    }
  }

  #close(name: string): void {
    const depth = this.#stack.length;
    if (name === 'i') this.#item(this.#names[depth - 1], this.#text.trim());
    else if (name === 'c') this.#row.push(this.#text.trim());
    else if (name === 'v') this.#flagsOfAtom(this.#text);
    else if (name === 'rc') this.#rowDone();
    else if (depth === 2 && (name === 'calculation' || (name === 'energy' && this.#step?.ml))) this.#finish();
    else if (depth === 1) {
      this.#finish();
      this.done = true;
    }
    this.#wanted = false;
    this.#stack.pop();
    this.#names.pop();
  }

  #item(name: string, text: string): void {
    const parent = this.#stack.at(-2);
    if (parent === 'generator' && (name === 'program' || name === 'version')) this.#program.push(text);
    else if (name === 'NELM')
      this.#nelm ??= numberOf(text); // a later one belongs to response functions
    else if (parent === 'energy' && this.#step && /^e_(fr_energy|wo_entrp|0_energy)$/.test(name)) {
      const inScf = this.#stack.at(-3) === 'scstep';
      if (!inScf && this.#stack.length !== (this.#step.ml ? 3 : 4)) return;
      const energies = inScf ? this.#step.scfEnergies : this.#step.energies;
      const value = numberOf(text) ?? Number.NaN;
      energies[name as keyof Energies] = Number.isFinite(value) ? value : Number.NaN;
      if (!inScf && !Number.isFinite(value))
        this.#warn('missing-value', `no number (${text.slice(0, 20)}) for ${name}: it is missing`, this.#line);
    }
  }

  /** `<v type="logical"> T F T </v>` of `<varray name="selective">`. */
  #flagsOfAtom(text: string): void {
    if (this.#names.at(-2) !== 'selective' || this.#names[1] !== 'initialpos') return;
    const flags = text.trim().split(/\s+/);
    if (flags.length !== 3 || !flags.every((flag) => flag === 'T' || flag === 'F'))
      throw this.#error(`expected three flags (T or F) of selective dynamics, found "${text.trim().slice(0, 40)}"`);
    for (const flag of flags) this.#flags.push(flag === 'T' ? 1 : 0);
  }

  #rowDone(): void {
    if (!this.#stack.includes('atominfo')) return;
    const array = this.#names.findLast((name) => name !== '');
    if (array === 'atoms') this.#atoms.push([this.#row[0] ?? '', Number(this.#row[1])]);
    else if (array === 'atomtypes') this.#types.push(labelOfPotential(this.#row[4] ?? ''));
  }

  #begin(ml: boolean): void {
    this.#finish();
    this.#step = new XmlStep(ml, this.#line);
  }

  #finish(): void {
    const step = this.#step;
    this.#step = undefined;
    if (!step) return;
    if (!step.basis || !step.positions) {
      this.#count(this.#skipped, step.line);
      return;
    }
    if (step.basis.missingLine !== undefined || step.positions.missingLine !== undefined) {
      this.#warn('dropped', 'a position or lattice vector is missing (****): the ionic step is left out', step.line);
      return;
    }
    if (step.energies.e_fr_energy === undefined) this.#warn('no-energy', 'ionic step without an energy', step.line);
    if (step.ml) this.#count(this.#mlSteps, step.line);
    this.#ready.push(this.#frame(step, step.basis.rows, step.positions.rows));
    this.frames++;
  }

  #frame(step: XmlStep, cell: Float64Array, fractional: Float64Array): Frame {
    this.#species ??= this.#speciesOfAtoms();
    const { numbers, species } = this.#species;
    const info: Record<string, InfoValue> = {};
    if (this.#program.length > 0) info['program'] = this.#program.join(' ');
    if (step.ml) info['ml'] = true;
    const converged = this.#nelm !== undefined && step.scf > 0 ? step.scf < this.#nelm : undefined;
    if (step.scf > 0) info['scf_steps'] = step.scf;
    if (converged !== undefined) info['scf_converged'] = converged;
    if (converged === false) this.#count(this.#unconverged, step.line);
    const free = known(step.energies.e_fr_energy);
    const behind = (kind: 'e_0_energy' | 'e_wo_entrp') => this.#repaired(step, free, kind);
    const sigma0 = behind('e_0_energy');
    const withoutEntropy = behind('e_wo_entrp');
    if (withoutEntropy !== undefined) info['energy_without_entropy'] = withoutEntropy;
    const stress = step.stress?.missingLine === undefined ? step.stress?.rows : undefined;
    if (stress) info['stress_kB'] = [0, 3, 6].map((k) => Array.from(stress.subarray(k, k + 3)));
    const kbarVolume = KBAR * volume(cell);
    const labels: Labels = {
      ...(free === undefined ? {} : { energy: free }),
      ...(sigma0 === undefined ? {} : { energySigma0: sigma0 }),
      ...(step.forces ? { forces: step.forces.rows } : {}),
      ...(stress ? { virial: fromUpperTriangle(stress).map((kbar) => kbar * kbarVolume) } : {}),
      ...(converged === undefined ? {} : { converged }),
    };
    return {
      natoms: numbers.length,
      cell,
      pbc: [true, true, true],
      numbers: numbers.slice(),
      positions: toCartesian(fractional, cell),
      labels,
      arrays: { ...(species ? { species } : {}), ...this.#initialArrays() },
      info,
      origin: { path: this.#options.path, line: step.line, frame: this.frames },
    };
  }

  /** Flags of selective dynamics hold for all steps, the velocities of the initial structure for the first one. */
  #initialArrays(): Record<string, PerAtom> {
    const arrays: Record<string, PerAtom> = {};
    if (this.#flags.length > 0 && this.#flags.length === 3 * this.#atoms.length)
      arrays['selective_dynamics'] = { columns: 3, data: Uint8Array.from(this.#flags), logical: true };
    const velocities = this.#velocities;
    if (this.frames === 0 && velocities && velocities.missingLine === undefined)
      arrays['velocities_direct'] = { columns: 3, data: velocities.rows };
    return arrays;
  }

  /** The energy block of an ab-initio step may repeat wrong values: the difference of the last SCF step is right. */
  #repaired(step: XmlStep, free: number | undefined, kind: 'e_0_energy' | 'e_wo_entrp'): number | undefined {
    if (step.ml) return known(step.energies[kind]);
    const scf = known(step.scfEnergies[kind]);
    const scfFree = known(step.scfEnergies.e_fr_energy);
    return free === undefined || scf === undefined || scfFree === undefined ? undefined : free + (scf - scfFree);
  }

  /** Labels of the potentials; old versions cut the element in the atom list (`r` for Zr). */
  #speciesOfAtoms(): BlockSpecies {
    const labels = this.#atoms.map(([element, type]) => {
      const label = this.#types[type - 1] ?? '';
      return elementOfLabel(label) === 0 ? element || 'X' : label;
    });
    return speciesOfBlocks(labels, new Array<number>(labels.length).fill(1));
  }

  get #line(): number {
    return this.#parser.line + this.#lineOffset;
  }

  #count(entry: { count: number; line: number }, line: number): void {
    if (entry.count++ === 0) entry.line = line;
  }

  #error(message: string, line = this.#line): FormatError {
    return new FormatError(this.#format, { path: this.#options.path, line, frame: this.frames }, message);
  }

  #warn(code: string, message: string, line: number, severity: 'warning' | 'info' = 'warning'): void {
    this.#options.onDiagnostic({ severity, code, message, at: { path: this.#options.path, line } });
  }
}

/** The two triangles of the printed tensor differ by numerical noise; the upper one is taken, as ASE does. */
function fromUpperTriangle(full: Float64Array): Float64Array {
  return fromVoigt([full[0], full[4], full[8], full[5], full[2], full[1]], 'ase');
}

const known = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? undefined : value);
