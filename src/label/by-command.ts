import { mkdir, mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFrames } from '../convert/open.ts';
import { FormatError, LabelError, ProgramError, ProjectError, UnknownFormatError } from '../core/errors.ts';
import type { Frame, InfoValue } from '../core/frame.ts';
import { labelFault } from './check-labels.ts';
import type { Labelled, Labeller } from './labeller.ts';
import { place } from './lammps-box.ts';
import { type ProgramEnd, runProgram, tailOf } from './run-program.ts';
import { type TemplateDescription, whereIs } from './template/description.ts';
import { renderTemplate, type Words } from './template/render.ts';

/** Where and how much of this machine a labeller may use. */
export interface LabelRoom {
  /** Folder for scratch directories; made when it is not there. */
  readonly scratch: string;
  /** Processor cores. */
  readonly cores: number;
}

/** Bytes of each file that are kept of a run that failed. */
const KEPT = 64 << 10;

/** An outside program by template: a scratch folder for each frame, removed when its label is there. */
export class CommandLabeller implements Labeller {
  readonly provenance: Readonly<Record<string, InfoValue>>;
  readonly concurrency: number;
  readonly #template: TemplateDescription;
  readonly #scratch: string;

  private constructor(template: TemplateDescription, { scratch, cores }: LabelRoom) {
    this.#template = template;
    this.#scratch = scratch;
    this.concurrency = template.concurrency ?? Math.max(1, Math.floor(cores / template.cores));
    this.provenance = templateProvenance(template);
  }

  /** Throws ProgramError when the program is not there. */
  static async open(template: TemplateDescription, room: LabelRoom): Promise<CommandLabeller> {
    const [program] = template.command;
    if (!whereIs(program)) throw new ProgramError(`${template.name}: the program ${program} is not installed`);
    await mkdir(room.scratch, { recursive: true });
    return new CommandLabeller(template, room);
  }

  async label(frame: Frame, signal: AbortSignal): Promise<Labelled> {
    const fault = structureFault(frame, this.#template);
    if (fault) throw new LabelError(`${place(frame)}${this.#template.name}: ${fault}`);
    const attempts = [{}, ...this.#template.retries];
    const reasons: string[] = [];
    for (const [k, values] of attempts.entries()) {
      const folder = await mkdtemp(join(this.#scratch, 'run-'));
      try {
        const labelled = await this.#attempt(frame, folder, values, signal);
        await rm(folder, { recursive: true, force: true });
        return k === 0 ? labelled : { ...labelled, info: { ...labelled.info, label_attempts: k + 1 } };
      } catch (error) {
        if (!(error instanceof LabelError)) {
          await rm(folder, { recursive: true, force: true });
          throw error;
        }
        await keepTail(folder, join(this.#scratch, 'failed'));
        reasons.push(error.message);
        if (k === attempts.length - 1)
          throw new LabelError(`${place(frame)}${this.#template.name}: ${reasons.join('; then ')}`, error.tail);
      }
    }
    throw new Error('no attempt was made');
  }

  async close(): Promise<void> {}

  async #attempt(frame: Frame, folder: string, values: Words, signal: AbortSignal): Promise<Labelled> {
    const template = this.#template;
    await prepare(template, frame, folder, values);
    const { command, environment, timeout } = template;
    const end = await runProgram({ command, folder, environment, timeout }, signal);
    if (end.kind === 'not-started') throw new ProgramError(`${template.name}: ${command[0]}: ${end.reason}`);
    return collect(template, frame, folder, end);
  }
}

/** What is stored with every label of this template. */
export function templateProvenance({ name, command, output, hash }: TemplateDescription): Record<string, InfoValue> {
  return { labeller: name, label_command: command.join(' '), label_format: output.format, label_template: hash };
}

/** Writes the input files. */
export async function prepare(
  template: TemplateDescription,
  frame: Frame,
  folder: string,
  values: Words,
): Promise<void> {
  const words = { values: { ...template.values, ...values }, elements: template.elements };
  for (const [name, text] of template.render) await writeFile(join(folder, name), renderTemplate(text, frame, words));
  for (const [name, bytes] of template.copy) await writeFile(join(folder, name), bytes);
}

/** Why the template is not for this structure. */
export function structureFault({ natoms, numbers, positions, cell, pbc }: Frame, template: TemplateDescription) {
  if (natoms === 0) return 'the structure has no atoms';
  if (numbers.includes(0)) return 'the structure has atoms of unknown element';
  if (!positions.every(Number.isFinite)) return 'a coordinate of the structure is not finite';
  if (cell && !cell.every(Number.isFinite)) return 'the cell of the structure is not finite';
  if (template.periodic && !(cell && pbc.every(Boolean)))
    return 'the structure is not periodic in all directions, as this template is for ("periodic: false" in labeller.yaml says it is not)';
  return undefined;
}

/** The labels in the output of a run that has ended. Throws LabelError for everything that is not a sound result. */
export async function collect(
  template: TemplateDescription,
  frame: Frame,
  folder: string,
  end: ProgramEnd,
): Promise<Labelled> {
  const fail = async (exit: string) => new LabelError(exit, await lastWords(folder, template.output.file));
  if (end.kind === 'timeout') throw await fail(`no end after ${template.timeout} s (timeout): killed`);
  if (end.kind === 'signal') throw await fail(`ended by ${end.signal}`);
  if (end.kind === 'not-started') throw await fail(`not started: ${end.reason}`);
  if (end.code !== 0) throw await fail(`ended with exit code ${end.code}`);
  const result = await readResult(template, folder).catch(async (error: unknown) => {
    throw error instanceof ProjectError ? await fail(error.message) : error;
  });
  const fault = labelFault(frame, result, template);
  if (fault) throw await fail(fault);
  const { program, scf_steps } = result.info;
  const info: Record<string, InfoValue> = {
    ...(program !== undefined && { label_program: program }),
    ...(scf_steps !== undefined && { scf_steps }),
    ...(result.info['energy_without_entropy'] !== undefined && {
      energy_without_entropy: result.info['energy_without_entropy'],
    }),
  };
  return { labels: result.labels ?? {}, info };
}

/** The last frame of the output. */
async function readResult({ output }: TemplateDescription, folder: string): Promise<Frame> {
  const path = join(folder, output.file);
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new FormatError(output.format, { path: output.file }, 'the program left no such file');
  const { frames } = await openFrames(output.format, { path, strict: true, onDiagnostic: () => {} });
  let last: Frame | undefined;
  for await (const frame of frames) last = frame;
  if (!last) throw new UnknownFormatError(`${output.file} holds no result`);
  return last;
}

/** End of the output file and of what went to the error stream. */
async function lastWords(folder: string, file: string): Promise<string> {
  const parts = [];
  for (const name of new Set([file, 'stdout', 'stderr'])) {
    const text = (await tailOf(join(folder, name))).trim();
    if (text) parts.push(`[${name}] ${text}`);
  }
  return parts.join('\n');
}

/** Keeps the ends of the small files of a failed run under `failed`. */
export async function keepTail(folder: string, failed: string): Promise<void> {
  await mkdir(failed, { recursive: true });
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const text = entry.isFile() ? await tailOf(path, KEPT) : '';
    if (!entry.isFile() || text.includes('\0')) await rm(path, { recursive: true, force: true });
    else if (text.length < (await stat(path)).size) {
      await truncate(path);
      await writeFile(path, text);
    }
  }
  await rename(folder, join(failed, folder.slice(folder.lastIndexOf('/') + 1)));
}
