import { resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';
import { potentialSource, withPotentialUnits } from '../potential-options.ts';
import { withLammpsOptions } from './lammps-build.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(withLammpsOptions(yargs))
    .positional('potential', {
      type: 'string',
      demandOption: true,
      describe: 'directory of a trained potential (n2p2)',
    })
    .option('server', { type: 'string', default: 'unix:nnp.sock', describe: 'where `serve --listen` listens' })
    .example('$0 lammps script potentials/Si > nnp.lmp', 'for "include nnp.lmp" in an input script');

type Options = OptionsOf<typeof builder>;

export const lammpsScript: CommandModule<object, Options> = {
  command: 'script <potential>',
  describe: 'print the lines that load pair_style nnp/socket into this LAMMPS, for a server started with serve',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ findLammps, loadRoute }, { buildPairStyle }, script, { loadEvaluator }, address, { symbolOf }] =
      await Promise.all([
        import('../../lammps/installation.ts'),
        import('../../lammps/build.ts'),
        import('../../lammps/script.ts'),
        import('../../serve/load-evaluator.ts'),
        import('../../serve/transport/address.ts'),
        import('../../core/elements.ts'),
      ]);
    const model = await loadEvaluator(potentialSource(argv.potential, argv));
    const lammps = findLammps(argv.lmp);
    const library = await buildPairStyle(lammps, argv.headers ? { headers: argv.headers } : {});
    const given = address.parseAddress(argv.server);
    const server = given.kind === 'unix' ? address.parseAddress(`unix:${resolve(given.path)}`) : given;
    const lines = script.includeText(library, address.formatAddress(server), loadRoute(lammps));
    const pair = script.pairLines(model.species.map(symbolOf)).replace(/^/gm, '#   ');
    await printOut(`${lines}# in the input script, after this file, one element per atom type:\n${pair}\n`);
  },
};
