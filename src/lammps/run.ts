import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ProgramError } from '../core/errors.ts';
import { type Address, formatAddress, parseAddress } from '../serve/transport/address.ts';
import { type LammpsInstallation, loadRoute } from './installation.ts';
import { type Launch, launch } from './launch.ts';
import { includeText, inProcessText } from './script.ts';

export interface LammpsRun extends Omit<Launch, 'onOutput'> {
  readonly lammps: LammpsInstallation;
  /** nnpplugin.so of this LAMMPS. */
  readonly library: string;
  /** Input script; reads the file of variable `nnp`. */
  readonly input: string;
  /** The text of the input script, where it is not that of the file. */
  readonly inputText?: string;
  readonly ranks: number;
  /** Program that starts several ranks. */
  readonly mpirun?: string;
  /** Further words for LAMMPS. */
  readonly args?: readonly string[];
  /** Receives what LAMMPS prints. */
  readonly onOutput?: Launch['onOutput'];
}

/** A server that is listening, as far as a run needs it. */
interface RunningServer {
  readonly address: Address;
  readonly connections: number;
  stop(): Promise<void>;
}

type StartServer = (address: Address) => Promise<RunningServer>;

/** A potential that LAMMPS evaluates itself (`pair_style nnp`). */
export interface InProcess {
  /** Makes the potential file, in the given folder or anywhere else, and gives its path. */
  readonly file: (folder: string) => Promise<string>;
  /** Per rank. */
  readonly threads?: number;
}

/**
 * Runs LAMMPS with the styles loadable by `include ${nnp}` and gives its exit code (128 + signal number when a signal ended it).
 * `forces` starts a force server on a private socket, which is stopped afterwards, or makes a file for `pair_style nnp`. Throws
 * ProgramError when LAMMPS cannot be started, ran out of time, or ended well without ever using the potential.
 */
export async function runLammps(run: LammpsRun, forces: StartServer | InProcess): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'nnp-'));
  try {
    return await (typeof forces === 'function' ? runServed(run, folder, forces) : runInProcess(run, folder, forces));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runServed(run: LammpsRun, folder: string, startServer: StartServer): Promise<number> {
  const route = loadRoute(run.lammps);
  const server = await startServer(parseAddress(`unix:${join(folder, 'socket')}`));
  try {
    const code = await execute(run, folder, includeText(run.library, formatAddress(server.address), route));
    if (code === 0 && server.connections === 0) throw unused(run);
    return code;
  } finally {
    await server.stop();
  }
}

async function runInProcess(run: LammpsRun, folder: string, { file, threads = 1 }: InProcess): Promise<number> {
  const route = loadRoute(run.lammps);
  const text = inProcessText(run.library, resolve(await file(folder)), route, threads);
  let said = '';
  let used = false;
  const onOutput: Launch['onOutput'] = (part, stream) => {
    run.onOutput?.(part, stream);
    if (used || stream === 'stderr') return;
    said = said.slice(-20) + part;
    used = said.includes('nnp: model ');
  };
  const code = await execute({ ...run, onOutput }, folder, text);
  const hidden = run.args?.some((arg) => /^--?sc(reen)?$/.test(arg));
  if (code === 0 && !used && !hidden) throw unused(run);
  return code;
}

async function execute(run: LammpsRun, folder: string, includeFile: string): Promise<number> {
  const include = join(folder, 'nnp.lmp');
  await writeFile(include, includeFile);
  const input = run.inputText === undefined ? run.input : join(folder, 'in.lmp');
  if (run.inputText !== undefined) await writeFile(input, run.inputText);
  const words = [run.lammps.path, '-in', input, '-var', 'nnp', include, ...(run.args ?? [])];
  if (run.ranks > 1) words.unshift(run.mpirun ?? 'mpirun', '-np', String(run.ranks));
  return launch(words, { ...run, onOutput: run.onOutput ?? (() => {}) });
}

function unused({ input }: LammpsRun): ProgramError {
  return new ProgramError(
    `LAMMPS ended without using the potential: ${input} must say "include \${nnp}", ` +
      `"pair_style \${nnp_pair}" and "pair_coeff * * ELEMENT...", or be run with --replace-pair`,
  );
}
