import type { Frame, InfoValue } from '../../src/core/frame.ts';
import { numberOf } from '../../src/scan/numbers.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, FrameSequence, ReadOptions } from '../format.ts';
import { BOUNDARY_FLAG, boxFromBounds } from './box.ts';
import { planColumns } from './columns.ts';
import { FrameBuilder } from './dump-frame.ts';
import { lammpsDump } from './dump-text.ts';
import { readSet } from './file-set.ts';
import { decodeHead } from './sniff.ts';
import { untilTheEnd } from './text-end.ts';
import { isUnitStyle } from './unit-style.ts';
import { WordTable } from './word-table.ts';

const FORMAT = 'lammps-dump-yaml';

/** A document ends with its own last line. */
const YAML_SEQUENCE: FrameSequence = {
  frameEnd(bytes) {
    const text = bufferOf(bytes);
    for (let at = text.indexOf('\n...'); at !== -1; at = text.indexOf('\n...', at + 4)) {
      const end = text.indexOf(10, at + 4);
      if (end === -1) return -1;
      if (/^\r?$/.test(text.toString('latin1', at + 4, end))) return end + 1;
    }
    return -1;
  },
  findFrame(bytes, from) {
    const at = bufferOf(bytes).indexOf('\n---', from);
    return at === -1 ? -1 : at + 1;
  },
};

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** LAMMPS dump yaml (4 May 2022 and later): one document a step. */
export const lammpsDumpYaml = {
  name: FORMAT,
  description: 'LAMMPS dump yaml',
  reference: 'https://docs.lammps.org/dump.html',
  fileNames: [/\.ya?ml$/i],
  carries: lammpsDump.carries,
  sniff: (head) => {
    const text = decodeHead(head);
    if (/^---\s*\ncreator: LAMMPS/.test(text)) return 1;
    return /^---\s*\n/.test(text) && /^timestep:/m.test(text) && /^natoms:/m.test(text) ? 0.8 : 0;
  },
  read,
  sequence: YAML_SEQUENCE,
  readPath: (path, options) => readSet(path, options, read),
} as const satisfies Format;

function read(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  return untilTheEnd(documents(scanner, options), scanner, options);
}

/** What the lines of a document before `data:` say. */
interface Document {
  line: number;
  timestep?: number;
  units?: string;
  time?: number;
  natoms?: number;
  boundary?: readonly string[];
  thermo?: Record<string, InfoValue>;
  box?: number[][];
  keywords?: readonly string[];
}

async function* documents(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  const builder = new FrameBuilder(FORMAT, options);
  for (let frame = 0; ; frame++) {
    scanner.frame = frame;
    do {
      if (!(await scanner.line())) return;
    } while (scanner.isBlank());
    if (scanner.text().trim() !== '---') throw scanner.error(`expected "---", found "${scanner.text().slice(0, 60)}"`);
    const document = await readKeys(scanner);
    const { line, natoms, box, keywords, timestep } = document;
    if (timestep === undefined || natoms === undefined || !box || !keywords)
      throw scanner.error('expected timestep, natoms, box and keywords before data, found them incomplete');
    const plan = planColumns(keywords);
    if (!plan.position) throw scanner.error(`expected position columns, found "${keywords.join(' ')}"`);
    const table = new WordTable(plan.kinds);
    const first = scanner.lineNumber + 1;
    for (let row = 0; row < natoms; row++) {
      await scanner.need(`atom ${row + 1} of ${natoms}`);
      table.add(scanner, listOf(scanner));
    }
    await scanner.need('"..." after the last atom');
    if (scanner.text().trim() !== '...')
      throw scanner.error(`expected "..." after ${natoms} atoms, found "${scanner.text().slice(0, 60)}"`);
    const at = { path: options.path, frame, line };
    const step = {
      ...document,
      timestep,
      natoms,
      box: boxOf(scanner, box),
      ...(document.thermo && { more: { thermo: document.thermo } }),
    };
    yield builder.build(step, plan, table.rows(), { at, row: (row) => ({ ...at, line: first + row }) });
  }
}

/** Reads `key: value` lines up to `data:`. */
async function readKeys(scanner: TextScanner): Promise<Document> {
  const document: Document = { line: scanner.lineNumber };
  for (;;) {
    await scanner.need('a key of the document');
    const text = scanner.text();
    const [, key, value] = /^([a-z]+):\s*(.*?)\s*$/.exec(text) ?? [];
    if (key === undefined) throw scanner.error(`expected "key: value", found "${text.slice(0, 60)}"`);
    if (key === 'data') return document;
    if (key === 'timestep' || key === 'time' || key === 'natoms') document[key] = numberIn(scanner, key, value);
    else if (key === 'units') document.units = unitsIn(scanner, value);
    else if (key === 'boundary') document.boundary = boundaryOf(scanner, value);
    else if (key === 'keywords') document.keywords = words(value);
    else if (key === 'thermo') document.thermo = await thermoOf(scanner);
    else if (key === 'box') document.box = await boxRows(scanner);
  }
}

/** Words of `[ a, b, ]`, with or without the dash of a list. */
function words(text: string): string[] {
  return text
    .replace(/^\s*-?\s*(?:[a-z]+:\s*)?\[|\]\s*$/g, '')
    .split(',')
    .map((word) => word.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter(Boolean);
}

function listOf(scanner: TextScanner): string[] {
  const text = scanner.text();
  if (/^\s*-\s*\[.*\]\s*$/.test(text)) return words(text);
  throw scanner.error(`expected a row "- [ … ]", found "${text.slice(0, 60)}"`);
}

function numberIn(scanner: TextScanner, what: string, text: string): number {
  const value = numberOf(text);
  const isCount = what !== 'time';
  if (
    value === undefined ||
    !Number.isFinite(value) ||
    (isCount && !Number.isSafeInteger(value)) ||
    (what === 'natoms' && value < 0)
  )
    throw scanner.error(`expected ${what} (a number), found "${text.slice(0, 40)}"`);
  return value;
}

function unitsIn(scanner: TextScanner, style: string): string {
  if (!isUnitStyle(style)) throw scanner.error(`expected a LAMMPS unit style, found "${style.slice(0, 40)}"`);
  return style;
}

function boundaryOf(scanner: TextScanner, value: string): string[] {
  const letters = words(value);
  const flags = [0, 2, 4].map((k) => `${letters[k]}${letters[k + 1]}`);
  if (letters.length !== 6 || !flags.every((flag) => BOUNDARY_FLAG.test(flag)))
    throw scanner.error(`expected six boundary letters, found "${value.slice(0, 60)}"`);
  return flags;
}

async function thermoOf(scanner: TextScanner): Promise<Record<string, InfoValue>> {
  await scanner.need('the keywords of thermo');
  const names = words(scanner.text());
  await scanner.need('the data of thermo');
  const values = words(scanner.text());
  if (names.length !== values.length)
    throw scanner.error(`expected ${names.length} thermo values, found ${values.length}`);
  return Object.fromEntries(names.map((name, k) => [name, numberOf(values[k]) ?? values[k]]));
}

/** Three rows of bounds and, for a tilted box, one of xy xz yz. */
async function boxRows(scanner: TextScanner): Promise<number[][]> {
  const rows: number[][] = [];
  while (rows.length < 4) {
    await scanner.need('a row of the box');
    if (rows.length === 3 && !/^\s*-/.test(scanner.text())) {
      scanner.unread();
      break;
    }
    const row = listOf(scanner).map((word) => numberIn(scanner, 'time', word));
    if (row.length !== (rows.length === 3 ? 3 : 2))
      throw scanner.error(`expected ${rows.length === 3 ? 3 : 2} numbers in a row of the box, found ${row.length}`);
    rows.push(row);
  }
  return rows;
}

function boxOf(scanner: TextScanner, rows: readonly number[][]) {
  const [lo, hi] = [0, 1].map((k) => rows.slice(0, 3).map((row) => row[k]));
  const box = boxFromBounds(lo, hi, rows[3] ?? [0, 0, 0]);
  if (box.cell[0] < 0 || box.cell[4] < 0 || box.cell[8] < 0)
    throw scanner.error(`expected a box with lo <= hi, found ${rows.map((row) => row.join(' ')).join(', ')}`);
  return box;
}
