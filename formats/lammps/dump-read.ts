import type { Frame } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { type ColumnPlan, planColumns } from './columns.ts';
import { FrameBuilder, type StepPlace } from './dump-frame.ts';
import { type DumpHeader, readDumpHeader } from './dump-header.ts';
import { RowTable } from './rows.ts';
import { untilTheEnd } from './text-end.ts';

const FORMAT = 'lammps-dump';

/** Frames of a text dump (manual page "dump", styles atom and custom) in file order, rows in file order. */
export function readDump(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  return untilTheEnd(steps(scanner, options), scanner, options);
}

async function* steps(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  const builder = new FrameBuilder(FORMAT, options);
  let units: string | undefined;
  let layout: { key: string; plan: ColumnPlan; table: RowTable } | undefined;
  for (let frame = 0; ; frame++) {
    scanner.frame = frame;
    const header = await readDumpHeader(scanner, options, units);
    if (!header) return options.onEnd?.(scanner.lineNumber);
    if (header.label !== 'ATOMS')
      throw scanner.error(`expected "ITEM: ATOMS", found "ITEM: ${header.label}": read it as lammps-dump-local`);
    units = header.units;
    const names = header.columns.length > 0 ? header.columns : await unnamedColumns(scanner, header, options);
    const key = names.join(' ');
    if (layout?.key !== key) {
      const plan = planColumns(names);
      checkPositions(scanner, header, plan, options);
      layout = { key, plan, table: new RowTable(plan.kinds) };
    }
    const { plan, table } = layout;
    const first = scanner.lineNumber + 1;
    table.clear();
    await table.read(scanner, header.natoms, 'atom');
    await expectNextItem(scanner, header.natoms);
    const place: StepPlace = {
      at: { path: options.path, frame, line: header.line },
      row: (row) => ({ path: options.path, frame, line: first + row }),
    };
    reportNonFinite(builder, table, plan, place);
    if (!header.boundary && frame === 0)
      builder.say('info', 'assumed-periodic', 'BOX BOUNDS has no flags: periodic is assumed', place.at);
    yield builder.build(header, plan, table, place);
  }
}

/** Old dumps name no columns: the caller must, except where the file is only shown. */
async function unnamedColumns(
  scanner: TextScanner,
  header: DumpHeader,
  options: ReadOptions,
): Promise<readonly string[]> {
  if (options.columns) return options.columns;
  const text = 'columns without names (old LAMMPS)';
  if (!options.asRead) throw scanner.error(`expected "ITEM: ATOMS" with column names, found ${text}: give the names`);
  options.onDiagnostic({
    severity: 'warning',
    code: 'unnamed-columns',
    message: `${text}: positions are not known; give the names`,
    at: { path: scanner.path, line: header.columnsLine },
  });
  if (header.natoms === 0) return [];
  await scanner.need('atom 1');
  const n = scanner.tokens().length;
  scanner.unread();
  return Array.from({ length: n }, (_, k) => `column${k + 1}`);
}

function checkPositions(scanner: TextScanner, header: DumpHeader, plan: ColumnPlan, options: ReadOptions): void {
  if (plan.position || (header.columns.length === 0 && !options.columns)) return;
  const sets = 'x y z, xu yu zu, xs ys zs or xsu ysu zsu';
  throw scanner.error(`expected position columns (${sets}), found "${plan.names.join(' ')}"`, header.columnsLine);
}

/** More rows than announced are found before the frame is delivered: its count is not to be trusted then. */
async function expectNextItem(scanner: TextScanner, natoms: number): Promise<void> {
  while (await scanner.line()) {
    if (scanner.isBlank()) continue;
    const isItem = scanner.startsWith('ITEM:');
    const isCut = !scanner.terminated && 'ITEM:'.startsWith(scanner.text());
    if (!isItem && !isCut)
      throw scanner.error(`expected "ITEM:" after ${natoms} atoms, found "${scanner.text().slice(0, 60)}"`);
    scanner.unread();
    return;
  }
}

function reportNonFinite(builder: FrameBuilder, table: RowTable, plan: ColumnPlan, place: StepPlace): void {
  if (table.nonFinite < 0) return;
  const name = plan.names[table.nonFinite % table.columns];
  const row = Math.floor(table.nonFinite / table.columns);
  builder.say('warning', 'non-finite', `column ${name} holds a value that is not finite`, place.row(row));
}
