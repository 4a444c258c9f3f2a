import type { CommandModule } from 'yargs';
import { type ServeArguments, type ServeOptions, serveOptions } from '../serve-options.ts';

export const serve: CommandModule<object, ServeOptions> = {
  command: 'serve <potential..>',
  describe: 'serve a trained potential to LAMMPS, ASE, i-PI or an MDI driver; says when it is ready',
  builder: serveOptions,
  handler: async (argv: ServeArguments) => {
    if (argv.ipi !== undefined || argv.mdi !== undefined)
      await (await import('../serve-attached.ts')).serveAttached(argv);
    else await (await import('../serve-listening.ts')).serveListening(argv);
  },
};
