import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgramError } from '../core/errors.ts';
import { type Address, formatAddress, parseAddress } from '../serve/transport/address.ts';
import { type LammpsInstallation, loadRoute } from './installation.ts';
import { includeText } from './script.ts';

export interface LammpsRun {
  readonly lammps: LammpsInstallation;
  /** nnpplugin.so of this LAMMPS. */
  readonly library: string;
  /** Input script; reads the file of variable `nnp`. */
  readonly input: string;
  readonly ranks: number;
  /** Program that starts several ranks. */
  readonly mpirun?: string;
  /** Further words for LAMMPS. */
  readonly args?: readonly string[];
  /** Seconds after which LAMMPS is stopped; 0 = never. */
  readonly timeout?: number;
  readonly cwd?: string;
  /** Receives what LAMMPS prints; without it, it goes to our own stdout and stderr. */
  readonly onOutput?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** A server that is listening, as far as a run needs it. */
interface RunningServer {
  readonly address: Address;
  readonly connections: number;
  stop(): Promise<void>;
}

/** Between asking LAMMPS to end and ending it, in ms. */
const GRACE = 5000;

/**
 * Starts a force server on a private socket, runs LAMMPS with the style loadable by `include ${nnp}`, stops both, and gives the
 * exit code of LAMMPS (128 + signal number when a signal ended it). Throws ProgramError when LAMMPS cannot be started, ran out of
 * time, or ended well without ever asking the server.
 */
export async function runLammps(
  run: LammpsRun,
  startServer: (address: Address) => Promise<RunningServer>,
): Promise<number> {
  const route = loadRoute(run.lammps);
  const folder = await mkdtemp(join(tmpdir(), 'nnp-'));
  try {
    const server = await startServer(parseAddress(`unix:${join(folder, 'socket')}`));
    try {
      const include = join(folder, 'nnp.lmp');
      await writeFile(include, includeText(run.library, formatAddress(server.address), route));
      const code = await launch(run, include);
      if (code === 0 && server.connections === 0) {
        throw new ProgramError(
          `LAMMPS ended without using the potential: ${run.input} must say "include \${nnp}", ` +
            `"pair_style nnp/socket \${nnp_server}" and "pair_coeff * * ELEMENT..."`,
        );
      }
      return code;
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function launch(run: LammpsRun, include: string): Promise<number> {
  const { lammps, ranks, timeout = 0, signal, onOutput } = run;
  const words = [lammps.path, '-in', run.input, '-var', 'nnp', include, ...(run.args ?? [])];
  if (ranks > 1) words.unshift(run.mpirun ?? 'mpirun', '-np', String(ranks));
  return new Promise((resolve, reject) => {
    const child = spawn(words[0], words.slice(1), {
      stdio: ['ignore', onOutput ? 'pipe' : 'inherit', onOutput ? 'pipe' : 'inherit'],
      env: { ...mpiEnvironment(), ...process.env },
      ...(run.cwd !== undefined && { cwd: run.cwd }),
    });
    if (onOutput) {
      child.stdout?.setEncoding('utf8').on('data', onOutput);
      child.stderr?.setEncoding('utf8').on('data', onOutput);
    }
    let outOfTime = false;
    let hard: NodeJS.Timeout | undefined;
    const end = () => {
      child.kill('SIGTERM');
      hard = setTimeout(() => child.kill('SIGKILL'), GRACE);
    };
    const limit = setTimeout(() => {
      outOfTime = true;
      end();
    }, 1000 * timeout);
    if (timeout <= 0) clearTimeout(limit);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    const settle = () => {
      clearTimeout(limit);
      clearTimeout(hard);
      signal?.removeEventListener('abort', end);
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
