import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { withCrystal } from '../metal-options.ts';
import { given, type OptionsOf, printDiagnostic } from '../options.ts';

const builder = (yargs: Argv) =>
  withCrystal(yargs)
    .demandOption('element')
    .describe('element', 'metal of the wire')
    .option('output', {
      type: 'string',
      alias: 'o',
      demandOption: true,
      describe: 'LAMMPS data file (data.*, *.data, *.lmp) or extxyz; - is stdout (extxyz)',
    })
    .option('orientation', {
      choices: ['100', '110', '111'] as const,
      string: true,
      default: '111' as const,
      describe: 'crystal direction along the wire (z)',
    })
    .option('diameter', { type: 'number', default: 17.5, describe: 'Å' })
    .option('length', { type: 'number', default: 35, describe: 'between the grips (Å), in whole crystal periods' })
    .option('grip', { type: 'number', default: 10, describe: 'least length of each grip (Å), in whole periods' })
    .option('center', {
      type: 'string',
      describe: 'X,Y: where the axis passes beside an atom row (Å); moves the cross-section',
    })
    .option('random-center', { type: 'number', describe: 'seed of a random center within 0.35 lattice constants' })
    .conflicts('center', 'random-center')
    .example('$0 nanowire build --element K -o k.data', 'potassium [111], diameter 17.5 Å, types 2 and 3 are grips')
    .example('$0 nanowire build --element Au --orientation 100 --diameter 12 -o au.extxyz', 'gold [100]');

type Options = OptionsOf<typeof builder>;

export const nanowireBuild: CommandModule<object, Options> = {
  command: 'build',
  describe: 'cut a wire with two grips from a perfect bcc or fcc crystal',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { writeWire } = await import('../../conductance/geometry/wire-file.ts');
    const { metalOf } = await import('../../conductance/metals.ts');
    const { randomCenter } = await import('../../conductance/geometry/build-wire.ts');
    const { z, lattice, a } = metalOf({
      element: argv.element,
      ...given({ lattice: argv.lattice, latticeConstant: argv.latticeConstant }),
    });
    const center =
      argv.center !== undefined
        ? parseCenter(argv.center)
        : argv.randomCenter !== undefined
          ? randomCenter(argv.randomCenter, a)
          : undefined;
    const { orientation, diameter, length: free, grip, output } = argv;
    const plan = { z, lattice, a, orientation, diameter, free, grip, ...(center && { center }) };
    const wire = await writeWire(plan, output, printDiagnostic);
    process.stderr.write(
      `${wire.natoms} atoms, ${wire.bottom} and ${wire.top} in the grips, length ${wire.length.toFixed(3)} Å, lead period ${wire.leadPeriod.toFixed(6)} Å\n`,
    );
  },
};

function parseCenter(text: string): readonly [number, number] {
  const [x, y, ...rest] = text.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  if (rest.length === 0 && Number.isFinite(x) && Number.isFinite(y)) return [x, y];
  throw new UsageError(`--center ${text}: expected X,Y in Å, for example 0.5,-1.2`);
}
