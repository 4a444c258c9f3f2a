/** Rows as CSV; words with commas or quotes are quoted, numbers shortest to ten digits. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(10))) : '';
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`;
}
