import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { lammpsData } from '../../../formats/lammps/data.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import { symbolOf } from '../../core/elements.ts';
import { FormatError, ProgramError } from '../../core/errors.ts';
import { buildPairStyle } from '../../lammps/build.ts';
import { findLammps } from '../../lammps/installation.ts';
import { writePotentialFile } from '../../lammps/potential-file.ts';
import { runLammps } from '../../lammps/run.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import type { RunPlan } from '../learn-config.ts';
import type { Engine, ExploreRun, RunEnd } from './explore-run.ts';
import { ensembleText, watchText } from './explore-script.ts';

/** Characters of LAMMPS' output kept for messages. */
const TAIL = 2000;

export interface LammpsEngineOptions {
  readonly lmp: string;
  /** Directory of the committee. */
  readonly committee: string;
  /** Where the potential file for `pair_style nnp` is put. */
  readonly folder: string;
  /** Atomic numbers of the committee: types 1, 2, … */
  readonly species: readonly number[];
  /** eV/Å. */
  readonly hi: number;
  readonly onDiagnostic: DiagnosticSink;
}

/** Molecular dynamics in LAMMPS, which evaluates the committee itself. Throws ProgramError when there is no suitable LAMMPS. */
export async function lammpsEngine(options: LammpsEngineOptions): Promise<Engine> {
  const { committee, folder, species, hi, onDiagnostic } = options;
  const lammps = findLammps(options.lmp);
  const library = await buildPairStyle(lammps);
  const file = resolve(folder, 'committee.nnp');
  await writePotentialFile([{ directory: committee }], file);
  const elements = species.map(symbolOf);
  return async (run, at, signal) => {
    await writeStart(run, join(at, 'start.data'), elements, onDiagnostic);
    await writeFile(join(at, 'watch.lmp'), watchText(elements, run.plan.every, hi));
    const inputText = run.plan.input === undefined ? ensembleText(run.plan) : await inputScript(run.plan.input);
    let said = '';
    try {
      const code = await runLammps(
        {
          lammps,
          library,
          input: run.plan.input ?? 'the built-in script',
          inputText,
          ranks: 1,
          cwd: at,
          timeout: run.plan.timeout,
          args: words(run, elements),
          signal,
          onOutput: (text) => {
            said = (said + text).slice(-TAIL);
          },
        },
        { file: async () => file },
      );
      return ending(code, said);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      return { ended: 'failed', message: error.message };
    }
  };
}

function ending(code: number, said: string): RunEnd {
  if (code === 0) return { ended: 'finished' };
  const errors = said.split('\n').filter((line) => line.includes('ERROR'));
  return { ended: 'failed', message: `LAMMPS ended with ${code}: ${errors[0] ?? said.trim().slice(-300)}` };
}

/** Variables of the input script. */
function words(run: ExploreRun, elements: readonly string[]): string[] {
  const values: Readonly<Record<string, string | number>> = {
    start: 'start.data',
    watch: 'watch.lmp',
    temperature: run.temperature,
    pressure: run.pressure,
    timestep: run.plan.timestep,
    steps: run.plan.steps,
    every: run.plan.every,
    seed: (run.seed % 899_999_999) + 1,
  };
  const single = Object.entries(values).flatMap(([name, value]) => ['-var', name, String(value)]);
  return [...single, '-var', 'elements', ...elements, '-log', 'log.lammps', '-nocite'];
}

async function writeStart(run: ExploreRun, path: string, elements: readonly string[], sink: DiagnosticSink) {
  async function* one() {
    yield run.start;
  }
  // A start structure has no orientation of its own: that it is turned is no news.
  const onDiagnostic: DiagnosticSink = (d) => d.code !== 'rotated' && sink(d);
  await writeBytes(
    path,
    lammpsData.write(one(), { onDiagnostic, typeMap: elements, lammpsUnits: 'metal', atomStyle: 'atomic' }),
  );
}

const NEEDED: readonly (readonly [RegExp, string])[] = [
  [/^\s*units\s+metal\b/m, '"units metal": levels are in eV/Å'],
  [/^\s*read_data\s+\$\{start\}/m, `"read_data \${start}"`],
  [/^\s*include\s+\$\{nnp\}/m, `"include \${nnp}"`],
  [/^\s*include\s+\$\{watch\}/m, `"include \${watch}" after the pair lines`],
];

/** The text of an input script of the user. Throws FormatError when it does not use what the loop hands to it. */
async function inputScript(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  for (const [pattern, what] of NEEDED)
    if (!pattern.test(text))
      throw new FormatError('exploration input', { path }, `expected ${what}, found no such line`);
  return text;
}

/** Reads the input scripts once, so that a wrong one is found before anything is labelled. */
export async function checkInputScripts(plans: readonly RunPlan[]): Promise<void> {
  for (const { input } of plans) if (input !== undefined) await inputScript(input);
}
