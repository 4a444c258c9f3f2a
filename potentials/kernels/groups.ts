import { PotentialError } from '../../src/core/errors.ts';
import type { ElementModel, HdnnpModel, SymmetryFunction } from '../hdnnp-model.ts';
import { type ExponentPlan, planExponents } from './exponent-plan.ts';

/** Radial window of the kernel: cutoff type 0–8 (lo = α·rc), or 16 + compact core (lo = rl). Å. */
export interface KernelWindow {
  readonly kind: number;
  readonly lo: number;
  readonly hi: number;
  readonly asymmetric: boolean;
}

/** Neighbors of one element seen through a window; `listed` when angular groups run over them. */
interface View {
  readonly element: number;
  readonly window: number;
  listed: boolean;
}

/** One distance term, every η: channels Σ exp(−η(r−rs)²)·f, or the single channel Σ f without an η. */
interface RadialGroup {
  readonly view: number;
  readonly rs: number;
  readonly plan: ExponentPlan;
}

/** One set of triplets, every η, λ, ζ and angular interval. */
interface AngularGroup {
  readonly view1: number;
  readonly view2: number;
  readonly wide: boolean;
  readonly rs: number;
  readonly plan: ExponentPlan;
  /** Highest power of cos θ whose sums are wanted for each η; −1 = none. */
  readonly moments: readonly number[];
  /** Σ F·exp(−ηR)·(1+λ cos θ)^ζ. */
  readonly powers: readonly { readonly eta: number; readonly lambda: number; readonly zeta: number }[];
  /** Σ F·C(θ); radians. */
  readonly thetas: readonly { readonly core: number; readonly lo: number; readonly hi: number }[];
}

/** G[feature] += coefficient · channel: weighted functions are rows over all elements. */
interface MapEntry {
  readonly feature: number;
  readonly channel: number;
  readonly coefficient: number;
}

/** The symmetry functions of one central element as the kernel computes them. */
export interface ElementGroups {
  readonly views: readonly View[];
  readonly radial: readonly RadialGroup[];
  readonly angular: readonly AngularGroup[];
  readonly map: readonly MapEntry[];
}

/** The kernel sums cosine powers up to this one; higher ζ use (1+λ cos θ)^ζ itself. */
const MAX_MOMENT = 8;
/** Largest rounding of a scaled symmetry function that the sum of moments may add. */
const MOMENT_NOISE = 1e-13;
const CORES = ['p1', 'p2', 'p3', 'p4', 'e'];

/** Distinct windows over all elements, in the order of their first use. */
export class WindowTable {
  readonly windows: KernelWindow[] = [];
  readonly #indices = new Map<string, number>();
  readonly #model: HdnnpModel;

  constructor(model: HdnnpModel) {
    this.#model = model;
  }

  of(sf: SymmetryFunction): number {
    const window = 'subtype' in sf ? compactWindow(sf) : this.#cutoffWindow(sf.rc);
    const key = JSON.stringify(window);
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.windows.push(window) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  #cutoffWindow(rc: number): KernelWindow {
    const { cutoffType, cutoffAlpha } = this.#model;
    const inner = cutoffType === 2 || cutoffType === 3 ? 0 : cutoffAlpha;
    return { kind: cutoffType, lo: inner * rc, hi: rc, asymmetric: false };
  }
}

function compactWindow(sf: SymmetryFunction & { subtype: string; rl: number }): KernelWindow {
  return { kind: 16 + coreOf(sf.subtype), lo: sf.rl, hi: sf.rc, asymmetric: sf.subtype.endsWith('a') };
}

function coreOf(subtype: string): number {
  const core = CORES.indexOf(subtype.replace(/a$/, ''));
  if (core < 0 || subtype === 'ea')
    throw new PotentialError(`expected a subtype p1-p4, p1a-p4a or e, found "${subtype}"`);
  return core;
}

/** A symmetry function for one neighbor element or pair, with its weight in G. */
interface Part {
  readonly feature: number;
  readonly sf: SymmetryFunction;
  readonly e1: number;
  readonly e2: number;
  readonly weight: number;
}

/** Groups the functions of an element; `species` are the atomic numbers of the model, ascending. Throws PotentialError. */
export function groupElement(element: ElementModel, species: readonly number[], windows: WindowTable): ElementGroups {
  const grouping = new Grouping(windows);
  element.symmetryFunctions.forEach((sf, feature) => {
    for (const part of partsOf(sf, feature, species)) grouping.add(part);
  });
  return grouping.finish(element);
}

function partsOf(sf: SymmetryFunction, feature: number, species: readonly number[]): Part[] {
  const index = (z: number) => {
    const at = species.indexOf(z);
    if (at < 0)
      throw new PotentialError(
        `a symmetry function names atomic number ${z}, which is not an element of the potential`,
      );
    return at;
  };
  switch (sf.type) {
    case 2:
    case 20:
      return [{ feature, sf, e1: index(sf.e1), e2: -1, weight: 1 }];
    case 12:
    case 23:
      return species.map((z, e1) => ({ feature, sf, e1, e2: -1, weight: z }));
    case 3:
    case 9:
    case 21:
    case 22: {
      const [a, b] = [index(sf.e1), index(sf.e2)];
      return [{ feature, sf, e1: Math.min(a, b), e2: Math.max(a, b), weight: 1 }];
    }
    default:
      return species.flatMap((z1, e1) =>
        species.slice(e1).map((z2, k) => ({ feature, sf, e1, e2: e1 + k, weight: z1 * z2 })),
      );
  }
}

class Grouping {
  readonly #windows: WindowTable;
  readonly #views: View[] = [];
  readonly #radial = new Map<string, { view: number; rs: number; parts: Part[] }>();
  readonly #angular = new Map<string, { view1: number; view2: number; wide: boolean; rs: number; parts: Part[] }>();

  constructor(windows: WindowTable) {
    this.#windows = windows;
  }

  add(part: Part): void {
    const { sf, e1, e2 } = part;
    const window = this.#windows.of(sf);
    const rs = 'rs' in sf ? sf.rs : 0;
    const angular = e2 >= 0;
    const view1 = this.#view(e1, window, angular);
    if (!angular) {
      const key = `${view1} ${rs}`;
      const group = this.#radial.get(key) ?? { view: view1, rs, parts: [] };
      this.#radial.set(key, group);
      group.parts.push(part);
      return;
    }
    const view2 = this.#view(e2, window, true);
    const wide = sf.type === 9 || sf.type === 22 || sf.type === 25;
    const key = `${view1} ${view2} ${wide} ${rs}`;
    const group = this.#angular.get(key) ?? { view1, view2, wide, rs, parts: [] };
    this.#angular.set(key, group);
    group.parts.push(part);
  }

  #view(element: number, window: number, listed: boolean): number {
    let at = this.#views.findIndex((view) => view.element === element && view.window === window);
    if (at < 0) at = this.#views.push({ element, window, listed: false }) - 1;
    this.#views[at].listed ||= listed;
    return at;
  }

  finish(element: ElementModel): ElementGroups {
    const map: MapEntry[] = [];
    let channel = 0;
    const radial = [...this.#radial.values()].map(({ view, rs, parts }) => {
      const plan = planExponents(parts.flatMap(({ sf }) => ('eta' in sf ? [sf.eta] : [])));
      for (const { feature, sf, weight } of parts) {
        const offset = 'eta' in sf ? plan.etas.indexOf(sf.eta) : 0;
        map.push({ feature, channel: channel + offset, coefficient: weight });
      }
      channel += Math.max(plan.etas.length, 1);
      return { view, rs, plan };
    });
    const angular = [...this.#angular.values()].map(({ view1, view2, wide, rs, parts }) => {
      const group = { view1, view2, wide, rs, ...angularChannels(parts, element, channel, map) };
      channel += channelCount(group);
      return group;
    });
    map.sort((a, b) => a.feature - b.feature || a.channel - b.channel);
    return { views: this.#views, radial, angular, map };
  }
}

type Channels = Pick<AngularGroup, 'plan' | 'moments' | 'powers' | 'thetas'>;
type ConePart = Part & { readonly sf: Extract<SymmetryFunction, { type: 3 | 9 | 13 }> };

function channelCount({ moments, powers, thetas }: Channels): number {
  return moments.reduce((sum, z) => sum + z + 1, 0) + powers.length + thetas.length;
}

/** Chooses the channels of a group and adds to the map what each function takes from them. */
function angularChannels(parts: readonly Part[], element: ElementModel, first: number, map: MapEntry[]): Channels {
  const cones = parts.filter((part): part is ConePart => 'lambda' in part.sf);
  const plan = planExponents(cones.map(({ sf }) => sf.eta));
  const byMoments = new Set(cones.filter((part) => momentsAreExact(part, cones, element)));
  const moments = plan.etas.map((eta) =>
    Math.max(-1, ...cones.filter((part) => byMoments.has(part) && part.sf.eta === eta).map(({ sf }) => sf.zeta)),
  );
  const powers = distinct(
    cones
      .filter((part) => !byMoments.has(part))
      .map(({ sf }) => ({ eta: plan.etas.indexOf(sf.eta), lambda: sf.lambda, zeta: sf.zeta })),
  ).sort((a, b) => a.lambda - b.lambda || a.zeta - b.zeta || a.eta - b.eta);
  const thetas = distinct(parts.flatMap(({ sf }) => ('thetaLeft' in sf ? [thetaOf(sf)] : [])));

  const firstMoment = moments.map((_, k) => first + moments.slice(0, k).reduce((sum, z) => sum + z + 1, 0));
  const firstPower = first + moments.reduce((sum, z) => sum + z + 1, 0);
  for (const part of parts) {
    const { feature, sf, weight } = part;
    if ('thetaLeft' in sf) {
      const at = indexOfEqual(thetas, thetaOf(sf));
      map.push({ feature, channel: firstPower + powers.length + at, coefficient: weight });
      continue;
    }
    if (!('lambda' in sf)) continue;
    const eta = plan.etas.indexOf(sf.eta);
    const scale = weight * 2 ** (1 - sf.zeta);
    if (!byMoments.has(part as ConePart)) {
      const at = indexOfEqual(powers, { eta, lambda: sf.lambda, zeta: sf.zeta });
      map.push({ feature, channel: firstPower + at, coefficient: scale });
      continue;
    }
    for (let p = 0, binomial = 1; p <= sf.zeta; p++) {
      map.push({ feature, channel: firstMoment[eta] + p, coefficient: scale * binomial * sf.lambda ** p });
      binomial = (binomial * (sf.zeta - p)) / (p + 1);
    }
  }
  return { plan, moments, powers, thetas };
}

/**
 * (1+λc)^ζ as a sum of moments cancels where the function is small: rounding of about ζ·ε of the largest function with this η.
 * That is fine unless the scaling of this function magnifies it.
 */
function momentsAreExact(part: ConePart, cones: readonly ConePart[], element: ElementModel): boolean {
  const { sf, feature } = part;
  if (!Number.isInteger(sf.zeta) || sf.zeta < 0 || sf.zeta > MAX_MOMENT || Math.abs(sf.lambda) > 1) return false;
  if (!element.statistics) return true;
  const { max } = element.statistics;
  const size = Math.max(
    ...cones.filter((other) => other.sf.eta === sf.eta).map((other) => Math.abs(max[other.feature])),
  );
  const noise = (sf.zeta + 1) * 2 ** -53 * size * Math.abs(element.scaleFactor[feature]);
  return !(noise > MOMENT_NOISE);
}

function thetaOf(sf: { thetaLeft: number; thetaRight: number; subtype: string }) {
  const radians = Math.PI / 180;
  return { core: coreOf(sf.subtype), lo: sf.thetaLeft * radians, hi: sf.thetaRight * radians };
}

const indexOfEqual = (list: readonly object[], item: object) => {
  const key = JSON.stringify(item);
  return list.findIndex((other) => JSON.stringify(other) === key);
};

function distinct<T extends object>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
