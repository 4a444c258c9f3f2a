import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(
    yargs
      .positional('files', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'files or folders, also gzip or zstd; - is stdin',
      })
      .option('format', { type: 'string', alias: 'i', describe: 'format of the files; otherwise it is detected' })
      .option('json', {
        type: 'boolean',
        describe: 'one JSON object per frame and line, values in the units of the file',
      })
      .option('strict', {
        type: 'boolean',
        default: true,
        describe: 'a cut-off file is an error (after its complete frames), not a warning',
      }),
  )
    .example('$0 inspect OUTCAR run.dump.gz', 'what is in these files')
    .example('$0 inspect --json traj.extxyz | head -1', 'the first frame as JSON');

type Options = OptionsOf<typeof builder>;

export const inspect: CommandModule<object, Options> = {
  command: 'inspect <files..>',
  describe: 'show the frames, labels, units and faults of files',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { inspectFiles } = await import('../../convert/inspect.ts');
    await inspectFiles(argv.files, {
      ...(argv.format && { format: argv.format }),
      json: argv.json ?? false,
      read: { ...readSettings(argv), strict: argv.strict, onDiagnostic: printDiagnostic },
      print: printOut,
    });
  },
};
