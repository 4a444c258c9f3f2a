import type { Wire } from '../geometry/wire.ts';
import { LeadReference } from '../label/lead-reference.ts';
import type { LabelSettings } from '../label/models.ts';
import { LabelPool } from '../label/pool.ts';

/** What is said of one snapshot. */
export interface Prediction {
  /** G0; not below zero. */
  readonly conductance: number;
  /** Standard deviation over the members of an ensemble, G0. */
  readonly spread?: number;
  /** Eigenchannels, descending. */
  readonly channels?: readonly number[];
  /** Why the snapshot is not like those of the training. */
  readonly outside?: string;
  /** The value was below zero (G0) and is given as zero. */
  readonly below?: number;
}

/** Where conductances come from: a trained network, or an NEGF generator. */
export interface SnapshotPredictor {
  readonly name: string;
  /** Tells predictors apart whose traces must not be mixed. */
  readonly identity: string;
  /** Atomic number of the wires. */
  readonly z: number;
  /** Å; atoms nearer than this hold a wire together. */
  readonly bond: number;
  /** Whether it needs the lead period of the grips. */
  readonly needsLeads: boolean;
  /** Snapshots worth having under work at the same time. */
  readonly atOnce: number;
  /** `trajectory` counts trajectories; those of one keep their grips. */
  predict(wire: Wire, trajectory: number): Promise<Prediction>;
  close(): Promise<void>;
}

/** More trajectories' worth of lead references than anybody has in one. */
const REFERENCES = 1_000_000;

/** Labels by an NEGF generator, on several threads. */
export function labellingPredictor(settings: LabelSettings, bond: number, threads: number): SnapshotPredictor {
  const [model] = settings.models;
  const pool = new LabelPool(settings, threads);
  const references = new Map<number, LeadReference>();
  return {
    name: `${model} (NEGF)`,
    identity: JSON.stringify(settings),
    z: settings.metal.z,
    bond,
    needsLeads: true,
    atOnce: 2 * threads,
    async predict(wire, trajectory) {
      const reference = references.get(trajectory) ?? new LeadReference();
      references.set(trajectory, reference);
      const job = reference.job(wire);
      const labels = await pool.label({ ...job, leads: trajectory * REFERENCES + job.leads });
      const found = labels[model];
      if (!found) throw new RangeError(`${model} gave no conductance`);
      return { conductance: found.total, channels: [...found.channels] };
    },
    close: () => pool.close(),
  };
}
