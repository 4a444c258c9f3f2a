import { basename, extname } from 'node:path';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { learningDisplay } from '../learning-display.ts';
import { type OptionsOf, printDiagnostic } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .positional('config', {
      type: 'string',
      demandOption: true,
      describe: 'YAML file: structures, labeller, training, exploration, selection (levels in eV/A)',
    })
    .option('output', {
      type: 'string',
      alias: 'O',
      describe: 'folder of the run; default: the name of CONFIG without its ending. One that is there is continued',
    })
    .option('json', { type: 'boolean', default: false, describe: 'print the result as JSON' })
    .example('$0 learn potassium.yaml', 'all rounds into potassium/; look at potassium/report.html')
    .example('$0 learn potassium.yaml -O run1', 'the same again after Ctrl-C or a crash: goes on where it was')
    .epilogue(
      'Round 0 labels the structures and trains a committee; each round after it runs molecular dynamics with the committee until its members\n' +
        'disagree about a force by more than select.hi, labels what lies between select.lo and select.hi, and trains again.\n' +
        'examples/potassium/learn.yaml is a worked example.',
    );

type Options = OptionsOf<typeof builder>;

export const learn: CommandModule<object, Options> = {
  command: 'learn <config>',
  describe: 'active learning: train a committee, explore with it, label what it does not know, train again',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { runLearn } = await import('../../learn/run-learn.ts');
    const folder = argv.output ?? basename(argv.config, extname(argv.config));
    const display = learningDisplay();
    const abort = new AbortController();
    const stop = () => {
      process.stderr.write('\nlearn: stopping; what is labelled is stored\n');
      abort.abort();
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const outcome = await runLearn({
        config: argv.config,
        folder,
        signal: abort.signal,
        onDiagnostic: printDiagnostic,
        onEvent: display.event,
      });
      display.close();
      if (argv.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      else
        process.stdout.write(
          `${outcome.end}: ${outcome.labelled} labelled frames in ${folder}/store\n` +
            (outcome.committee ? `potential: ${outcome.committee}\nreport: ${folder}/report.html\n` : ''),
        );
      if (outcome.end !== 'interrupted') return;
      process.stderr.write(`go on with: nnp-bridge learn ${argv.config} -O ${folder}\n`);
      process.exitCode = EXIT.interrupted;
    } finally {
      display.close();
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  },
};
