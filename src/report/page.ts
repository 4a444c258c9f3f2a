import { type Chart, chartSvg } from './chart.ts';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Section {
  readonly title: string;
  readonly text?: string;
  readonly charts?: readonly Chart[];
  readonly table?: Table;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ESCAPES[c]);
}

function tableHtml(table: Table): string {
  const row = (cells: readonly (string | number)[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join('')}</tr>`;
  return `<table>${row(table.head, 'th')}\n${table.rows.map((cells) => row(cells, 'td')).join('\n')}</table>`;
}

/** Heading, text, table and charts (SVG) of a section. */
export function sectionHtml(section: Section): string {
  return [
    `<h2>${escapeHtml(section.title)}</h2>`,
    section.text ? `<p>${escapeHtml(section.text)}</p>` : '',
    section.table ? tableHtml(section.table) : '',
    ...(section.charts ?? []).map((chart) => `<figure>${chartSvg(chart)}</figure>`),
  ].join('\n');
}

/** Style sheet of reports and live pages. */
export const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;display:block;overflow-x:auto}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}figure{margin:1.5rem 0;overflow-x:auto}`;

/** One HTML file that needs nothing else: plots are inline SVG, there is no script and no request. */
export function reportPage(title: string, sections: readonly Section[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body><h1>${escapeHtml(title)}</h1>
${sections.map(sectionHtml).join('\n')}
</body></html>
`;
}

/** The same table as text for a terminal, columns aligned. */
export function tableText(table: Table): string {
  const rows = [table.head, ...table.rows].map((row) => row.map(String));
  const widths = table.head.map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows
    .map((row) => row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join('  '))
    .join('\n');
}
