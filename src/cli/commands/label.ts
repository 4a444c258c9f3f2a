import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('frames', { type: 'string', demandOption: true, describe: 'file or folder of structures' })
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'file to write' })
    .option('lammps', {
      type: 'string',
      demandOption: true,
      describe: 'file with the pair_style and pair_coeff lines of any LAMMPS potential',
    })
    .option('types', {
      type: 'string',
      demandOption: true,
      describe: 'elements of its atom types 1, 2, …, e.g. "Cu Zr"',
    })
    .option('lammps-units', {
      choices: ['metal', 'real'] as const,
      default: 'metal' as const,
      describe: 'unit style of the potential',
    })
    .option('lmp', { type: 'string', default: 'lmp', describe: 'LAMMPS executable with fix ipi (package MISC)' })
    .option('timeout', { type: 'number', default: 600, describe: 'seconds for one frame' })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the structures; otherwise it is detected' })
    .option('output-format', { type: 'string', alias: 'f', default: 'extxyz', describe: 'format of the output' })
    .example(
      '$0 label cu.xyz -o labelled.xyz --lammps eam.lmp --types Cu',
      'eam.lmp: pair_style eam / pair_coeff * * Cu_u3.eam',
    );

type Options = OptionsOf<typeof builder>;

export const label: CommandModule<object, Options> = {
  command: 'label <frames>',
  describe: 'energies (eV), forces (eV/A) and virials (eV) of structures by a potential of LAMMPS, through fix ipi',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ labelFiles }, { atomicNumber }] = await Promise.all([
      import('../../label/label-files.ts'),
      import('../../core/elements.ts'),
    ]);
    if (!(argv.timeout > 0)) throw new UsageError(`--timeout: expected seconds above 0, found ${argv.timeout}`);
    const types = argv.types.split(/[\s,]+/).filter(Boolean);
    const numbers = types.map((symbol) => {
      const z = atomicNumber(symbol);
      if (z === 0) throw new UsageError(`--types: no element "${symbol}"`);
      return z;
    });
    const { frames, output, outputFormat, timeout, lammps: input, lmp, lammpsUnits: units } = argv;
    const count = await labelFiles({
      frames,
      ...(argv.format !== undefined && { inputFormat: argv.format }),
      output,
      outputFormat,
      labelling: { lmp, input, types: numbers, units, timeout },
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      write: { onDiagnostic: printDiagnostic },
    });
    process.stderr.write(`${count} frames labelled\n`);
  },
};
