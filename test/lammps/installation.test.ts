import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ProgramError, UsageError } from '../../src/core/errors.ts';
import { findHeaders, findLammps, loadRoute, parseHelp } from '../../src/lammps/installation.ts';
import { includeText } from '../../src/lammps/script.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const help = (packages: string, sizes = '-DLAMMPS_SMALLBIG') => `
Large-scale Atomic/Molecular Massively Parallel Simulator - 2 Aug 2023 - Update 3

Usage example: lmp -var t 300 -echo screen -in in.alloy

OS: Linux "Some Linux" on x86_64

Compiler: GNU C++ 12.3.0 with OpenMP not enabled
C++ standard: C++17
MPI v4.0: MPICH Version:      4.1.2

Active compile time flags:

-DLAMMPS_GZIP
${sizes}

Installed packages:

${packages}

List of individual style options included in this LAMMPS executable
`;

/** A program that prints a text, in a folder `bin` of its own. */
function program(text: string): string {
  const bin = join(temporaryFolder(), 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'help.txt'), text);
  writeFileSync(join(bin, 'lmp'), `#!/bin/sh\ncat ${bin}/help.txt\n`);
  chmodSync(join(bin, 'lmp'), 0o755);
  return join(bin, 'lmp');
}

describe('parseHelp', () => {
  test('finds version, packages over several lines, integer sizes, MPI and C++ standard', () => {
    expect(parseHelp(help('KSPACE MANYBODY PLUGIN \nPYTHON RIGID', '-DLAMMPS_BIGBIG'), 'lmp')).toEqual({
      version: '2 Aug 2023',
      versionNumber: 20230802,
      packages: ['KSPACE', 'MANYBODY', 'PLUGIN', 'PYTHON', 'RIGID'],
      sizes: '-DLAMMPS_BIGBIG',
      mpi: 'MPICH Version:      4.1.2',
      cxxStandard: '17',
    });
  });

  test('refuses the help of another program', () => {
    expect(() => parseHelp('Usage: cat [OPTION]... Copyright 12 Jan 2020', '/bin/cat')).toThrow(ProgramError);
  });
});

describe('loadRoute', () => {
  const route = (packages: string) => loadRoute({ path: 'lmp', ...parseHelp(help(packages), 'lmp') });

  test('prefers the plugin loader, then Python', () => {
    expect(route('PLUGIN PYTHON')).toBe('plugin');
    expect(route('KSPACE PYTHON')).toBe('python');
  });

  test('says what is missing when there is neither', () => {
    expect(() => route('KSPACE')).toThrow(/neither the PLUGIN nor the PYTHON package.*apt-get install/);
  });
});

describe('findHeaders', () => {
  test('refuses headers that state another version', () => {
    const lammps = findLammps(program(help('PYTHON')));
    const folder = temporaryFolder();
    expect(() => findHeaders(lammps, folder)).toThrow(/pair.h is not there/);
    writeFileSync(join(folder, 'pair.h'), '');
    writeFileSync(join(folder, 'version.h'), '#define LAMMPS_VERSION "29 Sep 2021"\n');
    expect(() => findHeaders(lammps, folder)).toThrow(/headers of LAMMPS 29 Sep 2021, \S+ is LAMMPS 2 Aug 2023/);
    writeFileSync(join(folder, 'version.h'), '#define LAMMPS_VERSION "2 Aug 2023"\n');
    expect(findHeaders(lammps, folder)).toBe(folder);
  });
});

describe('includeText', () => {
  test('loads by plugin load or by Python, and names the server', () => {
    expect(includeText('/a/nnpplugin.so', 'unix:/b/s', 'plugin')).toBe(
      'plugin load /a/nnpplugin.so\nvariable nnp_server string unix:/b/s\nvariable nnp_pair string "nnp/socket unix:/b/s"\n',
    );
    expect(includeText('/a/nnpplugin.so', 'unix:/b/s', 'python')).toMatch(/CDLL\("\/a\/nnpplugin.so"\)/);
  });

  test('refuses paths that an input script cannot hold', () => {
    for (const path of ['/a b/x.so', '/a"/x.so', "/a'/x.so", '/a$b/x.so', '/a#b/x.so', '/a\nb/x.so']) {
      expect(() => includeText(path, 'unix:/s', 'python'), path).toThrow(UsageError);
      expect(() => includeText('/x.so', `unix:${path}`, 'plugin'), path).toThrow(UsageError);
    }
  });
});

describe('lammps build', () => {
  test('compiles the kernel with the flags that the addon for Node is compiled with', () => {
    const words = (file: string) =>
      new Set(readFileSync(join(ROOT, file), 'utf8').match(/'-(?:O3|std=c\+\+|f|m)[\w=+-]*'/g));
    const addon = words('potentials/kernels/build.mjs');
    const plugin = words('src/lammps/build.ts');
    const makefile = readFileSync(join(ROOT, 'lammps-scripts/pair-style/Makefile'), 'utf8');
    const notKernel = ["'-ffp-contract=off'", "'-msimd128'", "'-mbulk-memory'"]; // of the WebAssembly module
    expect(plugin.size).toBeGreaterThan(8);
    for (const flag of addon) {
      if (notKernel.includes(flag)) continue;
      expect(plugin, `src/lammps/build.ts lacks ${flag}`).toContain(flag);
      expect(makefile, `the Makefile lacks ${flag}`).toContain(flag.slice(1, -1));
    }
  });
});
