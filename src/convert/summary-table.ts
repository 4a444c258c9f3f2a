import type { Format } from '../../formats/format.ts';
import type { FrameSummary } from './summary.ts';

/** A summary as aligned lines for a person; `units` names the units of the numbers. */
export function summaryTable(path: string, format: Format, s: FrameSummary): string {
  const lines: [string, string][] = [
    ['format', `${format.name} (${format.description})`],
    ['units', format.carries.units],
    ['frames', String(s.frames)],
  ];
  if (s.frames > 0) {
    lines.push(['atoms', range(s.natoms)], ['composition', compositions(s)], ['cell', cell(s)]);
    if (s.firstStep !== undefined) lines.push(['steps', `${s.firstStep} … ${s.lastStep}`]);
    lines.push(['labels', labels(s)]);
    if (s.energyPerAtom.max >= s.energyPerAtom.min) lines.push(['energy per atom', range(s.energyPerAtom)]);
    if (s.force.max >= s.force.min) lines.push(['largest force', `${range(s.force)} (of each frame)`]);
    for (const [name, n] of [
      ['missing forces', s.missingForces],
      ['unconverged', s.unconverged],
      ['machine-learned', s.machineLearned],
      ['unknown species', s.unknownSpecies],
    ] as const)
      if (n > 0) lines.push([name, frames(n, s)]);
    if (s.arrays.size > 0) lines.push(['columns', [...s.arrays.keys()].join(' ')]);
    if (s.info.size > 0) lines.push(['info', [...s.info.keys()].join(' ')]);
  }
  return `${path}\n${lines.map(([name, value]) => `  ${name.padEnd(16)} ${value}\n`).join('')}`;
}

const show = (x: number) => (Number.isInteger(x) ? String(x) : Number(x.toPrecision(8)).toString());

function range({ min, max }: { min: number; max: number }): string {
  return min === max ? show(min) : `${show(min)} … ${show(max)}`;
}

function frames(n: number, s: FrameSummary): string {
  return n === s.frames ? 'all frames' : `${n} of ${s.frames} frames`;
}

function compositions(s: FrameSummary): string {
  const listed = [...s.compositions]
    .slice(0, 6)
    .map(([formula, n]) => (n === s.frames ? formula : `${formula} (${n})`));
  const more = s.compositions.size - listed.length;
  if (s.otherCompositions > 0 || more > 0) listed.push('…');
  return listed.join(', ');
}

function cell(s: FrameSummary): string {
  const boundary = [...s.boundaries].map(([flags, n]) => (n === s.frames ? flags : `${flags} (${n})`)).join(', ');
  if (s.withoutCell === s.frames) return `none, periodic ${boundary}`;
  const without = s.withoutCell > 0 ? `, none in ${s.withoutCell} frames` : '';
  return `volume ${range(s.volume)}, periodic ${boundary}${without}`;
}

/** Which energy it is, is named. */
const NAMES: Readonly<Record<string, string>> = {
  energy: 'energy (force-consistent)',
  energySigma0: 'energy (sigma->0)',
};

function labels(s: FrameSummary): string {
  const found = [...s.present].map(
    ([name, n]) => `${NAMES[name] ?? name}${n === s.frames ? '' : ` (${n} of ${s.frames} frames)`}`,
  );
  return found.join(', ') || 'none';
}
