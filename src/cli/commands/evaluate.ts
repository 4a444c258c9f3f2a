import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { UsageError } from '../../core/errors.ts';
import { type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .option('potential', { type: 'string', demandOption: true, describe: 'directory of the trained potential' })
    .option('structure', { type: 'string', describe: 'file of structures, any format of "formats"; - is stdin' })
    .option('dataset', {
      type: 'string',
      conflicts: ['structure', 'frames', 'atoms'],
      describe: 'file of structures with energies and forces: prints the errors (meV/atom, eV/A), also by config_type',
    })
    .option('report', {
      type: 'string',
      implies: 'dataset',
      describe: 'HTML file to write as well: parity plots, distributions, worst structures',
    })
    .check(({ structure, dataset }) => {
      if (structure === undefined && dataset === undefined) throw new UsageError('expected --structure or --dataset');
      return true;
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the structures; otherwise it is detected' })
    .option('frames', { type: 'string', alias: 'n', describe: 'START:STOP:STEP of the frames, or one index (from 0)' })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'one JSON object per frame and line: eV, eV/A; virial = -volume * stress in eV',
    })
    .option('atoms', { type: 'boolean', describe: 'a row per atom in the table' })
    .option('threads', {
      type: 'number',
      describe: 'threads of the native backend; 0 = all processors (default NNP_THREADS or 1)',
    })
    .option('backend', { choices: BACKENDS, default: 'auto' as const, describe: 'program that evaluates' })
    // The files of a potential may also be in Lennard-Jones units; the choices are added to those of the readers.
    .choices('length-unit', ['reduced'])
    .choices('energy-unit', ['reduced'])
    .describe({
      'length-unit':
        'unit of the files of the potential (and of structures in n2p2 input.data) where they do not state it',
      'energy-unit': 'the same for energies',
    })
    .example('$0 evaluate --potential si/ --structure POSCAR', 'energy, largest force and pressure')
    .example('$0 evaluate --potential si/ --structure traj.extxyz --frames ::10 --json', 'every tenth frame as JSON')
    .example('$0 evaluate --potential si/ --dataset test.extxyz', 'mean and largest errors over a test set');

type Options = OptionsOf<typeof builder>;

export const evaluate: CommandModule<object, Options> = {
  command: 'evaluate',
  describe: 'energy, forces and virial of structures by a trained potential',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const units = {
      ...(argv.lengthUnit && { lengthUnit: argv.lengthUnit }),
      ...(argv.energyUnit && { energyUnit: argv.energyUnit }),
    };
    const request = {
      potential: argv.potential,
      ...(argv.format && { format: argv.format }),
      json: argv.json,
      load: {
        ...units,
        backend: argv.backend,
        ...(argv.threads !== undefined && { threads: argv.threads }),
        onDiagnostic: printDiagnostic,
      },
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      print: printOut,
    };
    if (argv.dataset !== undefined) {
      const { compareOnDataset } = await import('../../train/compare-files.ts');
      const { potential, ...rest } = request;
      return compareOnDataset({
        ...rest,
        potentials: [potential],
        dataset: argv.dataset,
        ...(argv.report !== undefined && { report: argv.report }),
      });
    }
    const { evaluateFiles } = await import('../../evaluate/evaluate-files.ts');
    await evaluateFiles({
      ...request,
      structure: argv.structure ?? '-',
      ...(argv.frames && { frames: argv.frames }),
      atoms: argv.atoms ?? false,
    });
  },
};
