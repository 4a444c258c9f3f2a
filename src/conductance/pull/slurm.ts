import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProgramError, UsageError } from '../../core/errors.ts';
import { launch } from '../../lammps/launch.ts';
import { FILES, makeJobFolder } from './job-folder.ts';
import { type PullRequest, prepareSet } from './pull-files.ts';

export interface SlurmOptions {
  /** LAMMPS executable on the nodes. */
  readonly lammps: string;
  /** Pulls at a time; 0 = as many as the cluster lets. */
  readonly atOnce: number;
  /** Further words of `#SBATCH` lines, e.g. `--partition=short`. */
  readonly words: readonly string[];
}

/** As Slurm takes an array of jobs without changes to its settings. */
const MAX_ARRAY = 1000;

export interface SlurmScript {
  readonly path: string;
  readonly open: number;
  readonly total: number;
}

/**
 * Makes the folders of all pulls that are not finished and a script for `sbatch` that runs them as a job array. A node needs LAMMPS and
 * the folder, nothing of this program. Throws UsageError when nothing is left, or more than an array holds.
 */
export async function writeArray(request: PullRequest, options: SlurmOptions): Promise<SlurmScript> {
  const { output, settings } = request;
  const { jobs, open } = await prepareSet(request);
  if (open.length === 0) throw new UsageError(`${output}: all ${jobs.length} pulls are finished`);
  if (open.length > MAX_ARRAY) throw new UsageError(`${open.length} pulls: give --count up to ${MAX_ARRAY} at a time`);
  for (const job of open) await makeJobFolder(output, settings, job);
  const path = join(output, 'pulls.sbatch');
  const numbers = open.map((job) => jobs.indexOf(job) + 1);
  await writeFile(path, scriptText(resolve(output), numbers, options), { mode: 0o755 });
  return { path, open: open.length, total: jobs.length };
}

function scriptText(folder: string, numbers: readonly number[], { lammps, atOnce, words }: SlurmOptions): string {
  if (folder.includes("'") || folder.includes('%'))
    throw new UsageError(`${folder}: a quote or % in the name of the folder does not go with Slurm`);
  return `#!/bin/sh
#SBATCH --job-name=nanowire-pulls
#SBATCH --array=${ranges(numbers)}${atOnce > 0 ? `%${atOnce}` : ''}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --output='${folder}/pull-%4a/slurm.out'
${words.map((word) => `#SBATCH ${word}\n`).join('')}# A pull that is finished is passed over, one that was cut off is run again.
name=$(printf 'pull-%04d' "$SLURM_ARRAY_TASK_ID")
cd '${folder}'/"$name" || exit 1
if [ -s ${FILES.result} ]; then exit 0; fi
rm -f "$name.dump" ${FILES.log}
export OMP_NUM_THREADS=1
'${lammps.replaceAll("'", "'\\''")}' -in ${FILES.input} -log ${FILES.log} -screen none || exit 1
[ -s ${FILES.result} ]
`;
}

/** 1,2,3,7 as `1-3,7`. */
function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

/** Hands a script to Slurm; gives the number of the job. Throws ProgramError. */
export async function submitArray(path: string): Promise<string> {
  let said = '';
  const code = await launch(['sbatch', '--parsable', path], {
    timeout: 60,
    onOutput: (text) => {
      said += text;
    },
  });
  if (code !== 0) throw new ProgramError(`sbatch ${path} ended with ${code}: ${said.trim()}`);
  return said.trim();
}
