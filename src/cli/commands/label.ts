import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT, UsageError } from '../../core/errors.ts';
import { labellerOptions, withLabellerOptions } from '../labeller-options.ts';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';
import { positiveInteger } from '../potential-options.ts';

const builder = (yargs: Argv) =>
  withLabellerOptions(withReadOptions(yargs))
    .positional('frames', { type: 'string', demandOption: true, describe: 'file or folder of structures' })
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'file to write' })
    .option('cores', {
      type: 'number',
      default: 1,
      describe: 'processor cores for LAMMPS or the program of a template',
    })
    .option('resume', { type: 'boolean', default: false, describe: 'go on with the labels of an interrupted run' })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the structures; otherwise it is detected' })
    .option('output-format', { type: 'string', alias: 'f', default: 'extxyz', describe: 'format of the output' })
    .example('$0 label k.xyz -o dft.xyz --template cp2k --cores 2', 'CP2K by the shipped template, two runs at a time')
    .example('$0 label k.xyz -o nnp.xyz --potential a b c', 'mean of a committee, its disagreement as column (eV/A)')
    .example(
      '$0 label cu.xyz -o eam.xyz --lammps eam.lmp --types Cu',
      'eam.lmp: pair_style eam / pair_coeff * * Cu_u3.eam',
    )
    .epilogue(
      'Until the output is complete, labels of LAMMPS and of templates stand in OUTPUT.labels.jsonl: after Ctrl-C or a crash the same\n' +
        'command with --resume goes on. What is left of runs that failed is kept in OUTPUT.scratch/failed.',
    );

type Options = OptionsOf<typeof builder>;

export const label: CommandModule<object, Options> = {
  command: 'label <frames>',
  describe: 'energies (eV), forces (eV/A) and virials (eV) of structures by a potential, LAMMPS, or a DFT program',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { labelFiles } = await import('../../label/label-files.ts');
    const { frameProgress } = await import('../frame-progress.ts');
    const labeller = await labellerOptions(argv);
    if (!labeller) throw new UsageError('give one of --potential, --lammps and --template');
    const { frames, output, outputFormat, resume } = argv;
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    const progress = frameProgress();
    const summary = await labelFiles({
      frames,
      ...(argv.format !== undefined && { inputFormat: argv.format }),
      output,
      outputFormat,
      labeller,
      cores: positiveInteger('cores', argv.cores),
      resume,
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      write: { onDiagnostic: printDiagnostic },
      signal: stop.signal,
      onProgress: progress.show,
      onFailure: ({ message, tail }) => process.stderr.write(`not labelled: ${message}\n${tail ? `${tail}\n` : ''}`),
    }).finally(progress.close);
    const { labelled, resumed, failed, interrupted, journal } = summary;
    const earlier = resumed > 0 ? ` (${resumed} of them before)` : '';
    process.stderr.write(`${labelled} frames labelled${earlier}${failed > 0 ? `, ${failed} left out` : ''}\n`);
    if (interrupted) process.stderr.write(`interrupted${journal ? ': the same command with --resume goes on' : ''}\n`);
    if (interrupted) process.exitCode = EXIT.interrupted;
    else if (failed > 0) process.exitCode = EXIT.program;
  },
};
