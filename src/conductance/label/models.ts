import type { Backend } from '../../../potentials/kernels/backends.ts';
import type { Rung } from '../../../potentials/kernels/ladder.ts';
import { PotentialError } from '../../core/errors.ts';
import type { Wire } from '../geometry/wire.ts';
import type { Metal } from '../metals.ts';
import { jelliumParameters } from '../negf/jellium-parameters.ts';
import type { ConductanceModel, Transmission } from '../negf/landauer.ts';
import { chooseNegf } from '../negf/negf-backend.ts';
import { tightBindingParameters } from '../negf/tight-binding-parameters.ts';

export const MODELS = ['jellium', 'tb-s'] as const;
export type ModelName = (typeof MODELS)[number];

/** Keys of the labels in frames, as the nanowire data sets have them; conductances in G0. */
export const LABEL_KEYS: Readonly<Record<ModelName, { readonly conductance: string; readonly channels: string }>> = {
  jellium: { conductance: 'conductance_jellium', channels: 'channels_jellium' },
  'tb-s': { conductance: 'conductance_tb', channels: 'channels_tb' },
};

/** What a labeller is made of; plain data that can be handed to another thread. */
export interface LabelSettings {
  readonly metal: Metal;
  readonly models: readonly ModelName[];
  /** Å; jellium. */
  readonly smearing?: number;
  /** Default: the fastest that works. Labels depend on it in their last digits only. */
  readonly backend?: Backend;
}

export type WireLabels = Readonly<Partial<Record<ModelName, Transmission>>>;

/** A wire to be labelled with leads made from `reference`, a wire with the same grips; equal ids mean equal references. */
export interface LabelJob {
  readonly wire: Wire;
  readonly leads: number;
  readonly reference: Wire;
}

/** Labels wires one after the other; leads are made when their id is new. */
export class Labeller {
  readonly rung: Rung;
  readonly #models: readonly (readonly [ModelName, CachedModel])[];

  constructor({ metal, models, smearing, backend }: LabelSettings) {
    const negf = chooseNegf(backend);
    this.rung = negf.rung;
    this.#models = models.map((name) => [
      name,
      name === 'jellium'
        ? cached(negf.jellium(jelliumParameters(metal, smearing === undefined ? {} : { smearing })))
        : cached(negf.tightBinding(tightBindingParameters(metal))),
    ]);
  }

  label(job: LabelJob): WireLabels {
    return Object.fromEntries(this.#models.map(([name, model]) => [name, checked(name, model, job)]));
  }
}

/** Throws PotentialError for a matrix that cannot be inverted, and for a result that is no conductance. */
function checked(name: ModelName, model: CachedModel, job: LabelJob): Transmission {
  try {
    const result = model(job);
    if (result.total >= 0 && Number.isFinite(result.total)) return result;
    throw new RangeError(`the conductance is ${result.total}`);
  } catch (error) {
    if (error instanceof RangeError) throw new PotentialError(`${name}: ${error.message}`);
    throw error;
  }
}

type CachedModel = (job: LabelJob) => Transmission;

function cached<Leads>(model: ConductanceModel<Leads>): CachedModel {
  let kept: { readonly id: number; readonly leads: Leads } | undefined;
  return ({ wire, leads: id, reference }) => {
    if (kept?.id !== id) kept = { id, leads: model.leads(reference) };
    return model.transmission(wire, kept.leads);
  };
}
