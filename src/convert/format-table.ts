import type { Format } from '../../formats/format.ts';

const PER_FRAME = [
  ['velocities', 'v'],
  ['masses', 'm'],
  ['charges', 'q'],
  ['energy', 'E'],
  ['energySigma0', 'E₀'],
  ['forces', 'F'],
  ['virial', 'W'],
  ['arrays', 'columns'],
  ['info', 'info'],
] as const;

const CELLS = {
  none: 'no cell',
  orthogonal: 'orthogonal',
  'restricted-triclinic': 'triclinic (restricted)',
  any: 'any cell',
};

/** What the letters of the table mean. */
const LEGEND =
  'E force-consistent energy, E₀ energy extrapolated to zero smearing, F forces, W virial, v velocities, m masses, q charges, ' +
  'columns = any further per-atom data, info = any further values of a frame.';

/** Every format as a row of texts. */
export function formatRows(formats: readonly Format[]) {
  return formats.map((format) => ({
    name: [format.name, ...(format.aliases ?? [])].join(', '),
    does: [(format.read ?? format.readPath) && 'read', (format.write ?? format.writePath) && 'write']
      .filter(Boolean)
      .join(', '),
    frames: format.carries.frames,
    cell: CELLS[format.carries.cell],
    carries: PER_FRAME.filter(([key]) => format.carries[key])
      .map(([, short]) => short)
      .join(' '),
    units: format.carries.units,
    description: format.description,
    reference: format.reference,
  }));
}

/** The table of the README. */
export function formatTableMarkdown(formats: readonly Format[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = formatRows(formats).map(
    (f) =>
      `| \`${f.name.replaceAll(', ', '`, `')}\` | ${f.does} | ${cell(f.description)} | ${f.frames} | ${f.cell} | ${f.carries} | ${cell(f.units)} |`,
  );
  return [
    '| format | does | what it is | frames | cell | carries | units |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    LEGEND,
    '',
  ].join('\n');
}

/** The table of the `formats` command: one block per format. */
export function formatTableText(formats: readonly Format[]): string {
  const blocks = formatRows(formats).map(
    (f) =>
      `${f.name.padEnd(24)} ${f.does.padEnd(12)} ${f.description}\n` +
      `${' '.repeat(25)}frames: ${f.frames}; ${f.cell}; carries: ${f.carries || 'positions only'}\n` +
      `${' '.repeat(25)}units: ${f.units}\n${' '.repeat(25)}${f.reference}\n`,
  );
  return `${blocks.join('')}\n${LEGEND}\n`;
}
