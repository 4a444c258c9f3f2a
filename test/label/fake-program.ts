import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../src/core/frame.ts';
import { ROOT } from '../lanes.ts';

/** A program that labels with springs to the origin, or fails in the way that its input asks for. */
const PROGRAM = `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const [head, ...lines] = readFileSync('input.txt', 'utf8').trim().split('\\n');
const { mode, log, seconds } = JSON.parse(head);
if (log) appendFileSync(log, mode + ' ' + lines[2] + '\\n');
const cell = lines[0];
let atoms = lines.slice(1).map((line) => { const [symbol, ...xyz] = line.split(' '); return { symbol, xyz: xyz.map(Number) }; });
console.log('working in mode ' + mode);
if (mode === 'crash') { console.error('segmentation fault at iteration 17'); process.exit(3); }
if (mode === 'silent') process.exit(0);
if (mode === 'killed') process.kill(process.pid, 'SIGKILL');
if (mode === 'hang') {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  writeFileSync('pids', process.pid + ' ' + child.pid);
  if (log) writeFileSync(log + '.pids', process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
} else setTimeout(answer, 1000 * (seconds ?? 0));
function answer() {
  const mean = [0, 1, 2].map((k) => atoms.reduce((s, a) => s + a.xyz[k], 0) / atoms.length);
  const forces = atoms.map(({ xyz }) => xyz.map((x, k) => mean[k] - x));
  const energy = forces.flat().reduce((s, f) => s + f * f / 2, 0);
  if (mode === 'count') atoms = atoms.slice(1);
  if (mode === 'order') atoms = atoms.map((a, i) => ({ ...a, symbol: atoms[atoms.length - 1 - i].symbol }));
  if (mode === 'moved') atoms[1].xyz[2] += 0.05;
  if (mode === 'nan') forces[1][1] = NaN;
  if (mode === 'net') forces[0][0] += 0.5;
  const size = mode === 'cell' ? cell.replace(/\\d+/, (d) => String(Number(d) + 1)) : cell;
  const label = mode === 'no-energy' ? '' : ' energy=' + (mode === 'nan-energy' ? 'NaN' : energy);
  const columns = mode === 'no-forces' ? '' : ':forces:R:3';
  const rows = atoms.map(({ symbol, xyz }, i) => [symbol, ...xyz, ...(columns ? forces[i] : [])].join(' '));
  let text = atoms.length + '\\nLattice="' + size + '" Properties=species:S:1:pos:R:3' + columns + label + ' pbc="T T T"\\n' + rows.join('\\n') + '\\n';
  if (mode === 'cut') text = text.slice(0, -25);
  if (mode === 'garbage') text = 'this is no extxyz\\n';
  writeFileSync('output.xyz', text);
  if (mode === 'unhappy') process.exit(1);
}
`;

const INPUT = `{"mode": "{{mode}}", "log": "{{log}}", "seconds": {{seconds}}}
{{a}} {{b}} {{c}}
{{#atoms}}
{{symbol}} {{x}} {{y}} {{z}}
{{/atoms}}
`;

export interface FakeTemplate {
  readonly mode?: string;
  /** File to which every run adds a line. */
  readonly log?: string;
  /** How long a run takes. */
  readonly seconds?: number;
  /** Further lines of labeller.yaml. */
  readonly more?: string;
  /** Instead of `convergence_unknown: true`. */
  readonly convergence?: string;
}

/** A template folder in `folder` for that program. */
export function fakeTemplate(
  folder: string,
  { mode = 'good', log = '', seconds = 0, ...words }: FakeTemplate = {},
): string {
  const template = join(folder, 'template');
  mkdirSync(template, { recursive: true });
  writeFileSync(join(template, 'program.mjs'), PROGRAM);
  writeFileSync(join(template, 'input.txt'), INPUT);
  const { more = '', convergence = 'convergence_unknown: true' } = words;
  writeFileSync(
    join(template, 'labeller.yaml'),
    `name: springs
command: [${process.execPath}, program.mjs]
render: [input.txt]
copy: [program.mjs]
output: {file: output.xyz, format: extxyz}
timeout: 60
${convergence}
values: {mode: ${mode}, log: ${JSON.stringify(log)}, seconds: ${seconds}}
${more}
`,
  );
  return template;
}

/** Three atoms in a periodic cube of 8 Å; `k` moves one of them. */
export function threeAtoms(k = 0): Frame {
  return {
    natoms: 3,
    cell: Float64Array.of(8, 0, 0, 0, 8, 0, 0, 0, 8),
    pbc: [true, true, true],
    numbers: Uint8Array.of(19, 19, 11),
    positions: Float64Array.of(0.5, 0.25, 0, 3, 0.5 + 0.125 * k, 1, 1, 4, 2.5),
    arrays: {},
    info: {},
    origin: { path: 'frames.xyz', line: 1 + 5 * k, frame: k },
  };
}

/** A file of test/data. */
export const dataFile = (name: string) => readFileSync(join(ROOT, 'test', 'data', name), 'latin1');
