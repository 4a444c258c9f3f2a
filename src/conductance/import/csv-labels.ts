import { FormatError, MissingDataError } from '../../core/errors.ts';
import { type CsvHead, csvRows, numberIn } from '../traces/csv.ts';
import { flawOf, unitFactor } from './conductance-value.ts';

/** How a row names its frame: by number in its trajectory, by time step, or both with the trajectory. */
export interface LabelRow {
  readonly line: number;
  readonly trajectory?: string;
  readonly frame?: number;
  readonly step?: number;
  /** G0. */
  readonly conductance: number;
}

const CONDUCTANCE = /^(G|T|transmission|conductance)(_jellium|_tb)?(_(uS|S|G0))?$/;

/**
 * Conductances of a table with columns `frame` or `step`, perhaps `trajectory` (or `file`), and `G`, `conductance` or `transmission`;
 * unit by the name (`G_uS`), a line `# unit: uS`, or G0. Throws FormatError for other tables, MissingDataError for an empty one.
 */
export async function readLabelTable(path: string, key?: string): Promise<LabelRow[]> {
  let columns: Columns | undefined;
  const out: LabelRow[] = [];
  const rows = csvRows(path, (head) => {
    columns = columnsOf(path, head, key);
  });
  for await (const { line, words } of rows) {
    const { trajectory, frame, step, conductance, name, factor } = columns as Columns;
    const at = { path, line };
    const value = numberIn(words[conductance], name, at) * factor;
    const flaw = flawOf(value);
    if (flaw) throw new FormatError('csv', at, `expected a conductance in ${name}, found ${flaw}`);
    out.push({
      line,
      ...(trajectory >= 0 && { trajectory: words[trajectory] }),
      ...(frame >= 0 && { frame: numberIn(words[frame], 'frame', at) }),
      ...(step >= 0 && words[step] !== '' && { step: numberIn(words[step], 'step', at) }),
      conductance: value,
    });
  }
  if (out.length === 0) throw new MissingDataError(`${path}: no row`, 'give a table of conductances');
  return out;
}

interface Columns {
  readonly trajectory: number;
  readonly frame: number;
  readonly step: number;
  readonly conductance: number;
  readonly name: string;
  readonly factor: number;
}

function columnsOf(path: string, { names, comments }: CsvHead, key: string | undefined): Columns {
  const find = (...wanted: string[]) => names.findIndex((name) => wanted.includes(name));
  const frame = find('frame');
  const step = find('step');
  const name = key ?? names.find((column) => CONDUCTANCE.test(column));
  const conductance = name === undefined ? -1 : names.indexOf(name);
  if (conductance < 0 || name === undefined || (frame < 0 && step < 0))
    throw new FormatError(
      'csv',
      { path },
      `expected columns frame or step, and ${key ?? 'G'}, found ${names.join(',')}`,
    );
  const stated = comments.map((text) => /^unit:\s*(\S+)/i.exec(text)?.[1]).find(Boolean);
  const unit = stated ?? /_(uS|S|G0)$/.exec(name)?.[1] ?? 'G0';
  return { trajectory: find('trajectory', 'file'), frame, step, conductance, name, factor: unitFactor(unit) };
}
