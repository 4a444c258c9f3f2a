import type { CommandModule } from 'yargs';
import { compare } from './compare.ts';
import { conductance } from './conductance.ts';
import { convert } from './convert.ts';
import { dataset } from './dataset.ts';
import { deviation } from './deviation.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './evaluate.ts';
import { formats } from './formats.ts';
import { inspect } from './inspect.ts';
import { label } from './label.ts';
import { lammps } from './lammps.ts';
import { learn } from './learn.ts';
import { md } from './md.ts';
import { nanowire } from './nanowire.ts';
import { report } from './report.ts';
import { serve } from './serve.ts';
import { status } from './status.ts';
import { train } from './train.ts';
import { verify } from './verify.ts';
import { watch } from './watch.ts';

/** Commands differ in their options, so the list knows only what they share. */
type Command = Pick<CommandModule, 'command' | 'describe'>;

/** Every command; a module imports its work lazily (`await import` in the handler) so that --help is instant. */
export const commands: readonly Command[] = [
  convert,
  inspect,
  formats,
  evaluate,
  compare,
  serve,
  lammps,
  label,
  train,
  learn,
  md,
  verify,
  report,
  watch,
  status,
  dataset,
  deviation,
  conductance,
  nanowire,
  doctor,
];
