/** Letters of the `Properties` key: real, integer, string, logical. */
export type ColumnType = 'R' | 'I' | 'S' | 'L';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Consecutive fields of a row. */
  readonly count: number;
}

/** What the fields of a row are, compiled once per `Properties` text. Column numbers count from 0; -1 = not there. */
export interface ColumnPlan {
  readonly columns: readonly Column[];
  /** Fields of a row. */
  readonly fields: number;
  readonly species: number;
  readonly pos: number;
  /** True for plain xyz: fields beyond the declared ones are skipped, and an integer is an atomic number. */
  readonly plain: boolean;
}

const MAX_FIELDS = 10_000;

/** Columns of a file without `Properties`: species x y z. */
export const PLAIN_XYZ: ColumnPlan = compile(
  [
    { name: 'species', type: 'S', count: 1 },
    { name: 'pos', type: 'R', count: 3 },
  ],
  true,
);

/** Compiles `name:type:count:…`; a text that is none is handed to `fail`, which throws. */
export function parseProperties(text: string, fail: (message: string) => Error): ColumnPlan {
  const words = text.split(':');
  if (words.length % 3 !== 0 || text === '')
    throw fail(`expected Properties as name:type:count triplets, found "${text.slice(0, 80)}"`);
  const columns: Column[] = [];
  let fields = 0;
  for (let k = 0; k < words.length; k += 3) {
    const [name, type, countText] = words.slice(k, k + 3);
    const count = /^[0-9]{1,5}$/.test(countText) ? Number(countText) : 0;
    if (name === '') throw fail(`expected a column name in Properties, found "${words.slice(k, k + 3).join(':')}"`);
    if (!isColumnType(type)) throw fail(`expected column type R, I, S or L, found "${type}" for ${name}`);
    if (count < 1) throw fail(`expected a count above 0 for column ${name}, found "${countText}"`);
    if (columns.some((c) => c.name === name))
      throw fail(`expected each column once in Properties, found ${name} twice`);
    columns.push({ name, type, count });
    fields += count;
  }
  if (fields > MAX_FIELDS) throw fail(`expected at most ${MAX_FIELDS} fields in a row, found ${fields}`);
  const expectShape = (name: string, type: ColumnType, count: number) => {
    const found = columns.find((c) => c.name === name);
    if (found && (found.type !== type || found.count !== count))
      throw fail(`expected ${name}:${type}:${count}, found ${name}:${found.type}:${found.count}`);
    return found !== undefined;
  };
  if (!expectShape('pos', 'R', 3)) throw fail('expected a column pos:R:3 in Properties, found none');
  expectShape('species', 'S', 1);
  expectShape('Z', 'I', 1);
  return compile(columns, false);
}

function compile(columns: readonly Column[], plain: boolean): ColumnPlan {
  const at = (name: string) => columns.findIndex((c) => c.name === name);
  const fields = columns.reduce((sum, c) => sum + c.count, 0);
  return { columns, fields, species: at('species'), pos: at('pos'), plain };
}

function isColumnType(text: string): text is ColumnType {
  return text === 'R' || text === 'I' || text === 'S' || text === 'L';
}
