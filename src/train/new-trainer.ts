import type { TrainingBackend } from './backend.ts';
import type { TrainConfig } from './config.ts';
import type { Dataset } from './dataset.ts';
import type { LossWeights } from './loss.ts';
import { initializeWeights, type Networks, newNetworks } from './networks.ts';
import { newOptimiser } from './optimisers/new-optimiser.ts';
import { RandomStream } from './random-stream.ts';
import { Trainer } from './trainer.ts';

interface TrainerParts {
  readonly dataset: Dataset;
  readonly config: TrainConfig;
  readonly backend: TrainingBackend;
  /** Of the whole run. */
  readonly epochs: number;
  readonly seed: number;
  readonly random: RandomStream;
}

/** Networks with their first weights, and the trainer of them. Throws UsageError when the optimiser needs more memory than allowed. */
export function newTrainer(parts: TrainerParts): { trainer: Trainer; networks: Networks } {
  const { dataset, config, epochs, seed, random } = parts;
  const { program } = parts.backend;
  const networks: Networks = newNetworks(
    dataset.elements.map(({ symmetryFunctions }) => symmetryFunctions.length),
    config.hidden,
  );
  initializeWeights(networks, new RandomStream(seed + 1));
  const pass = program.passes(networks);
  const loss: LossWeights = {
    energy: config.energyWeight,
    force: config.forceWeight,
    virial: config.virialWeight,
    unit: dataset.forceUnit,
  };
  const { training, validation } = dataset;
  const gradient = parts.backend.gradient(pass, networks, loss);
  const structures = epochs * training.length;
  const { memoryGB } = config;
  const optimiser = newOptimiser(config.optimiser, { program, pass, loss, gradient, random, memoryGB, structures });
  const averaging = config.averaging * training.length;
  return {
    trainer: new Trainer({ networks, pass, optimiser, random, loss, training, validation, averaging }),
    networks,
  };
}
