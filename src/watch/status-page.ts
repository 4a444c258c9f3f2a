import { symbolOf } from '../core/elements.ts';
import type { Series } from '../report/chart.ts';
import type { LiveFrame, LivePage } from '../report/live-page.ts';
import type { Section } from '../report/page.ts';
import { framesSeen, OUTCOMES } from './journal-outcomes.ts';
import type { PipelineEvent } from './pipeline.ts';
import type { WatchSnapshot } from './pipeline-progress.ts';

type Point = readonly [number, number];

/** Points that a chart keeps; when there are twice as many, every other one goes. */
const POINTS = 400;
/** Structures in the viewer, and their largest size. */
const FRAMES = 4;
const LARGEST = 5000;
/** Of one frame in the parity plot, spread over its force components. */
const COMPONENTS = 12;

/** What a live page shows of a run. */
export class StatusPage {
  readonly #page: LivePage;
  readonly #rate: Point[] = [];
  readonly #inWork: Point[] = [];
  readonly #behind: Point[] = [];
  readonly #forces: Point[] = [];
  readonly #energies: Point[] = [];
  #frames: LiveFrame[] = [];
  #reasons: readonly (readonly [string, string])[] = [];

  constructor(page: LivePage) {
    this.#page = page;
  }

  event({ outcome, frame, cursor, labelled, reason }: PipelineEvent): void {
    if (outcome === 'failed') {
      const place = `${cursor.path}, frame ${cursor.frames - 1}`;
      this.#reasons = [[place, (reason ?? '').split('\n')[0].slice(0, 200)] as const, ...this.#reasons].slice(0, 10);
    }
    if (outcome !== 'labelled' || !labelled) return;
    const { energy, forces } = frame.labels ?? {};
    const label = labelled.labels;
    if (energy !== undefined && label.energy !== undefined)
      keepRecent(this.#energies, [energy / frame.natoms, label.energy / frame.natoms]);
    if (forces && label.forces) {
      const step = Math.max(1, Math.floor(forces.length / COMPONENTS));
      for (let k = 0; k < forces.length; k += step) keepRecent(this.#forces, [forces[k], label.forces[k]]);
    }
    if (frame.natoms <= LARGEST) this.#show(frame, `${cursor.path}, frame ${cursor.frames - 1}`);
  }

  snapshot(snapshot: WatchSnapshot): void {
    const { seconds, framesPerSecond, inWork, bytesBehind } = snapshot;
    thinOut(this.#rate, [seconds, framesPerSecond]);
    thinOut(this.#inWork, [seconds, inWork]);
    thinOut(this.#behind, [seconds, bytesBehind / 1e6]);
    this.#page.publish(this.#sections(snapshot), this.#frames);
  }

  #show({ numbers, positions }: PipelineEvent['frame'], title: string): void {
    this.#frames = [{ title, species: Array.from(numbers, symbolOf), positions }, ...this.#frames].slice(0, FRAMES);
  }

  #sections(snapshot: WatchSnapshot): Section[] {
    const { outcomes, stored, files, bytesBehind, inWork, framesPerSecond } = snapshot;
    const line = (name: string, points: readonly Point[]): Series => ({ name, points: [...points] });
    const sections: Section[] = [
      {
        title: 'Frames',
        table: {
          head: ['', 'frames'],
          rows: [
            ['seen', framesSeen(outcomes)],
            ...OUTCOMES.map((outcome) => [outcome, outcomes.counts[outcome]] as const),
            ['in the store', stored],
            ['in work', inWork],
            ['files', files],
            ['frames/s', framesPerSecond.toFixed(1)],
            ['behind / MB', (bytesBehind / 1e6).toFixed(2)],
          ],
        },
      },
      {
        title: 'Throughput and queue',
        charts: [
          { title: 'throughput', x: 'time / s', y: 'frames/s', series: [line('frames/s', this.#rate)] },
          { title: 'in work', x: 'time / s', y: 'frames', series: [line('in work', this.#inWork)] },
          { title: 'not yet taken', x: 'time / s', y: 'MB', series: [line('behind', this.#behind)] },
        ],
      },
    ];
    const bins = Object.entries(outcomes.disagreement)
      .filter(([name]) => name !== 'nan' && name !== '0')
      .map(([name, frames]) => [Number(name), frames] as const)
      .sort((a, b) => a[0] - b[0]);
    if (bins.length > 0)
      sections.push({
        title: 'Disagreement of the committee',
        text: `not a number: ${outcomes.disagreement['nan'] ?? 0} frames`,
        charts: [
          {
            title: 'largest disagreement of a force',
            x: 'log10 of eV/A',
            y: 'frames',
            series: [{ name: 'frames', points: bins, bars: true }],
          },
        ],
      });
    const parity = [
      parityOf('forces of the run and of the label', 'eV/A', this.#forces),
      parityOf('energies of the run and of the label', 'eV/atom', this.#energies),
    ].flat();
    if (parity.length > 0) sections.push({ title: 'Prediction and label', charts: parity });
    if (this.#reasons.length > 0)
      sections.push({ title: 'Failed last', table: { head: ['frame', 'reason'], rows: this.#reasons } });
    return sections;
  }
}

function parityOf(title: string, unit: string, points: readonly Point[]) {
  if (points.length === 0) return [];
  const all = points.flat();
  const ends = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const diagonal: Series = { name: 'equal', points: ends.map((x) => [x, x] as const), faint: true };
  const cloud: Series = { name: 'frames', points: [...points], scatter: true };
  return [{ title, x: `prediction / ${unit}`, y: `label / ${unit}`, series: [cloud, diagonal] }];
}

function keepRecent(points: Point[], point: Point): void {
  if (!point.every(Number.isFinite)) return;
  points.push(point);
  if (points.length > 2 * POINTS) points.splice(0, POINTS);
}

/** Keeps the whole time, ever more coarsely. */
function thinOut(points: Point[], point: Point): void {
  points.push(point);
  if (points.length < 2 * POINTS) return;
  const kept = points.filter((_, k) => k % 2 === 0);
  points.splice(0, points.length, ...kept);
}
