import type { Argv, CommandModule } from 'yargs';
import { lammpsBuild } from './lammps-build.ts';
import { lammpsExport } from './lammps-export.ts';
import { lammpsRun } from './lammps-run.ts';
import { lammpsScript } from './lammps-script.ts';

export const lammps: CommandModule = {
  command: 'lammps',
  describe: 'run an installed LAMMPS with a trained potential: build, export, script, run',
  builder: (yargs: Argv) =>
    yargs
      .command(lammpsBuild)
      .command(lammpsExport)
      .command(lammpsScript)
      .command(lammpsRun)
      .demandCommand(1, 'lammps: build, export, script or run is needed; see lammps --help'),
  handler: () => {},
};
