import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .option('potential', { type: 'string', demandOption: true, describe: 'directory of the trained potential' })
    .option('structure', {
      type: 'string',
      demandOption: true,
      describe: 'file of structures, any format of "formats"; - is stdin',
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the structures; otherwise it is detected' })
    .option('frames', { type: 'string', alias: 'n', describe: 'START:STOP:STEP of the frames, or one index (from 0)' })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'one JSON object per frame and line: eV, eV/A; virial = -volume * stress in eV',
    })
    .option('atoms', { type: 'boolean', default: false, describe: 'a row per atom in the table' })
    .option('backend', { choices: BACKENDS, default: 'auto' as const, describe: 'program that evaluates' })
    .option('length-unit', {
      type: 'string',
      choices: ['angstrom', 'bohr', 'reduced'],
      describe: 'unit of the files of the potential (and of structures in n2p2 input.data) where they do not state it',
    })
    .option('energy-unit', {
      type: 'string',
      choices: ['eV', 'hartree', 'reduced'],
      describe: 'the same for energies',
    })
    .example('$0 evaluate --potential si/ --structure POSCAR', 'energy, largest force and pressure')
    .example('$0 evaluate --potential si/ --structure traj.extxyz --frames ::10 --json', 'every tenth frame as JSON');

type Options = OptionsOf<typeof builder>;

export const evaluate: CommandModule<object, Options> = {
  command: 'evaluate',
  describe: 'energy, forces and virial of structures by a trained potential',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { evaluateFiles } = await import('../../evaluate/evaluate-files.ts');
    const units = {
      ...(argv.lengthUnit && { lengthUnit: argv.lengthUnit }),
      ...(argv.energyUnit && { energyUnit: argv.energyUnit }),
    };
    await evaluateFiles({
      potential: argv.potential,
      structure: argv.structure,
      ...(argv.format && { format: argv.format }),
      ...(argv.frames && { frames: argv.frames }),
      json: argv.json,
      atoms: argv.atoms,
      load: { ...units, backend: argv.backend, onDiagnostic: printDiagnostic },
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      print: printOut,
    });
  },
};
