import type { TemplateDescription } from '../template/description.ts';
import type { SlurmSettings } from './settings.ts';

/** In the folder of an array: the folder of each task, one a line, and what SLURM starts. */
export const TASKS = 'tasks.txt';
export const SCRIPT = 'array.sh';
/** In the folder of a task, when its program has ended: the exit code. */
export const EXIT_FILE = 'exit';

/**
 * The script that SLURM runs for every task: it goes into the folder of the task and runs the program there. Words of the template are
 * quoted; only the lines `setup` are given to the shell as they are.
 */
export function jobScript(template: TemplateDescription, settings: SlurmSettings, name: string): string {
  const variables = Object.entries(template.environment).map(([key, value]) => `export ${key}=${quoted(value)}`);
  // SLURM counts minutes; two more, so that our own timeout tells first.
  const minutes = Math.ceil(template.timeout / 60) + 2;
  return `#!/bin/bash
#SBATCH --job-name=${name}
#SBATCH --cpus-per-task=${template.cores}
#SBATCH --time=${minutes}
#SBATCH --output=slurm-%a.txt
array=$1
folder=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$array/${TASKS}")
cd "$array/$folder" || exit 1
${[...settings.setup, ...variables].join('\n')}
timeout --kill-after=5 ${template.timeout} ${template.command.map(quoted).join(' ')} > stdout 2> stderr < /dev/null
echo $? > ${EXIT_FILE}.part
mv ${EXIT_FILE}.part ${EXIT_FILE}
`;
}

/** One word for a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
