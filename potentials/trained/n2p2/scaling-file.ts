import { FormatError } from '../../../src/core/errors.ts';
import type { Statistics } from '../../hdnnp-model.ts';
import { finite, rowsOf } from './text-file.ts';

/**
 * `scaling.data`: one row `e_index sf_index min max mean [sigma]` per symmetry function, elements by ascending atomic number and
 * functions in sorted order, both from 1. Rows of fewer than five columns (energy range written by RuNNer) are left out.
 * `counts[e]` is the number of functions of element e. Throws FormatError for a missing, repeated or surplus row.
 */
export function parseScaling(text: string, path: string, counts: readonly number[]): Statistics[] {
  const columns = counts.map((n) => ({
    min: new Float64Array(n),
    max: new Float64Array(n),
    mean: new Float64Array(n),
    sigma: new Float64Array(n),
    seen: new Uint8Array(n),
  }));
  let sigmas = 0;
  let rows = 0;
  let line = 0;
  for (const row of rowsOf(text)) {
    line = row.line;
    if (row.words.length < 5) {
      const energyRange = rows === counts.reduce((a, b) => a + b, 0);
      if (energyRange) continue;
      throw new FormatError(
        'n2p2',
        { path, line },
        `expected e_index sf_index min max mean [sigma], found ${row.words.length} columns`,
      );
    }
    const at = { path, line };
    const e = finite(row.words[0], 'an element index', at);
    const s = finite(row.words[1], 'a symmetry function index', at);
    const column = columns[e - 1];
    if (!column)
      throw new FormatError('n2p2', at, `expected an element index from 1 to ${counts.length}, found ${row.words[0]}`);
    if (column.seen[s - 1] !== 0)
      throw new FormatError(
        'n2p2',
        at,
        column.seen[s - 1] === 1
          ? `expected each function once, found function ${s} of element ${e} again`
          : `expected a function index from 1 to ${counts[e - 1]} for element ${e}, found ${row.words[1]}`,
      );
    column.seen[s - 1] = 1;
    column.min[s - 1] = finite(row.words[2], 'sf_min', at);
    column.max[s - 1] = finite(row.words[3], 'sf_max', at);
    column.mean[s - 1] = finite(row.words[4], 'sf_mean', at);
    if (row.words.length > 5) {
      column.sigma[s - 1] = finite(row.words[5], 'sf_sigma', at);
      sigmas++;
    }
    rows++;
  }
  columns.forEach((column, e) => {
    const missing = column.seen.indexOf(0);
    if (missing !== -1)
      throw new FormatError(
        'n2p2',
        { path, line: Math.max(1, line) },
        `expected a row for function ${missing + 1} of element ${e + 1} (${counts[e]} functions), found the end of the file`,
      );
  });
  return columns.map(({ min, max, mean, sigma }) => ({ min, max, mean, ...(sigmas === rows ? { sigma } : {}) }));
}

/** Text of `scaling.data`; without sigma, five columns. */
export function formatScaling(statistics: readonly Statistics[]): string {
  const lines = ['# e_index sf_index sf_min sf_max sf_mean sf_sigma'];
  statistics.forEach((s, e) => {
    for (let k = 0; k < s.min.length; k++) {
      const row = [e + 1, k + 1, s.min[k], s.max[k], s.mean[k]];
      if (s.sigma) row.push(s.sigma[k]);
      lines.push(row.join(' '));
    }
  });
  return `${lines.join('\n')}\n`;
}
