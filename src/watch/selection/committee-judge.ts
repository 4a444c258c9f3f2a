import { type Committee, evaluateCommittee } from '../../../potentials/committee.ts';
import { unknownSpecies } from '../../../potentials/descriptors/environment.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { PotentialError, UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { checkLevels, type Levels, levelOf } from './levels.ts';
import { modelDeviation } from './model-deviation.ts';
import type { Verdict } from './verdict.ts';

export interface CommitteeOptions {
  readonly levels: Levels;
  /**
   * What a frame is in which the committee agrees but extrapolates (symmetry functions outside the range of the training set): `candidate`
   * (default) or `accurate`.
   */
  readonly extrapolating?: 'candidate' | 'accurate';
  /** Keep the deviation of each force. */
  readonly atomic?: boolean;
}

/** Judges frames by how far the members of a committee disagree about them. */
export class CommitteeJudge {
  readonly #committee: Committee;
  readonly #options: CommitteeOptions;

  /** Throws UsageError for a committee of one, which always agrees, and for levels that make no sense. */
  constructor(committee: Committee, options: CommitteeOptions) {
    if (committee.members < 2)
      throw new UsageError(
        `${committee.name}: expected a committee of at least 2 potentials, found ${committee.members}`,
      );
    checkLevels(options.levels);
    this.#committee = committee;
    this.#options = options;
  }

  /** A frame that the committee cannot evaluate (unknown element, coincident atoms, result that is no number) has failed. */
  judge(frame: Frame): Verdict {
    try {
      return this.#judge(frame);
    } catch (error) {
      if (!(error instanceof PotentialError)) throw error;
      return { decision: 'failed', reason: error.message };
    }
  }

  #judge(frame: Frame): Verdict {
    const { species, cutoff } = this.#committee;
    frame.numbers.forEach((z, i) => {
      if (!species.includes(z)) throw unknownSpecies(z, i, species);
    });
    const { levels, extrapolating = 'candidate', atomic = false } = this.#options;
    const { mean, disagreement } = evaluateCommittee(this.#committee, buildNeighborList(frame, cutoff));
    const deviation = modelDeviation(disagreement, atomic);
    const verdict = levelOf(deviation, levels, frame.cell !== null && frame.pbc.every(Boolean));
    const extrapolations = mean.extrapolationCount;
    if (verdict.decision !== 'accurate' || extrapolations === 0 || extrapolating === 'accurate')
      return { ...verdict, extrapolations };
    const reason = `${extrapolations} symmetry function values outside the training range; ${verdict.reason}`;
    return { ...verdict, decision: 'candidate', reason, extrapolations };
  }
}
