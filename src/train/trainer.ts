import { energyScale, forceScale, type LossWeights, virialScale } from './loss.ts';
import { type ErrorTable, Metrics } from './metrics.ts';
import type { Networks } from './networks.ts';
import { copyState, type Optimiser } from './optimisers/optimiser.ts';
import type { Passes } from './passes.ts';
import type { RandomStream } from './random-stream.ts';
import type { TrainingStructure } from './training-structure.ts';

/** One row of the learning curve. */
export interface EpochErrors {
  readonly epoch: number;
  /** Of all processes that worked on it. */
  readonly cpuSeconds: number;
  readonly training: ErrorTable;
  readonly validation: ErrorTable;
  /** The quantity that decides which weights are kept. */
  readonly score: number;
}

/** Where training stands, beside the arrays. */
export interface TrainerRecord {
  readonly epoch: number;
  /** Structures of the present epoch that have been used. */
  readonly position: number;
  readonly draws: number;
  readonly cpuSeconds: number;
  /** Of the lowest score. */
  readonly bestEpoch: number;
  readonly bestScore: number | null;
  /** Whose weights are kept: the last one whose score is the lowest one up to its uncertainty. */
  readonly keptEpoch: number;
  readonly curve: readonly EpochErrors[];
}

export interface TrainerSetup {
  readonly networks: Networks;
  readonly pass: Passes;
  readonly optimiser: Optimiser;
  readonly random: RandomStream;
  readonly loss: LossWeights;
  readonly training: readonly TrainingStructure[];
  readonly validation: readonly TrainingStructure[];
  /** Updates over which weights are averaged (exponentially) before they are measured and kept; 0 = the last ones. */
  readonly averaging: number;
}

export interface RunOptions {
  readonly epochs: number;
  /** Stop when the score has not improved for so many epochs. */
  readonly patience?: number;
  /** Stop after the present update. */
  readonly signal?: AbortSignal;
  /** Seconds of this run after which it stops, between updates. */
  readonly timeLimit?: number;
  /** After each update: updates done and to do in all epochs. */
  readonly onUpdate?: (done: number, total: number) => void;
  /** After each epoch. */
  readonly onEpoch?: (row: EpochErrors) => Promise<void>;
}

export type StopReason = 'finished' | 'no improvement' | 'interrupted' | 'time limit';

/** Part of the updates done that weights are averaged over at most. */
const WINDOW = 0.2;

/** Milliseconds between looks at signals and timers. */
const BREATH = 100;

/** Runs epochs of updates over shuffled structures, keeps the weights by their validation score, and can stop anywhere. */
export class Trainer {
  readonly #setup: TrainerSetup;
  readonly #order: Int32Array;
  readonly #keptWeights: Float64Array;
  /** Running average of the weights, and the sum of the shares in it (1 in the long run). */
  readonly #average: Float64Array;
  readonly #share = new Float64Array(1);
  #epoch = 0;
  #position = 0;
  #bestEpoch = 0;
  #bestScore = Infinity;
  #keptEpoch = 0;
  #cpuBefore = 0;
  #curve: EpochErrors[] = [];

  constructor(setup: TrainerSetup) {
    this.#setup = setup;
    this.#order = Int32Array.from(setup.training.keys());
    this.#keptWeights = setup.networks.weights.slice();
    this.#average = new Float64Array(setup.averaging > 0 ? this.#keptWeights.length : 0);
  }

  get keptWeights(): Float64Array {
    return this.#keptWeights;
  }

  async run(options: RunOptions): Promise<StopReason> {
    const started = performance.now();
    let breath = started;
    while (this.#epoch < options.epochs) {
      // Here, so that a run continued from its last checkpoint stops where it would have stopped.
      if (this.#position === 0 && this.#stalled(options)) return 'no improvement';
      if (this.#position === 0) this.#setup.random.shuffle(this.#order);
      while (this.#position < this.#order.length) {
        this.#update();
        this.#reportUpdate(options);
        const now = performance.now();
        if (now - breath > BREATH) {
          breath = now;
          await new Promise((go) => setImmediate(go));
        }
        if (options.signal?.aborted) return 'interrupted';
        if (now - started > 1000 * (options.timeLimit ?? Infinity)) return 'time limit';
      }
      await this.#endEpoch(options);
    }
    return 'finished';
  }

  #stalled({ patience = 0 }: RunOptions): boolean {
    return patience > 0 && this.#epoch - this.#bestEpoch >= patience;
  }

  record(): TrainerRecord {
    return {
      epoch: this.#epoch,
      position: this.#position,
      draws: this.#setup.random.draws,
      cpuSeconds: this.#cpu(),
      bestEpoch: this.#bestEpoch,
      bestScore: Number.isFinite(this.#bestScore) ? this.#bestScore : null,
      keptEpoch: this.#keptEpoch,
      curve: this.#curve,
    };
  }

  arrays(): Readonly<Record<string, Float64Array>> {
    const state = this.#setup.optimiser.state();
    return {
      weights: this.#setup.networks.weights,
      keptWeights: this.#keptWeights,
      order: Float64Array.from(this.#order),
      average: this.#average,
      share: this.#share,
      ...Object.fromEntries(Object.entries(state).map(([name, values]) => [`optimiser.${name}`, values])),
    };
  }

  /** Continues where `record` and `arrays` were taken; the random stream of the setup must stand at `record.draws`. */
  restore(record: TrainerRecord, arrays: Readonly<Record<string, Float64Array>>): void {
    const order = Float64Array.from(this.#order);
    copyState(arrays, {
      weights: this.#setup.networks.weights,
      keptWeights: this.#keptWeights,
      order,
      average: this.#average,
      share: this.#share,
    });
    this.#order.set(order);
    const prefix = 'optimiser.';
    this.#setup.optimiser.restore(
      Object.fromEntries(
        Object.entries(arrays)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, values]) => [name.slice(prefix.length), values]),
      ),
    );
    this.#epoch = record.epoch;
    this.#position = record.position;
    this.#bestEpoch = record.bestEpoch;
    this.#bestScore = record.bestScore ?? Infinity;
    this.#keptEpoch = record.keptEpoch;
    this.#cpuBefore = record.cpuSeconds;
    this.#curve = [...record.curve];
  }

  /** Errors of these weights over these structures. */
  errors(structures: readonly TrainingStructure[]): Metrics {
    const metrics = new Metrics();
    const { pass } = this.#setup;
    for (const structure of structures) {
      pass.load(structure);
      const forces = new Float64Array(3 * structure.natoms);
      pass.forces(forces);
      const virial = new Float64Array(6);
      pass.virial(virial);
      const { natoms, group } = structure;
      metrics.add({ natoms, energy: pass.energy, forces, virial, label: structure, group });
    }
    return metrics;
  }

  #update(): void {
    const { optimiser, training } = this.#setup;
    const end = Math.min(this.#position + optimiser.batch, this.#order.length);
    const batch = Array.from(this.#order.subarray(this.#position, end), (s) => training[s]);
    optimiser.update(batch);
    this.#addToAverage(batch.length);
    this.#position = end;
  }

  #addToAverage(structures: number): void {
    const { averaging, networks } = this.#setup;
    if (averaging === 0) return;
    // The first weights are far from the last ones: the window grows with the updates done.
    const done = this.#epoch * this.#order.length + this.#position;
    const keep = Math.exp(-structures / Math.min(averaging, Math.max(structures, WINDOW * done)));
    this.#share[0] = keep * this.#share[0] + 1 - keep;
    for (let k = 0; k < this.#average.length; k++)
      this.#average[k] = keep * this.#average[k] + (1 - keep) * networks.weights[k];
  }

  #reportUpdate({ epochs, onUpdate }: RunOptions): void {
    const batch = Math.min(this.#setup.optimiser.batch, this.#order.length);
    const perEpoch = Math.ceil(this.#order.length / batch);
    const done = Math.ceil(this.#position / batch);
    onUpdate?.(this.#epoch * perEpoch + done, epochs * perEpoch);
  }

  async #endEpoch({ onEpoch }: RunOptions): Promise<void> {
    const { training, validation, loss, networks } = this.#setup;
    this.#epoch++;
    this.#position = 0;
    const present = networks.weights.slice();
    if (this.#share[0] > 0)
      this.#average.forEach((w, k) => {
        networks.weights[k] = w / this.#share[0];
      });
    const row = {
      epoch: this.#epoch,
      training: this.errors(training).total(),
      validation: this.errors(validation).total(),
    };
    const measured = validation.length > 0 ? row.validation : row.training;
    const score = scoreOf(measured, loss);
    if (score < this.#bestScore) {
      this.#bestScore = score;
      this.#bestEpoch = this.#epoch;
    }
    if (score <= this.#bestScore * (1 + uncertainty(measured))) {
      this.#keptEpoch = this.#epoch;
      this.#keptWeights.set(networks.weights);
    }
    networks.weights.set(present);
    const complete = { ...row, score, cpuSeconds: this.#cpu() };
    this.#curve.push(complete);
    await onEpoch?.(complete);
  }

  #cpu(): number {
    return this.#cpuBefore + cpuSeconds();
  }
}

/**
 * The weighted mean absolute errors of energy per atom and forces: unlike the mean squares of the loss it is not decided by the one
 * or two hardest structures of a small validation part. NaN (diverged) is never the best.
 */
function scoreOf({ energy, forces, virial }: ErrorTable, loss: LossWeights): number {
  const e = energy.count > 0 ? energyScale(loss, 1) * (energy.mae / 1000) : 0;
  const f = forces.count > 0 ? forceScale(loss) * forces.mae : 0;
  const w = virial.count > 0 ? virialScale(loss, 1) * (virial.mae / 1000) : 0;
  return e + f + w;
}

/**
 * Of the mean absolute error over the structures of a table, as a part of it: absolute errors spread about as widely as their mean. Weights
 * that have been trained for longer are not given up for a difference below it.
 */
function uncertainty({ structures }: ErrorTable): number {
  return 1 / Math.sqrt(Math.max(1, structures));
}

/** Of this process, descriptors included. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
