import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .option('json', { type: 'boolean', describe: 'the same as one JSON array' })
    .option('markdown', { type: 'boolean', conflicts: 'json', describe: 'the same as the table of the README' })
    .example('$0 formats', 'every format, what it carries and in which units');

type Options = OptionsOf<typeof builder>;

export const formats: CommandModule<object, Options> = {
  command: 'formats',
  describe: 'list the file formats, what each carries and its units',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { FORMATS } = await import('../../../formats/index.ts');
    const table = await import('../../convert/format-table.ts');
    if (argv.json) {
      const rows = table
        .formatRows(FORMATS)
        .map((row, k) => ({ ...row, ...FORMATS[k].carries, name: FORMATS[k].name }));
      await printOut(`${JSON.stringify(rows, null, 2)}\n`);
    } else if (argv.markdown) await printOut(table.formatTableMarkdown(FORMATS));
    else await printOut(table.formatTableText(FORMATS));
  },
};
