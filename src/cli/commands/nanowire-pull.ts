import type { CommandModule } from 'yargs';
import { EXIT, UsageError } from '../../core/errors.ts';
import { printOut } from '../options.ts';
import { positiveInteger } from '../potential-options.ts';
import { pullPair, pullSettings } from '../pull-input.ts';
import { type PullArguments, type PullOptions, pullOptions } from '../pull-options.ts';

export const nanowirePull: CommandModule<object, PullOptions> = {
  command: 'pull',
  describe: 'pull wires until they break, with LAMMPS: one, or a set of many',
  builder: pullOptions,
  handler: async (argv: PullArguments) => {
    const settings = await pullSettings(argv);
    const combinations = settings.orientations.length * settings.temperatures.length * settings.speeds.length;
    const count = positiveInteger('count', argv.count ?? combinations);
    const jobs = positiveInteger('jobs', argv.jobs);
    if (!(argv.timeout >= 0)) throw new UsageError(`--timeout ${argv.timeout}: expected seconds`);
    const request = { output: argv.output, settings, count, pair: await pullPair(argv, settings.element) };
    if (argv.slurm) {
      const { submitArray, writeArray } = await import('../../conductance/pull/slurm.ts');
      const script = await writeArray(request, {
        lammps: argv.lmp,
        atOnce: argv.jobs > 1 ? jobs : 0,
        words: argv.sbatch,
      });
      process.stderr.write(`${script.open} of ${script.total} pulls are to be run\n`);
      return printOut(`${argv.submit ? await submitArray(script.path) : script.path}\n`);
    }
    const [{ findLammps }, { runPulls }, { showPull }] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../conductance/pull/pull-files.ts'),
      import('../pull-input.ts'),
    ]);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
    const lammps = findLammps(argv.lmp).path;
    const onPull = showPull(count);
    const summary = await runPulls(request, { lammps, jobs, timeout: argv.timeout, signal: stop.signal, onPull });
    const { total, before, finished, failed } = summary;
    await printOut(`${before + finished} of ${total} pulls are finished (${before} before) in ${argv.output}\n`);
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else if (failed.length > 0) process.exitCode = EXIT.program;
  },
};
