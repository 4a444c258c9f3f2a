import type { Argv } from 'yargs';

/** The store that a command reads. */
export function withStore<T>(yargs: Argv<T>) {
  return yargs.positional('store', { type: 'string', demandOption: true, describe: 'folder of the data set' });
}

/** Which of its frames. */
export function withWhere<T>(yargs: Argv<T>) {
  return yargs.option('where', {
    type: 'string',
    describe:
      'filter: columns id shard offset natoms formula energy_per_atom (eV) max_force (eV/A) disagreement (eV/A) source labeller config_type added; = != < <= > >= like in, is null, and or not ( )',
  });
}
