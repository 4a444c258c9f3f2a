import type { Backend } from '../../../potentials/kernels/backends.ts';
import type { Rung } from '../../../potentials/kernels/ladder.ts';
import { PotentialError } from '../../core/errors.ts';
import { buildWire } from '../geometry/build-wire.ts';
import { metalOf } from '../metals.ts';
import { Jellium } from './jellium.ts';
import { JelliumKernel } from './jellium-kernel.ts';
import { type JelliumParameters, jelliumParameters } from './jellium-parameters.ts';
import type { ConductanceModel } from './landauer.ts';
import { TightBinding } from './tight-binding.ts';
import { TightBindingKernel } from './tight-binding-kernel.ts';
import { type TightBindingParameters, tightBindingParameters } from './tight-binding-parameters.ts';

/** The programs that label, on one rung of the ladder. */
export interface NegfBackend {
  readonly rung: Rung;
  jellium(parameters: JelliumParameters): ConductanceModel<unknown>;
  tightBinding(parameters: TightBindingParameters): ConductanceModel<unknown>;
}

/**
 * The fastest programs that work here and give the conductances of the TypeScript ones: native, WebAssembly, TypeScript. Throws
 * PotentialError when a backend asked for by name cannot be used.
 */
export function chooseNegf(backend: Backend = 'auto'): NegfBackend {
  const passedOver: string[] = [];
  for (const rung of backend === 'auto' ? (['native', 'wasm'] as const) : [backend]) {
    if (rung === 'typescript') continue;
    const verdict = tried(rung);
    if ('name' in verdict) return { rung: { backend: verdict.name, passedOver }, ...compiled(rung) };
    passedOver.push(verdict.reason);
  }
  if (backend !== 'auto' && backend !== 'typescript')
    throw new PotentialError(`the backend ${backend} cannot be used: ${passedOver.join('; ')}`);
  return {
    rung: { backend: 'typescript', passedOver },
    jellium: (parameters) => new Jellium(parameters),
    tightBinding: (parameters) => new TightBinding(parameters),
  };
}

function compiled(backend: Backend): Omit<NegfBackend, 'rung'> {
  return {
    jellium: (parameters) => new JelliumKernel(parameters, backend),
    tightBinding: (parameters) => new TightBindingKernel(parameters, backend),
  };
}

type Verdict = { readonly name: string } | { readonly reason: string };

const verdicts = new Map<Backend, Verdict>();

function tried(backend: Backend): Verdict {
  const known = verdicts.get(backend);
  if (known) return known;
  let verdict: Verdict;
  try {
    verdict = selfTest(backend);
  } catch (error) {
    verdict = { reason: (error as Error).message };
  }
  verdicts.set(backend, verdict);
  return verdict;
}

/** Conductances are of order 1 G0. */
const TOLERANCE = 1e-7;

/** A short wire, with few modes in jellium. */
function selfTest(backend: Backend): Verdict {
  const metal = metalOf({ element: 'K' });
  const wire = buildWire({ ...metal, orientation: '100', diameter: 8, free: 12, grip: 9.5, center: [0.2, 0.1] });
  const electrons = { ...jelliumParameters(metal), cutoff: 0.7, grid: 2.5 };
  const orbitals = tightBindingParameters(metal);
  const { jellium, tightBinding } = compiled(backend);
  const kernel = new JelliumKernel(electrons, backend);
  const name = kernel.leads(wire).task?.backend ?? backend;
  const total = <Leads>(model: ConductanceModel<Leads>) => model.transmission(wire, model.leads(wire)).total;
  const errors = {
    jellium: total(jellium(electrons)) - total(new Jellium(electrons)),
    'tb-s': total(tightBinding(orbitals)) - total(new TightBinding(orbitals)),
  };
  const failures = Object.entries(errors)
    .filter(([, error]) => !(Math.abs(error) < TOLERANCE))
    .map(([model, error]) => `${model} is off by ${error.toExponential(1)} G0`);
  return failures.length === 0 ? { name } : { reason: `${backend}: it fails its self-test: ${failures.join(', ')}` };
}
