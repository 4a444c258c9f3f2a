import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FORMATS } from '../../formats/index.ts';
import { formatRows, formatTableMarkdown, formatTableText } from '../../src/convert/format-table.ts';
import { ROOT } from '../lanes.ts';

const BEGIN = '<!-- formats -->\n';
const END = '<!-- /formats -->';

/** `UPDATE_README=1 npx vitest run test/convert/format-table.test.ts` writes the table after a change of the formats. */
test('the table of the README is the one that `nnp-bridge formats --markdown` prints', () => {
  const path = join(ROOT, 'README.md');
  const readme = readFileSync(path, 'utf8');
  const begin = readme.indexOf(BEGIN) + BEGIN.length;
  const end = readme.indexOf(END);
  expect(begin).toBeGreaterThan(BEGIN.length);
  const table = formatTableMarkdown(FORMATS);
  if (process.env['UPDATE_README']) writeFileSync(path, readme.slice(0, begin) + table + readme.slice(end));
  else expect(readme.slice(begin, end)).toBe(table);
});

test('every format reads or writes, and says what it is, where it is specified and its units', () => {
  for (const [k, row] of formatRows(FORMATS).entries()) {
    expect(row.does, row.name).not.toBe('');
    for (const text of [row.description, row.units, row.reference]) expect(text.length, row.name).toBeGreaterThan(3);
    expect(FORMATS[k].fileNames.length > 0 || FORMATS[k].sniffFolder, row.name).toBeTruthy();
  }
  const names = FORMATS.flatMap((f) => [f.name, ...(f.aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
});

test('the text table names every format', () => {
  const text = formatTableText(FORMATS);
  for (const format of FORMATS) expect(text).toContain(format.name);
});
