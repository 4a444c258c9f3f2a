import type { ConfigValue } from '../../train/config-reader.ts';

/** How runs are handed to SLURM. */
export interface SlurmSettings {
  /** Further words for `sbatch`, e.g. `--partition=short`, `--time=01:00:00`. */
  readonly options: readonly string[];
  /** Lines of the job script before the program, e.g. `module load cp2k`: the only text that a shell sees as such. */
  readonly setup: readonly string[];
  /** Frames in one array at most. */
  readonly arraySize: number;
  /** Seconds that a batch waits for further frames before it is submitted. */
  readonly gather: number;
  /** Seconds between two looks at the queue. */
  readonly poll: number;
}

/** The table `slurm` of labeller.yaml. Throws FormatError with the line. */
export function readSlurm(value: ConfigValue): SlurmSettings {
  const table = value.table(['options', 'setup', 'array_size', 'gather', 'poll']);
  const options = (table.get('options')?.list() ?? []).map((option) => {
    const text = option.text();
    if (/^-[\w-]+(=.*)?$/.test(text) && !/[\n\r]/.test(text)) return text;
    throw option.error('an option of sbatch as one word, e.g. --partition=short');
  });
  return {
    options,
    setup: (table.get('setup')?.list() ?? []).map((line) => line.text()),
    arraySize: table.number('array_size', 100, { min: 1, integer: true }),
    gather: table.number('gather', 2, { min: 0 }),
    poll: table.number('poll', 10, { min: 0.05 }),
  };
}
