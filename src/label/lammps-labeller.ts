import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { massOf, symbolOf } from '../core/elements.ts';
import { MissingDataError, ProgramError, ProtocolError } from '../core/errors.ts';
import type { Frame, Labels } from '../core/frame.ts';
import { LAMMPS_UNITS } from '../core/units.ts';
import { IpiDriver } from '../serve/protocols/ipi/driver.ts';
import { listen } from '../serve/transport/listen.ts';
import { type LammpsBox, lammpsBox, place, tensorTurnedBack, turnedBack } from './lammps-box.ts';

export interface LammpsLabelling {
  /** LAMMPS executable. */
  readonly lmp: string;
  /** File with pair_style, pair_coeff and what else makes the potential; read after the box is made. */
  readonly input: string;
  /** Atomic numbers of the atom types 1, 2, … of that file. */
  readonly types: readonly number[];
  readonly units: 'metal' | 'real';
  /** Seconds for one frame, and for LAMMPS to start. */
  readonly timeout: number;
}

/** Where `fix ipi` looks for a unix socket; written into LAMMPS. */
const SOCKET_PREFIX = '/tmp/ipi_';
/** fix_ipi.cpp, and force->boltz of update.cpp: with the same numbers the labels are LAMMPS' own to the last digits. */
const BOHR_OF_LAMMPS = 0.52917721;
const HARTREE_PER_BOLTZ = 3.1668152e-6;
const BOLTZ = { metal: 8.617343e-5, real: 0.0019872067 } as const;
const MESSAGE_TIMEOUT = 60;
/** Characters of LAMMPS' output kept for errors. */
const TAIL = 4000;

/** One LAMMPS that labels frames of the same atoms, driven through `fix ipi`. */
export class LammpsLabeller {
  readonly #process: ChildProcess;
  readonly #driver: IpiDriver;
  readonly #output: () => string;

  private constructor(child: ChildProcess, driver: IpiDriver, output: () => string) {
    this.#process = child;
    this.#driver = driver;
    this.#output = output;
  }

  /** Starts LAMMPS with the atoms of `frame`. Throws ProgramError that shows what LAMMPS said, MissingDataError for an element without type. */
  static async start(frame: Frame, options: LammpsLabelling): Promise<LammpsLabeller> {
    const name = `nnp-${process.pid}-${randomBytes(6).toString('hex')}`;
    const folder = await mkdtemp(join(tmpdir(), 'nnp-label-'));
    const { server, socket, opened } = await waitForOne(`${SOCKET_PREFIX}${name}`);
    try {
      await writeFile(join(folder, 'start.data'), dataFile(frame, options));
      await writeFile(join(folder, 'in.lmp'), inputScript(frame, options, folder, name));
      const { child, output } = launch(options.lmp, join(folder, 'in.lmp'));
      const problem = await Promise.race([opened, ended(child), later(options.timeout)]);
      if (problem !== undefined || !socket()) {
        kill(child);
        throw new ProgramError(
          `${place(frame)}LAMMPS (${options.lmp}) ${problem ?? 'did not connect'}${tail(output())}`,
        );
      }
      const driver = new IpiDriver(
        socket() as Socket,
        {
          peer: 'LAMMPS',
          natoms: frame.natoms,
          bohr: BOHR_OF_LAMMPS,
          hartree: (BOLTZ[options.units] / HARTREE_PER_BOLTZ) * LAMMPS_UNITS[options.units].energy,
          computeTimeout: options.timeout,
          messageTimeout: Math.min(MESSAGE_TIMEOUT, options.timeout),
        },
        new AbortController().signal,
      );
      return new LammpsLabeller(child, driver, output);
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Energy, forces and virial of the frame, in its own orientation and order. Throws ProgramError that shows what LAMMPS said. */
  async label(frame: Frame): Promise<Labels> {
    const { cell, positions, rotation } = lammpsBox(frame);
    const result = await this.#driver.evaluate(cell, positions).catch(async (error: unknown) => {
      await Promise.race([ended(this.#process), later(2)]);
      const why = error instanceof ProtocolError ? error.message : String(error);
      throw new ProgramError(`${place(frame)}${why}${tail(this.#output())}`, { cause: error });
    });
    return {
      energy: result.energy,
      forces: turnedBack(result.forces, rotation),
      virial: tensorTurnedBack(result.virial, rotation),
    };
  }

  /** Ends the process at once. */
  kill(): void {
    kill(this.#process);
  }

  /** Says EXIT (LAMMPS then ends with exit code 1, as it always does) and sees to it that the process ends. */
  async end(): Promise<void> {
    await this.#driver.end();
    if ((await Promise.race([ended(this.#process), later(5)])) !== undefined && this.#process.exitCode === null) {
      kill(this.#process);
    }
  }
}

/** Listens for one client. */
async function waitForOne(path: string) {
  let found: Socket | undefined;
  let tell: () => void = () => {};
  const opened = new Promise<undefined>((resolve) => {
    tell = () => resolve(undefined);
  });
  const { server } = await listen({ kind: 'unix', path }, (socket) => {
    if (found) return void socket.destroy();
    found = socket;
    tell();
  });
  return { server, opened, socket: () => found };
}

function launch(lmp: string, script: string) {
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const child = spawn(lmp, ['-in', script, '-log', 'none'], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-TAIL);
    });
  }
  return { child, output: () => output };
}

/** Also lets go of its output, which children of its own may hold open. */
function kill(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

/** How a process ended, in words. */
async function ended(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) {
    await Promise.race([once(child, 'close'), new Promise((failed) => child.once('error', failed))]);
  }
  return child.pid === undefined ? 'cannot be started' : `ended with ${child.signalCode ?? child.exitCode}`;
}

function later(seconds: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(`did not answer for ${seconds} s`), 1000 * seconds).unref());
}

function tail(output: string): string {
  const errors = output.split('\n').filter((line) => /ERROR/.test(line));
  return errors.length > 0 ? `: ${errors[0]}` : output ? `; it said:\n${output.trim()}` : '';
}

function typeOf(frame: Frame, i: number, types: readonly number[]): number {
  const z = frame.numbers[i];
  const index = types.indexOf(z);
  if (index >= 0) return index + 1;
  throw new MissingDataError(
    `${place(frame)}${symbolOf(z)} is none of the atom types (${types.map(symbolOf).join(' ')})`,
    'name the elements of the types of the LAMMPS input with --types',
  );
}

function dataFile(frame: Frame, { types, units }: LammpsLabelling): string {
  const box: LammpsBox = lammpsBox(frame);
  const inUnits = (x: number) => x / LAMMPS_UNITS[units].length;
  const h = box.cell.map(inUnits);
  const edge = (k: number, axis: string) => `${-h[4 * k] / 2} ${h[4 * k] / 2} ${axis}lo ${axis}hi`;
  const atoms = Array.from(frame.numbers, (_, i) => {
    const place = Array.from(box.positions.subarray(3 * i, 3 * i + 3), inUnits).join(' ');
    return `${i + 1} ${typeOf(frame, i, types)} ${place}`;
  });
  return `structure to label

${frame.natoms} atoms
${types.length} atom types
${edge(0, 'x')}
${edge(1, 'y')}
${edge(2, 'z')}
${h[3]} ${h[6]} ${h[7]} xy xz yz

Masses

${types.map((z, k) => `${k + 1} ${massOf(z)}`).join('\n')}

Atoms # atomic

${atoms.join('\n')}
`;
}

/** The list is made anew for every frame, because frames are not steps of one trajectory. */
function inputScript(frame: Frame, options: LammpsLabelling, folder: string, name: string): string {
  return `units ${options.units}
atom_style atomic
atom_modify map yes sort 0 0.0
boundary ${frame.pbc.map((p) => (p ? 'p' : 'f')).join(' ')}
box tilt large
read_data ${join(folder, 'start.data')}
include ${resolve(options.input)}
neigh_modify every 1 delay 0 check no
thermo 1000000000
fix nnp_label all ipi ${name} 1 unix reset
run 1000000000
`;
}
