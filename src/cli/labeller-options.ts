import type { Argv } from 'yargs';
import { atomicNumber } from '../core/elements.ts';
import { UsageError } from '../core/errors.ts';
import type { LabellerSpec } from '../label/open-labeller.ts';
import { committeeSource } from './potential-options.ts';

/** Options that say which labeller is meant; units that a potential does not state are those of the structures (withReadOptions), as in `evaluate`. */
export function withLabellerOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('potential', {
      type: 'string',
      array: true,
      describe: 'folder of a trained potential; several: a committee',
    })
    .option('template', {
      type: 'string',
      describe: 'folder with a labeller.yaml, or cp2k, quantum-espresso, vasp, gpaw for the templates shipped',
    })
    .option('lammps', { type: 'string', describe: 'file with pair_style and pair_coeff of any LAMMPS potential' })
    .option('types', { type: 'string', describe: 'elements of its atom types 1, 2, …, e.g. "Cu Zr"' })
    .option('lammps-units', {
      choices: ['metal', 'real'] as const,
      default: 'metal' as const,
      describe: 'unit style of the LAMMPS potential',
    })
    .option('lmp', { type: 'string', default: 'lmp', describe: 'LAMMPS executable with fix ipi (package MISC)' })
    .option('timeout', { type: 'number', default: 600, describe: 'seconds for one frame in LAMMPS' });
}

interface LabellerArguments {
  readonly potential: readonly string[] | undefined;
  readonly template: string | undefined;
  readonly lammps: string | undefined;
  readonly types: string | undefined;
  readonly lammpsUnits: 'metal' | 'real';
  readonly lmp: string;
  readonly timeout: number;
  readonly lengthUnit: string | undefined;
  readonly energyUnit: string | undefined;
}

/** The labeller that a command line names; undefined when it names none. Throws UsageError when it names several. */
export async function labellerOptions(argv: LabellerArguments): Promise<LabellerSpec | undefined> {
  const { potential, template, lammps } = argv;
  if ([potential, template, lammps].filter((option) => option !== undefined).length > 1)
    throw new UsageError('give one of --potential, --lammps and --template');
  if (potential) {
    if (potential.length === 0) throw new UsageError('--potential: expected a folder');
    return { kind: 'potential', source: committeeSource(potential, argv) };
  }
  if (template !== undefined) {
    const { findTemplate } = await import('../label/template/description.ts');
    return { kind: 'template', folder: await findTemplate(template) };
  }
  if (lammps === undefined) return undefined;
  if (!(argv.timeout > 0)) throw new UsageError(`--timeout: expected seconds above 0, found ${argv.timeout}`);
  if (argv.types === undefined) throw new UsageError('--lammps needs --types: the elements of its atom types');
  const types = argv.types
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((symbol) => {
      const z = atomicNumber(symbol);
      if (z === 0) throw new UsageError(`--types: no element "${symbol}"`);
      return z;
    });
  const { lmp, lammpsUnits: units, timeout } = argv;
  return { kind: 'lammps', labelling: { lmp, input: lammps, types, units, timeout } };
}
