import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { DiagnosticSink } from '../src/core/diagnostic.ts';
import { UnknownFormatError } from '../src/core/errors.ts';
import type { Committee } from './committee.ts';
import type { HdnnpModel } from './hdnnp-model.ts';
import { chooseCommittee, choosePotential, type KernelOptions } from './kernels/ladder.ts';
import type { Potential } from './potential.ts';
import { readManifest, type UnitOptions } from './trained/manifest.ts';
import { readN2p2 } from './trained/n2p2/read.ts';

export interface LoadOptions extends UnitOptions, KernelOptions {
  readonly onDiagnostic?: DiagnosticSink;
}

/**
 * The trained potential in a directory, or the committee whose `potential.json` is there, ready to evaluate. Throws UnknownFormatError when the directory is not of a supported
 * format, MissingDataError when its units are not stated, FormatError for its content.
 */
export async function loadPotential(directory: string, options: LoadOptions = {}): Promise<Potential> {
  const members = await membersOf(directory);
  if (members) return loadCommittee(members, options);
  const model = await readModel(directory, options);
  const { potential, rung } = choosePotential(model, basename(resolve(directory)), options);
  for (const message of rung.passedOver)
    options.onDiagnostic?.({
      severity: 'info',
      code: 'slower-backend',
      message: `${message}; ${rung.backend} is used`,
    });
  return potential;
}

/**
 * Several trained potentials as one committee: by the kernel in one go when they share their symmetry functions, else one after
 * the other. Errors as `loadPotential`, and PotentialError when they do not know the same elements.
 */
export async function loadCommittee(directories: readonly string[], options: LoadOptions = {}): Promise<Committee> {
  const models = await Promise.all(directories.map((directory) => readModel(directory, options)));
  const names = directories.map((directory) => basename(resolve(directory)));
  return chooseCommittee(models, names, options);
}

/** The models in a directory: one, or those of a committee's members. Errors as `loadPotential`. */
export async function readModels(directory: string, options: LoadOptions = {}): Promise<HdnnpModel[]> {
  const members = (await membersOf(directory)) ?? [directory];
  return Promise.all(members.map((member) => readModel(member, options)));
}

/** The directories of a committee's members; undefined when the directory holds something else. */
async function membersOf(directory: string): Promise<string[] | undefined> {
  const manifest = await readManifest(directory);
  if (manifest?.format !== 'committee') return undefined;
  if (!manifest.members || manifest.members.length === 0)
    throw new UnknownFormatError(`${directory}: the committee names no members`);
  return manifest.members.map((name) => join(directory, name));
}

/** The same as data, for programs that work on the parameters. Errors as `loadPotential`. */
export async function readModel(directory: string, options: LoadOptions = {}): Promise<HdnnpModel> {
  const manifest = await readManifest(directory);
  const format = manifest?.format ?? ((await exists(join(directory, 'input.nn'))) ? 'n2p2' : undefined);
  if (format === undefined)
    throw new UnknownFormatError(
      `${directory}: expected a trained potential (input.nn or potential.json), found neither`,
    );
  if (format === 'committee')
    throw new UnknownFormatError(`${directory}: a committee, not a single potential: name one of its members`);
  if (format !== 'n2p2')
    throw new UnknownFormatError(`${directory}: potentials of format "${format}" are not supported, only n2p2`);
  return readN2p2(directory, options);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
