import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import {
  given,
  type OptionsOf,
  printDiagnostic,
  readSettings,
  withReadOptions,
  withWriteOptions,
  writeSettings,
} from '../options.ts';

const builder = (yargs: Argv) =>
  withWriteOptions(
    withReadOptions(
      yargs
        .positional('inputs', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'files or folders, also gzip or zstd; - is stdin',
        })
        .option('output', {
          type: 'string',
          alias: 'o',
          demandOption: true,
          describe: 'file or folder to write (.gz compresses); - is stdout',
        })
        .option('input-format', { type: 'string', alias: 'i', describe: 'format of the inputs (else detected)' })
        .option('output-format', { type: 'string', alias: 'f', describe: 'format of the output (else by its name)' })
        .option('slice', {
          type: 'string',
          alias: 'n',
          describe: 'frames of each input, START:STOP:STEP or one index; from the end (< 0): held in memory',
        })
        .option('max-force', { type: 'number', describe: 'drop frames with a larger force (eV/Å)' })
        .option('drop-unconverged', { type: 'boolean', describe: 'drop frames whose SCF loop did not converge' })
        .option('dedupe', { type: 'boolean', describe: 'drop frames with structure and labels of an earlier one' })
        .option('species-order', { type: 'string', describe: 'group the atoms in this order, e.g. "Si O"' })
        .option('strict', { type: 'boolean', default: false, describe: 'any loss is an error (exit 3) without output' })
        .option('threads', {
          type: 'number',
          default: 1,
          describe: 'threads that read a large text dump or extxyz file; the order of frames is kept',
        })
        .option('report', { type: 'string', describe: 'write the conversion report to this JSON file' }),
    ),
  )
    .example('$0 convert run*/OUTCAR -o train.extxyz --drop-unconverged', 'DFT runs to one training set')
    .example('$0 convert run.dump.gz -o last.data -n -1 --type-map "Si O"', 'last frame of a dump as LAMMPS data');

type Options = OptionsOf<typeof builder>;

export const convert: CommandModule<object, Options> = {
  command: 'convert <inputs..>',
  describe: 'convert frames between formats; reports what is dropped or lost',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { runConvert } = await import('../../convert/run.ts');
    const { byteProgress } = await import('../progress.ts');
    await runConvert({
      inputs: argv.inputs,
      output: argv.output,
      ...given({
        inputFormat: argv.inputFormat,
        outputFormat: argv.outputFormat,
        slice: argv.slice,
        maxForce: argv.maxForce,
        speciesOrder: argv.speciesOrder,
        report: argv.report,
      }),
      dropUnconverged: argv.dropUnconverged ?? false,
      dedupe: argv.dedupe ?? false,
      strict: argv.strict,
      threads: argv.threads,
      read: readSettings(argv),
      write: writeSettings(argv),
      onDiagnostic: printDiagnostic,
      print: (text: string) => process.stderr.write(text),
      progress: byteProgress,
    });
  },
};
