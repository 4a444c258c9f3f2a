import type { Committee } from '../../../potentials/committee.ts';
import { loadCommittee, loadPotential, readModels } from '../../../potentials/load.ts';
import { UsageError } from '../../core/errors.ts';
import { CommitteeJudge, type CommitteeOptions } from './committee-judge.ts';
import { DeviationLog } from './deviation-log.ts';
import { FrameSelector, type SelectorOptions } from './frame-selector.ts';
import { NoveltyArchive, type NoveltyOptions } from './novelty.ts';
import { symmetryPoints } from './symmetry-points.ts';

export interface SelectionSettings extends Pick<SelectorOptions, 'every' | 'perFile' | 'budget'> {
  /** Directories of trained potentials: several, or that of one committee. Their symmetry functions are the descriptor of novelty. */
  readonly potentials: readonly string[];
  /** Levels of disagreement; without them the committee is not asked. */
  readonly committee?: CommitteeOptions;
  /** Where a `model_devi.out` of each file is written, and the folder that the files are in. */
  readonly deviations?: { readonly folder: string; readonly watched: string };
  readonly novelty?: Omit<NoveltyOptions, 'describe'> & { readonly per?: 'structure' | 'atoms' };
}

/** A selector from files. Throws UsageError where a criterion lacks its potentials; errors of loading as `loadPotential`. */
export async function openSelector(settings: SelectionSettings): Promise<FrameSelector> {
  const { potentials, committee, deviations, novelty, every, perFile, budget } = settings;
  if ((committee || novelty) && potentials.length === 0)
    throw new UsageError('expected potentials for disagreement or novelty, found none');
  const judge = committee && new CommitteeJudge(await committeeIn(potentials), committee);
  const archive = novelty && new NoveltyArchive({ ...novelty, describe: await describeBy(potentials[0], novelty.per) });
  return new FrameSelector({
    ...(every !== undefined && { every }),
    ...(perFile !== undefined && { perFile }),
    ...(budget !== undefined && { budget }),
    ...(judge && { committee: judge }),
    ...(archive && { novelty: archive }),
    ...(deviations && { log: new DeviationLog(deviations.folder, deviations.watched) }),
  });
}

async function committeeIn(directories: readonly string[]): Promise<Committee> {
  if (directories.length > 1) return loadCommittee(directories);
  const found = await loadPotential(directories[0]);
  if ('members' in found) return found as Committee;
  throw new UsageError(`${directories[0]}: expected a committee or several potentials, found one potential`);
}

async function describeBy(directory: string, per: 'structure' | 'atoms' = 'structure') {
  const [model] = await readModels(directory);
  return symmetryPoints(model, per);
}
