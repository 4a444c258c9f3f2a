import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';
import { potentialSource, withPotentialUnits } from '../potential-options.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(yargs)
    .positional('potential', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'directory of a trained potential (n2p2); several: a committee with the same symmetry functions',
    })
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'file to write, e.g. si.nnp' })
    .example('$0 lammps export potentials/Si -o si.nnp', 'then in LAMMPS: pair_style nnp si.nnp')
    .example('$0 lammps export si-1 si-2 si-3 -o si.nnp', 'mean forces; compute nnp/disagreement');

type Options = OptionsOf<typeof builder>;

export const lammpsExport: CommandModule<object, Options> = {
  command: 'export <potential..>',
  describe: 'write a potential as a file for pair_style nnp (inside LAMMPS, without a server)',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { writePotentialFile } = await import('../../lammps/potential-file.ts');
    const sources = argv.potential.map((directory) => potentialSource(directory, argv));
    const { path, elements, cutoff, members, bytes } = await writePotentialFile(sources, argv.output);
    const networks = members > 1 ? `, ${members} networks` : '';
    await printOut(`${path}: ${elements.join(' ')}, cutoff ${cutoff} angstrom${networks}, ${bytes} bytes\n`);
  },
};
