import { resolve } from 'node:path';
import { atomicNumber } from '../core/elements.ts';
import type { PotentialSource } from '../serve/load-evaluator.ts';
import type { ConfigValue } from '../train/config-reader.ts';
import { CommandLabeller, type LabelRoom } from './by-command.ts';
import { LammpsPool } from './by-lammps.ts';
import { PotentialLabeller } from './by-potential.ts';
import type { Labeller } from './labeller.ts';
import type { LammpsLabelling } from './lammps-labeller.ts';
import { SlurmLabeller } from './slurm/slurm-labeller.ts';
import { findTemplate, readTemplate } from './template/description.ts';

/** Which labeller is meant; plain data. */
export type LabellerSpec =
  | { readonly kind: 'potential'; readonly source: PotentialSource }
  | { readonly kind: 'lammps'; readonly labelling: LammpsLabelling }
  | { readonly kind: 'template'; readonly folder: string };

/**
 * The key `labeller` of a configuration: `{potential: [DIR, …]}`, `{lammps: FILE, types: [K], units: metal, lmp: lmp, timeout: 600}` or
 * `{template: DIR}` (also the name of a shipped one). Paths are relative to `base`. Throws FormatError with the line, UsageError for a
 * template that is not there.
 */
export async function readLabellerSpec(value: ConfigValue, base: string): Promise<LabellerSpec> {
  const table = value.table(['potential', 'lammps', 'types', 'units', 'lmp', 'timeout', 'template']);
  const kinds = (['potential', 'lammps', 'template'] as const).filter((key) => table.get(key));
  if (kinds.length !== 1) throw value.error('exactly one of potential, lammps and template');
  const [kind] = kinds;
  if (kind === 'template') return { kind, folder: await findTemplate(table.need(kind).text(), base) };
  if (kind === 'potential') {
    const [directory, ...further] = table
      .need(kind)
      .items()
      .map((folder) => resolve(base, folder.text()));
    if (directory === undefined) throw value.error('a folder of a trained potential');
    return { kind, source: { directory, ...(further.length > 0 && { further }) } };
  }
  const types = table
    .need('types')
    .items()
    .map((type) => {
      const z = atomicNumber(type.text());
      if (z === 0) throw type.error('the symbol of an element');
      return z;
    });
  const units = table.get('units')?.text(['metal', 'real']) ?? 'metal';
  return {
    kind,
    labelling: {
      lmp: table.get('lmp')?.text() ?? 'lmp',
      input: resolve(base, table.need('lammps').text()),
      types,
      units: units === 'real' ? 'real' : 'metal',
      timeout: table.number('timeout', 600, { min: 0.001 }),
    },
  };
}

/** Makes the labeller that is meant. Throws ProgramError when its program is not there, and the errors of potentials and templates. */
export async function openLabeller(spec: LabellerSpec, room: LabelRoom): Promise<Labeller> {
  switch (spec.kind) {
    case 'potential':
      return PotentialLabeller.open(spec.source);
    case 'lammps':
      return LammpsPool.open(spec.labelling, room.cores);
    case 'template': {
      const template = await readTemplate(spec.folder);
      if (template.slurm) return SlurmLabeller.open(template, template.slurm, room.scratch);
      return CommandLabeller.open(template, room);
    }
  }
}
