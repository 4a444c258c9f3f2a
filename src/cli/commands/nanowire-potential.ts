import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .positional('element', { type: 'string', demandOption: true, describe: 'K or Rb' })
    .option('output', {
      type: 'string',
      alias: 'o',
      demandOption: true,
      describe: 'setfl file for pair_style eam/fs (units metal: eV, Å); - is stdout',
    })
    .example('$0 nanowire potential K -o K.eam.fs', 'pair_style eam/fs; pair_coeff * * K.eam.fs K K K')
    .epilogue(
      'Finnis-Sinclair functions of Nichol and Ackland for Rb (PRB 93, 184101 (2016)); K by corresponding states\n' +
        '(lattice constant and cohesive energy), not fitted to K. No short-range core: for distances above 2.8 Å.',
    );

type Options = OptionsOf<typeof builder>;

export const nanowirePotential: CommandModule<object, Options> = {
  command: 'potential <element>',
  describe: 'write the built-in Finnis-Sinclair potential of an alkali metal for LAMMPS',
  builder,
  handler: async ({ element, output }: ArgumentsCamelCase<Options>) => {
    const { writeSetfl } = await import('../../conductance/pull/pair-text.ts');
    await writeSetfl(element, output);
    if (output !== '-') await printOut(`${output}\n`);
  },
};
