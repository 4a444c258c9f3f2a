import { symbolOf } from '../../src/core/elements.ts';
import { PotentialError } from '../../src/core/errors.ts';
import type { Neighborhood } from '../neighborhood.ts';
import { RadialIntegrals, type RadialSettings } from './soap-radial.ts';
import { SphericalHarmonics } from './spherical-harmonics.ts';

export interface SoapSettings extends RadialSettings {
  /** Atomic numbers that may occur, ascending. */
  readonly species: readonly number[];
}

/** nmax = 17 and lmax = 9 are those of Bürkle et al., PRL 126, 177701 (2021): 1530 features for one species. */
export const SOAP_DEFAULTS = { cutoff: 12, sigma: 1.2, nmax: 17, lmax: 9 } as const;

/** Knots of the table of radial integrals per σ, and at least: the error of a feature is about 1e-6 of the largest one. */
const KNOTS_PER_SIGMA = 150;
const LEAST_KNOTS = 1500;
/** Å below the cutoff in which neighbors fade out. */
const FADE = 1;
const MAX_BASIS = 64;
/** Numbers in the table of radial integrals. */
const MAX_TABLE = 2e7;

/**
 * SOAP power spectrum (A. Bartók et al., PRB 87, 184115 (2013)) p_lnn' = π √(8/(2l+1)) Σ_m c_nlm c_n'lm of Gaussians of width σ on
 * every atom within the cutoff, the center among them, with an orthonormal radial basis of Jacobi polynomials. Features run over l,
 * then pairs of species Z ≤ Z', then n and n' (n ≤ n' where Z = Z').
 */
export class Soap {
  readonly settings: SoapSettings;
  /** Features per atom. */
  readonly nfeatures: number;
  readonly #place: Int16Array;
  readonly #table: Float64Array;
  readonly #step: number;
  readonly #harmonics: SphericalHarmonics;
  readonly #y: Float64Array;
  readonly #radial: Float64Array;
  readonly #expansion: Float64Array;

  /** Throws PotentialError for settings that make no descriptor. */
  constructor(settings: SoapSettings) {
    const { species, cutoff, sigma, nmax, lmax } = settings;
    checkSettings(settings);
    this.settings = settings;
    const s = species.length;
    this.nfeatures = (lmax + 1) * ((s * nmax * (nmax + 1)) / 2 + ((s * (s - 1)) / 2) * nmax * nmax);
    this.#place = new Int16Array(256).fill(-1);
    species.forEach((z, k) => {
      this.#place[z] = k;
    });
    const width = (lmax + 1) * nmax;
    const knots = Math.max(LEAST_KNOTS, Math.ceil((KNOTS_PER_SIGMA * cutoff) / sigma));
    this.#step = cutoff / (knots - 2);
    if (knots * width > MAX_TABLE)
      throw new PotentialError(
        `SOAP: nmax ${nmax}, lmax ${lmax}, cutoff ${cutoff} and σ ${sigma} need too large a table`,
      );
    this.#table = new Float64Array(knots * width);
    const integrals = new RadialIntegrals({ cutoff, sigma, nmax, lmax });
    for (let k = 0; k < knots; k++) integrals.at(k * this.#step, this.#table, k * width);
    this.#harmonics = new SphericalHarmonics(lmax);
    this.#y = new Float64Array((lmax + 1) ** 2);
    this.#radial = new Float64Array(width);
    this.#expansion = new Float64Array(s * (lmax + 1) ** 2 * nmax);
  }

  /** Radial integrals at r = 0, step, 2 step … Å: (knots, l, n), one knot beyond the cutoff; between them they are linear. */
  get radialTable(): { readonly step: number; readonly values: Float64Array } {
    return { step: this.#step, values: this.#table };
  }

  /**
   * Features of the given centers into `out` (centers, nfeatures), which is overwritten. Throws PotentialError for a species that is
   * not among those of the settings.
   */
  compute(neighborhood: Neighborhood, centers: ArrayLike<number>, out: Float64Array): void {
    if (out.length !== centers.length * this.nfeatures)
      throw new PotentialError(`expected room for ${centers.length * this.nfeatures} features, found ${out.length}`);
    const { numbers, positions, first, neighbors } = neighborhood;
    for (let c = 0; c < centers.length; c++) {
      const i = centers[c];
      this.#expansion.fill(0);
      this.#add(this.#speciesOf(numbers[i]), 0, 0, 0);
      for (let k = first[i]; k < first[i + 1]; k++) {
        const j = neighbors[k];
        this.#add(
          this.#speciesOf(numbers[j]),
          positions[3 * j] - positions[3 * i],
          positions[3 * j + 1] - positions[3 * i + 1],
          positions[3 * j + 2] - positions[3 * i + 2],
        );
      }
      this.#powerSpectrum(out, c * this.nfeatures);
    }
  }

  #speciesOf(z: number): number {
    const place = this.#place[z];
    if (place >= 0) return place;
    throw new PotentialError(
      `an atom of ${symbolOf(z)} is none of the species of the features: ${this.settings.species.map(symbolOf).join(' ')}`,
    );
  }

  /** Adds an atom at (x, y, z) from the center to the expansion c_nlm of its species. */
  #add(species: number, x: number, y: number, z: number): void {
    const { cutoff, nmax, lmax } = this.settings;
    const r = Math.sqrt(x * x + y * y + z * z);
    if (r >= cutoff) return;
    const fade = r <= cutoff - FADE ? 1 : 0.5 * (1 + Math.cos((Math.PI * (r - cutoff + FADE)) / FADE));
    const width = (lmax + 1) * nmax;
    const knot = Math.floor(r / this.#step);
    const part = r / this.#step - knot;
    const low = fade * (1 - part);
    const high = fade * part;
    const table = this.#table;
    const radial = this.#radial;
    for (let k = 0, at = knot * width; k < width; k++, at++) radial[k] = low * table[at] + high * table[at + width];
    // At the center only l = 0 is left: the radial integrals of the others vanish there.
    if (r > 0) this.#harmonics.at(x / r, y / r, z / r, this.#y);
    else this.#harmonics.at(0, 0, 1, this.#y);
    let to = species * (lmax + 1) * width;
    for (let l = 0, lm = 0; l <= lmax; l++)
      for (let m = -l; m <= l; m++, lm++) {
        const value = this.#y[lm];
        for (let n = 0, from = l * nmax; n < nmax; n++) this.#expansion[to++] += value * radial[from + n];
      }
  }

  #powerSpectrum(out: Float64Array, offset: number): void {
    const { species, nmax, lmax } = this.settings;
    const block = (lmax + 1) ** 2 * nmax;
    const c = this.#expansion;
    let to = offset;
    for (let l = 0; l <= lmax; l++) {
      const factor = Math.PI * Math.sqrt(8 / (2 * l + 1));
      const begin = l * l * nmax;
      const end = (l + 1) ** 2 * nmax;
      for (let a = 0; a < species.length; a++)
        for (let b = a; b < species.length; b++)
          for (let n = 0; n < nmax; n++) {
            const count = a === b ? nmax - n : nmax;
            const from = b * block + (a === b ? n : 0);
            for (let k = 0; k < count; k++) out[to + k] = 0;
            for (let row = begin; row < end; row += nmax) {
              const value = factor * c[a * block + row + n];
              for (let k = 0; k < count; k++) out[to + k] += value * c[from + row + k];
            }
            to += count;
          }
    }
  }
}

function checkSettings({ species, cutoff, sigma, nmax, lmax }: SoapSettings): void {
  const fail = (what: string) => {
    throw new PotentialError(`SOAP: ${what}`);
  };
  if (!(cutoff > FADE && cutoff <= 100)) fail(`expected a cutoff of ${FADE} to 100 Å, found ${cutoff}`);
  if (!(sigma >= 0.1 && sigma <= cutoff)) fail(`expected a width σ of 0.1 Å to the cutoff, found ${sigma}`);
  if (!(Number.isInteger(nmax) && nmax >= 1 && nmax <= MAX_BASIS))
    fail(`expected nmax 1 to ${MAX_BASIS}, found ${nmax}`);
  if (!(Number.isInteger(lmax) && lmax >= 0 && lmax <= MAX_BASIS))
    fail(`expected lmax 0 to ${MAX_BASIS}, found ${lmax}`);
  const ascending = species.every((z, k) => z > 0 && z <= 118 && (k === 0 || z > species[k - 1]));
  if (species.length === 0 || !ascending) fail('expected ascending atomic numbers');
}
