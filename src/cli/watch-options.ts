import type { Argv } from 'yargs';
import { withLabelBy } from './label-by-options.ts';
import { withReadOptions } from './options.ts';

/** Options of `watch`, in the order of its help. */
export function watchOptions(yargs: Argv) {
  return withReadOptions(
    withSelection(
      withLabelBy(
        yargs
          .positional('folder', { type: 'string', demandOption: true, describe: 'folder that simulations write to' })
          .option('output', {
            type: 'string',
            alias: 'o',
            demandOption: true,
            describe: 'data set (store); the same command goes on with it',
          }),
      ),
    ),
  )
    .option('files', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'names of the files, * ** ? and % as in LAMMPS; otherwise the usual ones',
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the files; otherwise it is detected' })
    .option('idle-exit', { type: 'number', describe: 'ends when nothing has been new for so many seconds' })
    .option('polling', { type: 'boolean', describe: 'no file events (network file systems: found out by itself)' })
    .option('attempts', { type: 'number', default: 2, describe: 'times that a frame is given to the labeller' })
    .option('max-failures', {
      type: 'number',
      default: 10,
      describe: 'frames failing one after the other at which the run stops',
    })
    .option('cores', { type: 'number', describe: 'processor cores for outside programs; all without' })
    .option('scratch', { type: 'string', describe: 'folder for the runs of outside programs; in the store without' })
    .option('live', { type: 'string', describe: 'page at 127.0.0.1 that shows the run; PORT, or any free one' })
    .example('$0 watch runs/ -o data --label-by cp2k', 'every new frame labelled by CP2K, stored in data/')
    .example(
      '$0 watch runs/ -o data --label-by big/ --committee small/ --lo 0.05 --hi 0.3',
      'frames about which the committee small/ disagrees by 0.05 to 0.3 eV/A',
    )
    .example('$0 watch data/watch/runs-*/failed -o data --label-by cp2k', 'the frames that failed, once more')
    .epilogue(
      'A frame is stored once, by the hash of its structure. What was looked at is noted in DATA/watch/FOLDER: frames\n' +
        'that were refused are not judged again by other levels unless that folder is removed. Failed frames are in its\n' +
        'failed/, with what was said of them.',
    );
}

function withSelection<T>(yargs: Argv<T>) {
  return yargs
    .option('committee', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'directory of a committee, or of its members: selects by their disagreement',
    })
    .option('lo', {
      type: 'number',
      default: 0.05,
      describe: 'largest disagreement of a force (eV/A) below which no label is needed',
    })
    .option('hi', {
      type: 'number',
      default: 0.3,
      describe: 'the same from which a structure is not trusted (eV/A)',
    })
    .option('every', { type: 'number', describe: 'only every n-th frame of each file' })
    .option('novelty', {
      type: 'number',
      describe: 'only frames farther than this from those stored, in scaled symmetry functions',
    })
    .option('per-file', { type: 'number', describe: 'at most so many labels from one file' })
    .option('budget', { type: 'number', describe: 'at most so many labels, those of earlier runs included' });
}
