import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { UsageError } from '../core/errors.ts';
import type { LabellerSpec } from '../label/open-labeller.ts';
import { committeeSource } from './potential-options.ts';

/** Who labels: trained potentials, a program by template, or a potential of LAMMPS. */
export function withLabeller<T>(yargs: Argv<T>) {
  return yargs
    .option('label-by', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'directory of a trained potential (several: their mean), or a template: cp2k, espresso … or a folder',
    })
    .option('lammps', {
      type: 'string',
      conflicts: 'label-by',
      implies: 'types',
      describe: 'instead: file with the pair_style and pair_coeff lines of a LAMMPS potential',
    })
    .option('types', { type: 'string', describe: 'elements of the atom types of --lammps, e.g. "Cu Zr"' })
    .option('lammps-units', {
      choices: ['metal', 'real'] as const,
      default: 'metal' as const,
      describe: 'unit style of --lammps',
    })
    .option('lmp', { type: 'string', default: 'lmp', describe: 'LAMMPS executable with fix ipi (package MISC)' })
    .option('label-timeout', { type: 'number', default: 3600, describe: 'seconds for the label of one frame' });
}

interface Arguments {
  readonly labelBy: readonly string[] | undefined;
  readonly lammps: string | undefined;
  readonly types: string | undefined;
  readonly lammpsUnits: 'metal' | 'real';
  readonly lmp: string;
  readonly labelTimeout: number;
}

/** The labeller that the words mean. Throws UsageError. */
export async function labellerSpec(argv: Arguments): Promise<LabellerSpec> {
  if (!(argv.labelTimeout > 0)) throw new UsageError('--label-timeout: expected seconds above 0');
  if (argv.lammps !== undefined) return lammpsSpec(argv, argv.lammps);
  const names = argv.labelBy ?? [];
  if (names.length === 0) throw new UsageError('expected --label-by POTENTIAL or TEMPLATE, or --lammps FILE');
  const isPotential = (name: string) => ['input.nn', 'potential.json'].some((file) => existsSync(join(name, file)));
  if (names.every(isPotential))
    return { kind: 'potential', source: committeeSource(names, { lengthUnit: undefined, energyUnit: undefined }) };
  const [name, ...others] = names;
  if (others.length > 0)
    throw new UsageError(`--label-by: ${names.find((one) => !isPotential(one))} is no trained potential`);
  const { findTemplate } = await import('../label/template/description.ts');
  return { kind: 'template', folder: await findTemplate(name) };
}

async function lammpsSpec(argv: Arguments, input: string): Promise<LabellerSpec> {
  const { atomicNumber } = await import('../core/elements.ts');
  const types = (argv.types ?? '').split(/[\s,]+/).filter(Boolean);
  const numbers = types.map((symbol) => {
    const z = atomicNumber(symbol);
    if (z === 0) throw new UsageError(`--types: no element "${symbol}"`);
    return z;
  });
  const { lmp, lammpsUnits: units, labelTimeout: timeout } = argv;
  return { kind: 'lammps', labelling: { lmp, input, types: numbers, units, timeout } };
}
