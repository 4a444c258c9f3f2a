import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ProgramError } from '../core/errors.ts';

/** Debian packages that bring everything `lammps build` and `lammps run` need. */
const DEBIAN_PACKAGES = 'apt-get install lammps liblammps-dev g++ openmpi-bin libopenmpi-dev';

/** What `lmp -h` says of a LAMMPS executable. */
export interface LammpsInstallation {
  readonly path: string;
  /** As LAMMPS writes it, without the update: `29 Sep 2021`. */
  readonly version: string;
  /** As lammps_version() counts: 20210929. */
  readonly versionNumber: number;
  readonly packages: readonly string[];
  /** -DLAMMPS_SMALLBIG, -DLAMMPS_BIGBIG or -DLAMMPS_SMALLSMALL. */
  readonly sizes: string;
  /** For example `Open MPI v4.1.4`, `MPICH …`, `STUBS …`. */
  readonly mpi: string;
  /** For example `11`. */
  readonly cxxStandard: string;
}

/** How the running LAMMPS can be given the style: its own plugin loader, or its Python interpreter. */
export type LoadRoute = 'plugin' | 'python';

/** Asks a LAMMPS executable what it is. Throws ProgramError that names the executable and the packages that hold it. */
export function findLammps(command = 'lmp'): LammpsInstallation {
  const path = findProgram(command);
  if (!path) {
    throw new ProgramError(`no LAMMPS: "${command}" is not in PATH; give --lmp PATH, or on Debian: ${DEBIAN_PACKAGES}`);
  }
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const help = spawnSync(path, ['-h'], { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 24, env });
  if (help.error) throw new ProgramError(`${path} -h does not run: ${help.error.message}`);
  return { path, ...parseHelp(help.stdout, path) };
}

/** Reads the text of `lmp -h`. Throws ProgramError when it is not that of a LAMMPS. */
export function parseHelp(text: string, path: string): Omit<LammpsInstallation, 'path'> {
  const version = /LAMMPS|Large-scale Atomic/.test(text) && /(\d{1,2}) ([A-Z][a-z]{2})[a-z]* (\d{4})/.exec(text);
  if (!version) throw new ProgramError(`${path} -h does not print the version of a LAMMPS`);
  const [, day, month, year] = version;
  const monthNumber = 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(month) / 3 + 1;
  const packages = /Installed packages:\s*\n\s*\n([\s\S]*?)\n\s*\n/.exec(text);
  return {
    version: `${day} ${month} ${year}`,
    versionNumber: 10_000 * Number(year) + 100 * monthNumber + Number(day),
    packages: packages ? packages[1].trim().split(/\s+/) : [],
    sizes: /-DLAMMPS_(SMALLBIG|BIGBIG|SMALLSMALL)/.exec(text)?.[0] ?? '-DLAMMPS_SMALLBIG',
    mpi: /^MPI v[\d.]+: (.*)$/m.exec(text)?.[1] ?? 'unknown MPI',
    cxxStandard: /^C\+\+ standard: C\+\+(\d\d)/m.exec(text)?.[1] ?? '17',
  };
}

/** Prefers the plugin loader; throws ProgramError when this LAMMPS has neither. */
export function loadRoute(lammps: LammpsInstallation): LoadRoute {
  if (lammps.packages.includes('PLUGIN')) return 'plugin';
  if (lammps.packages.includes('PYTHON')) return 'python';
  throw new ProgramError(
    `${lammps.path} (${lammps.version}) has neither the PLUGIN nor the PYTHON package, so nothing can be loaded into it; ` +
      `the one of Debian has PYTHON: ${DEBIAN_PACKAGES}`,
  );
}

/**
 * Folder with the headers of exactly this LAMMPS: `include/lammps` beside its `bin`, or as given. Throws ProgramError when they
 * are missing or provably of another version: a style compiled with foreign headers corrupts memory.
 */
export function findHeaders(lammps: LammpsInstallation, given?: string): string {
  const folder = given ?? join(dirname(dirname(realpathSync(lammps.path))), 'include', 'lammps');
  if (!existsSync(join(folder, 'pair.h'))) {
    throw new ProgramError(
      `no headers of ${lammps.path}: ${folder}/pair.h is not there; Debian: apt-get install liblammps-dev; ` +
        `a LAMMPS built from source: --headers its src folder`,
    );
  }
  const versionFile = join(folder, 'version.h');
  const stated = existsSync(versionFile) && /"([^"]+)"/.exec(readFileSync(versionFile, 'utf8'))?.[1];
  if (stated && stated !== lammps.version) {
    throw new ProgramError(`${folder} holds headers of LAMMPS ${stated}, ${lammps.path} is LAMMPS ${lammps.version}`);
  }
  const [program, headers] = ['lammps', 'liblammps-dev'].map(debianVersion);
  if (folder === '/usr/include/lammps' && program && headers && program !== headers) {
    throw new ProgramError(
      `package lammps is ${program} but liblammps-dev is ${headers}: install the same version of both`,
    );
  }
  return folder;
}

/** The MPI compiler that belongs to the MPI library of this LAMMPS. Throws ProgramError when there is none. */
export function findMpiCompiler(lammps: LammpsInstallation): string {
  const compiler = ['mpicxx', 'mpic++', 'mpiCC'].map((name) => findProgram(name)).find(Boolean);
  if (!compiler) {
    throw new ProgramError(`no mpicxx in PATH (LAMMPS uses ${lammps.mpi}); Debian: apt-get install g++ libopenmpi-dev`);
  }
  if (/STUBS/i.test(lammps.mpi)) {
    throw new ProgramError(`${lammps.path} was built without MPI (STUBS); the style needs a LAMMPS built with MPI`);
  }
  const shown = spawnSync(compiler, ['--showme:version'], { encoding: 'utf8', timeout: 30_000 });
  const isOpenMpi = shown.status === 0 && shown.stdout.includes('Open MPI');
  if (lammps.mpi.includes('Open MPI') !== isOpenMpi) {
    throw new ProgramError(
      `${lammps.path} uses ${lammps.mpi}, but ${compiler} belongs to ${isOpenMpi ? 'Open MPI' : 'another MPI'}; ` +
        'put the compiler of the same MPI first in PATH',
    );
  }
  return compiler;
}

/** Full path of a program, as a shell finds it. */
function findProgram(command: string): string | undefined {
  if (command.includes('/')) return isExecutable(command) ? command : undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function debianVersion(name: string): string | undefined {
  const dpkg = findProgram('dpkg-query');
  if (!dpkg) return undefined;
  const asked = spawnSync(dpkg, ['-W', '-f', `\${Version}`, name], { encoding: 'utf8', timeout: 30_000 });
  return asked.status === 0 && asked.stdout ? asked.stdout : undefined;
}
