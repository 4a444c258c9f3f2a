import type { ArgumentsCamelCase, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { labelBySpec } from '../label-by-options.ts';
import { given, type OptionsOf, printDiagnostic, readSettings } from '../options.ts';
import { positiveInteger } from '../potential-options.ts';
import { stopOnSignals, watchDisplay } from '../watch-display.ts';
import { watchOptions } from '../watch-options.ts';

type Options = OptionsOf<typeof watchOptions>;

export const watch: CommandModule<object, Options> = {
  command: 'watch <folder>',
  describe: 'follow running simulations; select new frames, label them and keep them as a data set',
  builder: watchOptions,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { watchAndLabel } = await import('../../watch/watch-and-label.ts');
    const display = watchDisplay();
    const signals = stopOnSignals(display.say);
    const { folder, output, committee, lo, hi, every, novelty, perFile, budget } = argv;
    try {
      const end = await watchAndLabel({
        folder,
        store: output,
        labeller: await labelBySpec(argv),
        room: given({ cores: argv.cores, scratch: argv.scratch }),
        selection: { committee: committee ?? [], lo, hi, ...given({ every, novelty, perFile, budget }) },
        follow: {
          read: readSettings(argv),
          ...given({ patterns: argv.files, format: argv.format, idleSeconds: argv.idleExit, polling: argv.polling }),
        },
        attempts: positiveInteger('attempts', argv.attempts),
        failuresInRow: positiveInteger('max-failures', argv.maxFailures),
        timeout: argv.labelTimeout,
        ...given({ live: argv.live }),
        stop: signals.stop,
        kill: signals.kill,
        onDiagnostic: (diagnostic) => printDiagnostic(diagnostic),
        onSnapshot: display.snapshot,
        say: display.say,
      });
      display.say(end);
      if (!signals.stop.aborted) return;
      process.stderr.write('stopped; the same command goes on\n');
      process.exitCode = EXIT.interrupted;
    } finally {
      signals.end();
    }
  },
};
