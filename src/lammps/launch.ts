import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ProgramError } from '../core/errors.ts';

export interface Launch {
  readonly cwd?: string;
  /** Seconds after which LAMMPS is stopped; 0 = never. */
  readonly timeout?: number;
  /** Receives what LAMMPS prints. */
  readonly onOutput: (text: string, stream: 'stdout' | 'stderr') => void;
  /** Ends the run at the next step, as a reached time limit does: the rest of the input script is still executed. */
  readonly signal?: AbortSignal;
  /** Ends LAMMPS without waiting for anything. */
  readonly kill?: AbortSignal;
}

/** ms between asking LAMMPS to end its run, telling it to end, and ending it. */
const STEP_GRACE = 60_000;
const END_GRACE = 5000;

/**
 * Runs LAMMPS (or mpirun) to its end; gives the exit code (128 + signal number when a signal ended it). It has a process group of
 * its own, so that Ctrl-C reaches only us. Throws ProgramError when it cannot be started or ran out of time.
 */
export function launch(words: readonly string[], options: Launch): Promise<number> {
  const { timeout = 0, signal, kill, onOutput, cwd } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(words[0], words.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...mpiEnvironment(), NNP_WATCHED: '1', ...process.env },
      ...(cwd !== undefined && { cwd }),
    });
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => onOutput(text, stream));
    const stopping = new Stopping(child);
    let outOfTime = false;
    const limit = setTimeout(() => {
      outOfTime = true;
      stopping.ask();
    }, 1000 * timeout);
    if (timeout <= 0) clearTimeout(limit);
    const ask = () => stopping.ask();
    const end = () => stopping.end();
    const orphan = () => stopping.killGroup();
    signal?.addEventListener('abort', ask, { once: true });
    kill?.addEventListener('abort', end, { once: true });
    process.once('exit', orphan);
    if (signal?.aborted) ask();
    const settle = () => {
      clearTimeout(limit);
      stopping.settle();
      signal?.removeEventListener('abort', ask);
      kill?.removeEventListener('abort', end);
      process.removeListener('exit', orphan);
    };
    child.on('error', (error) => {
      settle();
      reject(new ProgramError(`cannot start ${words[0]}: ${error.message}`));
    });
    child.on('close', (code, by) => {
      settle();
      if (outOfTime) reject(new ProgramError(`LAMMPS was stopped after the time limit of ${timeout} s`));
      else resolve(code ?? 128 + (by ? constants.signals[by] : 0));
    });
  });
}

/** SIGUSR1 (pair-style/plugin.cpp ends the run; mpirun hands it on), then SIGTERM, then SIGKILL. */
class Stopping {
  readonly #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  ask(): void {
    this.#child.kill('SIGUSR1');
    this.#timer = setTimeout(() => this.end(), STEP_GRACE);
  }

  /** With whatever LAMMPS has started. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signalGroup('SIGTERM');
    this.#timer = setTimeout(() => this.killGroup(), END_GRACE);
  }

  killGroup(): void {
    this.#signalGroup('SIGKILL');
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }

  settle(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Ranks that wait for the server must give up their core, or they starve it: 38 s instead of 0.3 s were seen for 4 ranks on 4
 * cores. Ranks and server share the cores, so ranks are not pinned and may be more than cores. Containers run as root.
 */
function mpiEnvironment(): Record<string, string> {
  return {
    OMPI_MCA_mpi_yield_when_idle: '1',
    OMPI_MCA_rmaps_base_oversubscribe: '1',
    OMPI_MCA_hwloc_base_binding_policy: 'none',
    PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
    PRTE_MCA_hwloc_default_binding_policy: 'none',
    ...(process.getuid?.() === 0 && { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }),
  };
}
