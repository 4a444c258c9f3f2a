import type { ConfigValue } from '../config-reader.ts';
import { type AdamOptions, SCHEDULES } from './adam.ts';
import type { EkfOptions } from './ekf.ts';
import type { LbfgsOptions } from './lbfgs.ts';
import type { LmOptions } from './levenberg-marquardt.ts';

export type OptimiserOptions =
  | ({ readonly name: 'ekf' } & EkfOptions)
  | ({ readonly name: 'lm' } & LmOptions)
  | ({ readonly name: 'lbfgs' } & LbfgsOptions)
  | ({ readonly name: 'adam' } & AdamOptions);

/** The keys of each optimiser. */
const KEYS = {
  ekf: ['force_rows', 'force_choice', 'virial_rows', 'streams', 'lambda', 'nu', 'covariance', 'process_noise'],
  lm: ['force_fraction', 'damping'],
  lbfgs: ['memory'],
  adam: ['batch', 'learning_rate', 'learning_rate_end', 'schedule'],
} as const;
type Name = keyof typeof KEYS;
type Key = (typeof KEYS)[Name][number];

/** Rows of one update of the Kalman filter that the kernel takes. */
const MOST_ROWS = 1024;

/** `optimiser`: a name, or a table of a name and the keys of this optimiser. Without it the Kalman filter is taken. */
export function optimiserOptions(value: ConfigValue | undefined): OptimiserOptions {
  if (!value) return ekf(() => undefined);
  if (!value.isMap) return named(value, value.text(Object.keys(KEYS)) as Name, () => undefined);
  const table = value.table(['name', ...Object.values(KEYS).flat()]);
  const name = table.need('name').text(Object.keys(KEYS)) as Name;
  for (const key of Object.values(KEYS).flat()) {
    const given = table.get(key);
    const own: readonly Key[] = KEYS[name];
    if (given && !own.includes(key))
      throw given.error(`no ${key} for the optimiser ${name} (it has ${own.join(', ')})`);
  }
  return named(value, name, (key) => table.get(key));
}

type Get = (key: Key) => ConfigValue | undefined;

function named(value: ConfigValue, name: Name, get: Get): OptimiserOptions {
  switch (name) {
    case 'ekf': {
      const options = ekf(get);
      if (options.streams * (7 + options.forceRows) > MOST_ROWS)
        throw value.error(`at most ${MOST_ROWS} rows in an update: streams · (force_rows + 7)`);
      return options;
    }
    case 'lm':
      return {
        name,
        forceFraction: get('force_fraction')?.number({ min: 1e-6, max: 1 }) ?? 0.25,
        damping: get('damping')?.number({ min: 1e-9, max: 1e9 }) ?? 1,
      };
    case 'lbfgs':
      return { name, memory: get('memory')?.number({ min: 1, max: 1000, integer: true }) ?? 20 };
    case 'adam':
      return adam(get);
  }
}

function ekf(get: Get): { name: 'ekf' } & EkfOptions {
  return {
    name: 'ekf',
    forceRows: get('force_rows')?.number({ min: 0, max: 1000, integer: true }) ?? 15,
    forceChoice: (get('force_choice')?.text(['random', 'error']) ?? 'random') as EkfOptions['forceChoice'],
    virialRows: get('virial_rows')?.number({ min: 0, max: 6, integer: true }) ?? 3,
    streams: get('streams')?.number({ min: 1, max: 100, integer: true }) ?? 1,
    lambda: get('lambda')?.number({ min: 0.5, max: 1 }) ?? 0.98,
    nu: get('nu')?.number({ min: 0, max: 1 }) ?? 0.9987,
    covariance: get('covariance')?.number({ min: 1e-12, max: 1e12 }) ?? 100,
    processNoise: get('process_noise')?.number({ min: 0, max: 1e6 }) ?? 0,
  };
}

function adam(get: Get): { name: 'adam' } & AdamOptions {
  const learningRate = get('learning_rate')?.number({ min: 1e-12, max: 10 }) ?? 0.01;
  return {
    name: 'adam',
    batch: get('batch')?.number({ min: 1, max: 1e6, integer: true }) ?? 8,
    learningRate,
    learningRateEnd: get('learning_rate_end')?.number({ min: 1e-15, max: 10 }) ?? 0.01 * learningRate,
    schedule: (get('schedule')?.text(SCHEDULES) ?? 'constant') as AdamOptions['schedule'],
  };
}
