import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .option('backend', { choices: BACKENDS, default: 'auto' as const, describe: 'try this one instead of the fastest' })
    .option('json', { type: 'boolean', default: false, describe: 'one JSON object' })
    .example('$0 doctor', 'which program evaluates potentials here, and why not a faster one');

type Options = OptionsOf<typeof builder>;

export const doctor: CommandModule<object, Options> = {
  command: 'doctor',
  describe: 'what runs on this machine: the program that evaluates potentials, and why not a faster one',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { kernelReport } = await import('../../../potentials/kernels/ladder.ts');
    const report = kernelReport({ backend: argv.backend });
    const where = { node: process.version, platform: `${process.platform} ${process.arch}` };
    if (argv.json) return await printOut(`${JSON.stringify({ ...where, ...report })}\n`);
    const lines = [
      `Node ${where.node}, ${where.platform}`,
      `potentials are evaluated by: ${report.backend} (self-test passed)`,
      `instruction sets of the native kernel: ${report.nativeVariants.join(', ') || 'none, it is not built'}`,
      ...report.passedOver.map((reason) => `not used: ${reason}`),
    ];
    await printOut(`${lines.join('\n')}\n`);
  },
};
