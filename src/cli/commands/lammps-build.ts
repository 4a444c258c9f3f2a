import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';

/** Which LAMMPS, for every `lammps` command. */
export const withLammpsOptions = <T>(yargs: Argv<T>) =>
  yargs.option('lmp', { type: 'string', default: 'lmp', describe: 'LAMMPS executable' }).option('headers', {
    type: 'string',
    describe: 'its headers; default: include/lammps beside its bin (Debian: package liblammps-dev)',
  });

const builder = (yargs: Argv) =>
  withLammpsOptions(yargs)
    .option('output', {
      type: 'string',
      alias: 'o',
      describe: 'folder for nnpplugin.so; default: the cache of the user',
    })
    .example('$0 lammps build', 'compiles the pair styles for the installed lmp and prints where they are');

type Options = OptionsOf<typeof builder>;

export const lammpsBuild: CommandModule<object, Options> = {
  command: 'build',
  describe: 'compile pair_style nnp and nnp/socket for a LAMMPS; says what is missing',
  builder,
  handler: async ({ lmp, headers, output }: ArgumentsCamelCase<Options>) => {
    const [{ findLammps, loadRoute }, { buildPairStyle }] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../lammps/build.ts'),
    ]);
    const lammps = findLammps(lmp);
    const library = await buildPairStyle(lammps, { ...(headers && { headers }), ...(output && { output }) });
    const how = loadRoute(lammps) === 'plugin' ? 'plugin load' : 'its python command';
    process.stderr.write(`${lammps.path}: LAMMPS ${lammps.version}, ${lammps.mpi}; loaded by ${how}\n`);
    await printOut(`${library}\n`);
  },
};
