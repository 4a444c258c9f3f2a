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
      describe: 'directory of a trained potential (n2p2), or a file of lammps export (no server)',
    })
    .option('route', {
      choices: ['pair', 'external'] as const,
      default: 'pair' as const,
      describe: 'pair: the pair styles, compiled; external: fix external, for a LAMMPS with Python and no compiler',
    })
    .option('server', { type: 'string', default: 'unix:nnp.sock', describe: 'where `serve --listen` listens' })
    .example('$0 lammps script potentials/Si > nnp.lmp', 'for "include nnp.lmp" in an input script')
    .example('$0 lammps script si.nnp > nnp.lmp', 'the same without a server')
    .example('$0 lammps script potentials/Si --route external > nnp.lmp', 'where nothing can be compiled');

type Options = OptionsOf<typeof builder>;

export const lammpsScript: CommandModule<object, Options> = {
  command: 'script <potential>',
  describe: 'print the lines that load the pair styles into this LAMMPS, for a server started with serve or for a file',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    if (argv.route === 'external') {
      const { externalText } = await import('../../lammps/external-script.ts');
      return printOut(await externalText(await serverAddress(argv.server), await elementsOf(argv)));
    }
    const [{ findLammps, loadRoute }, { buildPairStyle }, script] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../lammps/build.ts'),
      import('../../lammps/script.ts'),
    ]);
    const exported = argv.potential.endsWith('.nnp');
    const elements = exported ? ['ELEMENT...'] : await elementsOf(argv);
    const lammps = findLammps(argv.lmp);
    const library = await buildPairStyle(lammps, argv.headers ? { headers: argv.headers } : {});
    const lines = exported
      ? script.inProcessText(library, resolve(argv.potential), loadRoute(lammps))
      : script.includeText(library, await serverAddress(argv.server), loadRoute(lammps));
    const pair = script.pairLines(elements).replace(/^/gm, '#   ');
    await printOut(`${lines}# in the input script, after this file, one element per atom type:\n${pair}\n`);
  },
};

async function elementsOf(argv: ArgumentsCamelCase<Options>): Promise<string[]> {
  const [{ loadEvaluator }, { symbolOf }] = await Promise.all([
    import('../../serve/load-evaluator.ts'),
    import('../../core/elements.ts'),
  ]);
  return (await loadEvaluator(potentialSource(argv.potential, argv))).species.map(symbolOf);
}

async function serverAddress(text: string): Promise<string> {
  const { formatAddress, parseAddress } = await import('../../serve/transport/address.ts');
  const given = parseAddress(text);
  return formatAddress(given.kind === 'unix' ? parseAddress(`unix:${resolve(given.path)}`) : given);
}
