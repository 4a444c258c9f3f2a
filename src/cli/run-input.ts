import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors.ts';
import { printDiagnostic } from './options.ts';
import { committeeSource, positiveInteger } from './potential-options.ts';

/** The text of an input script with its pair lines replaced; what was replaced goes to stderr. */
export async function replacedText(input: string, elements: string | undefined): Promise<string> {
  const { replacePair } = await import('../lammps/replace-pair.ts');
  const words = elements?.split(/[\s,]+/).filter(Boolean);
  const { text, changes } = await replacePair(input, await readFile(input, 'utf8'), words ? { elements: words } : {});
  for (const change of changes) process.stderr.write(`${input} ${change}\n`);
  return text;
}

interface ForceOptions {
  readonly potential: readonly string[];
  readonly inProcess: boolean;
  readonly threads: number;
  readonly workers: number | undefined;
  readonly lengthUnit: string | undefined;
  readonly energyUnit: string | undefined;
}

/** Where the forces of `lammps run` on `np` ranks come from: a server to start, or a file for `pair_style nnp`. */
export async function runForces(argv: ForceOptions, np: number) {
  const [potential, ...others] = argv.potential;
  const exported = potential.endsWith('.nnp');
  if (others.some((other) => exported || other.endsWith('.nnp')))
    throw new UsageError('--potential: give one file of lammps export (it may hold a committee), or directories');
  const source = committeeSource(argv.potential, argv);
  if (argv.inProcess || exported) {
    const { writePotentialFile } = await import('../lammps/potential-file.ts');
    const file = async (folder: string) =>
      exported ? potential : (await writePotentialFile([source], join(folder, 'potential.nnp'))).path;
    return { file, threads: positiveInteger('threads', argv.threads) };
  }
  const { servePotential } = await import('../serve/serve-potential.ts');
  const workers = positiveInteger('workers', argv.workers ?? Math.min(np, availableParallelism()));
  const cores = availableParallelism();
  if (np + workers > cores) {
    const message = `${np} MPI ranks and ${workers} worker processes share ${cores} cores; with --in-process there are only the ranks`;
    printDiagnostic({ severity: 'warning', code: 'few-cores', message });
  }
  const onDiagnostic = (d: Parameters<typeof printDiagnostic>[0]) => d.severity === 'warning' && printDiagnostic(d);
  return (address: Parameters<typeof servePotential>[1]) => servePotential(source, address, workers, { onDiagnostic });
}
