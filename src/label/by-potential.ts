import { type Committee, evaluateCommittee } from '../../potentials/committee.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import type { Evaluation, Potential } from '../../potentials/potential.ts';
import { LabelError, PotentialError } from '../core/errors.ts';
import type { Frame, InfoValue } from '../core/frame.ts';
import { evaluateStructure } from '../evaluate/evaluate-structure.ts';
import { loadIdentified, type PotentialSource } from '../serve/load-evaluator.ts';
import { modelDeviation } from '../watch/selection/model-deviation.ts';
import type { Labelled, Labeller } from './labeller.ts';
import { place } from './lammps-box.ts';

/** A trained potential, or the mean of a committee, as labeller. */
export class PotentialLabeller implements Labeller {
  readonly provenance: Readonly<Record<string, InfoValue>>;
  /** It computes in this process. */
  readonly concurrency = 1;
  readonly #potential: Potential;

  private constructor(potential: Potential, provenance: Record<string, InfoValue>) {
    this.#potential = potential;
    this.provenance = provenance;
  }

  /** Errors are those of `loadPotential` and `loadCommittee`. */
  static async open(source: PotentialSource): Promise<PotentialLabeller> {
    const { potential, modelId } = await loadIdentified(source);
    return new PotentialLabeller(potential, {
      labeller: 'potential',
      label_potential: [source.directory, ...(source.further ?? [])].join(' '),
      label_model: modelId.toString(16).padStart(12, '0'),
    });
  }

  /**
   * Energy (eV), forces (eV/Å) and virial (eV). `info.extrapolations`: values of symmetry functions outside the training range. Of a
   * committee also the disagreement of its members: `info.max_devi_f` (eV/Å), `info.max_devi_v` and `info.devi_e` (eV/atom), and the
   * column `force_deviation` (eV/Å), as in `model_devi.out`.
   */
  async label(frame: Frame, signal: AbortSignal): Promise<Labelled> {
    signal.throwIfAborted();
    try {
      return isCommittee(this.#potential)
        ? labelByCommittee(this.#potential, frame)
        : labelByOne(this.#potential, frame);
    } catch (error) {
      if (!(error instanceof PotentialError)) throw error;
      throw new LabelError(`${place(frame)}${this.#potential.name}: ${error.message}`, '', { cause: error });
    }
  }

  async close(): Promise<void> {}
}

function isCommittee(potential: Potential): potential is Committee {
  return 'evaluateMembers' in potential && (potential as Committee).members > 1;
}

function labelByOne(potential: Potential, frame: Frame): Labelled {
  const result = evaluateStructure(potential, frame);
  return { labels: finite(result), info: { extrapolations: result.extrapolationCount } };
}

function labelByCommittee(committee: Committee, frame: Frame): Labelled {
  const z = frame.numbers.find((number) => !committee.species.includes(number));
  if (z !== undefined) return labelByOne(committee, frame); // says which atom
  const { mean, disagreement } = evaluateCommittee(committee, buildNeighborList(frame, committee.cutoff));
  const { maxForce, maxVirial, energy } = modelDeviation(disagreement);
  return {
    labels: finite(mean),
    info: {
      extrapolations: mean.extrapolationCount,
      max_devi_f: maxForce,
      max_devi_v: maxVirial,
      ...(energy !== undefined && { devi_e: energy }),
    },
    arrays: { force_deviation: { columns: 1, data: disagreement.forces } },
  };
}

function finite({ energy, forces, virial }: Evaluation) {
  if (![energy, ...forces, ...virial].every(Number.isFinite))
    throw new PotentialError('the energy, a force or the virial is not finite');
  return { energy, forces, virial };
}
