import { spawn } from 'node:child_process';
import { ProgramError } from '../../core/errors.ts';

/** Seconds that a command of SLURM may take. */
const DEADLINE = 120;

/** Runs `sbatch`, `squeue`, `scancel` …; gives what it said. Throws ProgramError with its words when it fails. */
export async function slurmCommand(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 1000 * DEADLINE });
    let said = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    child.once('error', (error) => reject(new ProgramError(`${program}: ${error.message}`, { cause: error })));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(said);
      else reject(new ProgramError(`${program} ended with ${signal ?? code}: ${complaint.trim() || said.trim()}`));
    });
  });
}

/** Indices of the tasks of an array that SLURM still has, queued or running; none when it has forgotten the job. */
export async function tasksInQueue(job: string, cwd: string): Promise<ReadonlySet<number>> {
  const text = await slurmCommand('squeue', ['--noheader', '--array', `--jobs=${job}`, '--format=%K'], cwd).catch(
    (error: unknown) => {
      if (error instanceof ProgramError && /invalid job id/i.test(error.message)) return '';
      throw error;
    },
  );
  return new Set(
    text
      .split(/\s+/)
      .filter((word) => /^\d+$/.test(word))
      .map(Number),
  );
}

/** The job of this name in the queue; undefined when there is none. */
export async function jobNamed(name: string, cwd: string): Promise<string | undefined> {
  const text = await slurmCommand('squeue', ['--noheader', `--name=${name}`, '--format=%F'], cwd);
  return /^\s*(\d+)/.exec(text)?.[1];
}
