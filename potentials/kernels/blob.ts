import { PotentialError } from '../../src/core/errors.ts';
import { type Activation, type ElementModel, type HdnnpModel, maxCutoff, type NetworkModel } from '../hdnnp-model.ts';
import type { ExponentPlan } from './exponent-plan.ts';
import { type ElementGroups, groupElement, WindowTable } from './groups.ts';

/** First number of every blob; hdnnp.h has the same. */
const BLOB_MAGIC = 1212435022;
/** Raised whenever the layout below changes; a kernel of another version is not used. */
export const BLOB_VERSION = 1;

const ACTIVATIONS: readonly Activation[] = ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'];

/**
 * The kernel's description of one or several models that share their symmetry functions (a committee), in Å and eV: one
 * Float64Array, read front to back by model.hpp; integers are stored exactly and count from 0.
 *
 *     magic version length  nElement nWindow nNet rMax  energyFactor×nNet
 *     WINDOW×nWindow    kind lo hi asymmetric
 *     ELEMENT×nElement  Z offset×nNet nG (Gmin Gmax)×nG
 *                       nView×(element window listed)
 *                       nRadial×(view rs PLAN)
 *                       nAngular×(view1 view2 wide rs PLAN zmax×nEta nPower×(eta λ ζ) nTheta×(core lo hi))
 *                       nMap×(G channel coefficient)
 *                       nNet×((a b)×nG normalize nLayer×(outputs activation W(input-major) b))
 *     PLAN              nOperation×(a b η) nEta×(η slot);   a < 0: exp(−ηX), else product of operations a and b
 *
 * where `n×` is the count followed by the items, unless the count was given before. Channels are numbered in the order of the
 * groups: radial by η; angular by moments (η-major), powers, thetas. Throws PotentialError for what the kernel cannot express.
 */
export function planBlob(models: readonly HdnnpModel[]): Float64Array {
  const [model] = models;
  if (!shareFunctions(models))
    throw new PotentialError(
      'the members of a committee must share elements, cutoff function and symmetry functions to be evaluated together',
    );
  const species = model.elements.map(({ z }) => z);
  const windows = new WindowTable(model);
  const groups = model.elements.map((element) => groupElement(element, species, windows));

  const out: number[] = [
    BLOB_MAGIC,
    BLOB_VERSION,
    0,
    species.length,
    windows.windows.length,
    models.length,
    maxCutoff(model),
  ];
  for (const { energyFactor } of models) out.push(energyFactor);
  for (const { kind, lo, hi, asymmetric } of windows.windows) out.push(kind, lo, hi, Number(asymmetric));
  groups.forEach((group, e) => {
    const members = models.map(({ elements }) => elements[e]);
    out.push(members[0].z, ...members.map(({ energyOffset }) => energyOffset));
    pushRanges(out, members);
    pushGroups(out, group);
    for (const member of members) pushNetwork(out, member);
  });
  out[2] = out.length;
  return Float64Array.from(out);
}

/** Whether models have the same elements, cutoff function and symmetry functions, so that one blob can hold them. */
export function shareFunctions(models: readonly HdnnpModel[]): boolean {
  const functions = ({ cutoffType, cutoffAlpha, elements }: HdnnpModel) =>
    JSON.stringify([cutoffType, cutoffAlpha, elements.map(({ z, symmetryFunctions }) => [z, symmetryFunctions])]);
  return new Set(models.map(functions)).size === 1;
}

/** What every member was trained on; without statistics nothing is an extrapolation. */
export function trainingRange(members: readonly ElementModel[], feature: number): { min: number; max: number } {
  const known = members.flatMap(({ statistics }) => statistics ?? []);
  return {
    min: Math.max(-Number.MAX_VALUE, ...known.map(({ min }) => min[feature])),
    max: Math.min(Number.MAX_VALUE, ...known.map(({ max }) => max[feature])),
  };
}

function pushRanges(out: number[], members: readonly ElementModel[]): void {
  const n = members[0].symmetryFunctions.length;
  out.push(n);
  for (let k = 0; k < n; k++) {
    const { min, max } = trainingRange(members, k);
    out.push(min, max);
  }
}

function pushPlan(out: number[], { operations, etas, slots }: ExponentPlan): void {
  out.push(operations.length);
  for (const op of operations) out.push(...(op.kind === 'exp' ? [-1, -1, op.eta] : [op.a, op.b, 0]));
  out.push(etas.length);
  etas.forEach((eta, k) => {
    out.push(eta, slots[k]);
  });
}

function pushGroups(out: number[], { views, radial, angular, map }: ElementGroups): void {
  out.push(views.length);
  for (const { element, window, listed } of views) out.push(element, window, Number(listed));
  out.push(radial.length);
  for (const { view, rs, plan } of radial) {
    out.push(view, rs);
    pushPlan(out, plan);
  }
  out.push(angular.length);
  for (const { view1, view2, wide, rs, plan, moments, powers, thetas } of angular) {
    out.push(view1, view2, Number(wide), rs);
    pushPlan(out, plan);
    out.push(...moments, powers.length);
    for (const { eta, lambda, zeta } of powers) out.push(eta, lambda, zeta);
    out.push(thetas.length);
    for (const { core, lo, hi } of thetas) out.push(core, lo, hi);
  }
  out.push(map.length);
  for (const { feature, channel, coefficient } of map) out.push(feature, channel, coefficient);
}

function pushNetwork(out: number[], element: ElementModel): void {
  const { scaleFactor, scaleOffset } = element;
  scaleFactor.forEach((a, k) => {
    out.push(a, scaleOffset[k]);
  });
  const network: NetworkModel = element.network;
  out.push(Number(network.normalizeNodes), network.layers.length);
  for (const { inputs, outputs, activation, weights, biases } of network.layers) {
    out.push(outputs, ACTIVATIONS.indexOf(activation));
    for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) out.push(weights[o * inputs + i]);
    for (const b of biases) out.push(b);
  }
}
