import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { given, type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';

const columns = (text: string) => text.split(',').map(Number);

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('frames', { type: 'string', array: true, demandOption: true, describe: 'files of frames' })
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'extxyz with conductance (G0)' })
    .option('csv', { type: 'string', describe: 'table: [trajectory,] frame or step, G (unit by name or "# unit: uS")' })
    .option('tbtrans', {
      type: 'string',
      array: true,
      describe: 'AVTRANS or AVTEIG files of TBtrans, one for each frame in order',
    })
    .option('tables', { type: 'string', array: true, describe: 'other tables of T(E), one for each frame in order' })
    .conflicts({ csv: ['tbtrans', 'tables'], tbtrans: 'tables' })
    .option('key', { type: 'string', describe: 'column of --csv, or key of the frames, with the conductance' })
    .option('energy-column', { type: 'number', default: 1, describe: '--tables: column of E (eV), from 1' })
    .option('transmission-columns', {
      type: 'string',
      coerce: columns,
      default: '2',
      describe: '--tables: columns that are added up, e.g. 2,3',
    })
    .option('comment', { type: 'string', default: '#', describe: '--tables: how lines begin that are passed over' })
    .option('fermi', { type: 'number', default: 0, describe: 'Fermi energy of the tables (eV)' })
    .option('spin-resolved', {
      type: 'boolean',
      default: false,
      describe: 'columns are single spins: G = G0/2 (T + T)',
    })
    .option('temperature', { type: 'number', default: 0, describe: 'electrons (K); 0 takes T at the Fermi energy' })
    .example(
      '$0 conductance import pull.extxyz --csv g.csv -o labelled.extxyz',
      'join by trajectory and frame, or step',
    )
    .example('$0 conductance import s.extxyz --tbtrans */wire.TBT.AVTRANS_Left-Right -o l.extxyz', 'TranSIESTA');

type Options = OptionsOf<typeof builder>;

export const conductanceImport: CommandModule<object, Options> = {
  command: 'import <frames..>',
  describe: 'take over conductances computed elsewhere',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { importFiles } = await import('../../conductance/import/import-files.ts');
    const { labelled, unlabelled, unusedRows } = await importFiles({
      inputs: argv.frames,
      output: argv.output,
      source: await sourceOf(argv),
      read: { ...readSettings(argv), strict: false, onDiagnostic: printDiagnostic },
    });
    process.stderr.write(
      `${labelled} frames labelled, ${unlabelled} without a conductance, ${unusedRows} rows or tables without a frame\n`,
    );
  },
};

async function sourceOf(argv: ArgumentsCamelCase<Options>) {
  const { TBTRANS } = await import('../../conductance/import/column-table.ts');
  const { csv, tbtrans, tables, key, fermi, temperature } = argv;
  if (!(temperature >= 0)) throw new UsageError(`--temperature ${temperature}: expected 0 or more (K)`);
  if (csv !== undefined) return { kind: 'csv', path: csv, ...given({ key }) } as const;
  const factor = argv.spinResolved ? 0.5 : 1;
  if (tbtrans) {
    const isEigen = tbtrans.every((path) => /AVTEIG/.test(path));
    const layout = { ...TBTRANS, fermi, factor, ...(isEigen && { from: 2 }) };
    return { kind: 'columns', paths: tbtrans, layout, temperature } as const;
  }
  if (!tables) return { kind: 'key', ...given({ key }) } as const;
  const transmissions = argv.transmissionColumns;
  const all = [argv.energyColumn, ...transmissions];
  if (!all.every((column) => Number.isInteger(column) && column >= 1))
    throw new UsageError('--energy-column, --transmission-columns: expected column numbers from 1');
  const layout = { comment: argv.comment, energy: argv.energyColumn, transmissions, fermi, factor };
  return { kind: 'columns', paths: tables, layout, temperature } as const;
}
