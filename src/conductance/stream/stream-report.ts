import { join } from 'node:path';
import { symbolOf } from '../../core/elements.ts';
import { type LiveFrame, type LivePage, openLivePage } from '../../report/live-page.ts';
import type { Section } from '../../report/page.ts';
import { writeText } from '../../scan/byte-sink.ts';
import { packageVersion } from '../../train/run-record.ts';
import { type Analysis, type AnalysisSettings, analyse } from '../traces/analysis.ts';
import { analysisPage, analysisSections } from '../traces/analysis-page.ts';
import { writeTables } from '../traces/analysis-tables.ts';
import type { SnapshotPredictor } from './predictor.ts';
import type { Rupture, TraceBook } from './trace-book.ts';
import type { Snapshot } from './trajectory.ts';

export interface LiveOptions {
  /** 0 = any free port. */
  readonly port: number;
  onOpen(url: string): void;
}

export interface PredictSummary {
  readonly trajectories: number;
  /** In the traces, with those of earlier runs. */
  readonly snapshots: number;
  /** Predicted by this run. */
  readonly predicted: number;
  /** Frames of wires that had been broken for long. */
  readonly passedOver: number;
  readonly outside: number;
  /** Values below zero that are given as zero. */
  readonly floored: number;
  /** Files and trajectories that could not be used, and why. */
  readonly failures: ReadonlyMap<string, string>;
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
}

/** What a report shows, as it stands. */
export interface StreamState {
  readonly book: TraceBook;
  /** Last snapshot of each trajectory, the most recent trajectory last. */
  readonly latest: ReadonlyMap<string, Snapshot>;
  summary(): PredictSummary;
}

interface ReportRequest {
  readonly output: string;
  readonly inputs: readonly string[];
  readonly predictor: SnapshotPredictor;
  readonly settings: AnalysisSettings;
  readonly reportEvery: number;
  readonly live?: LiveOptions;
}

/** Seconds between two pictures of the live page; more where an analysis takes more than a tenth of that. */
const LIVE_EVERY = 2;
const SHARE = 10;
/** Structures on the live page, and rows of the table of trajectories. */
const FRAMES = 4;
const ROWS = 60;

/** Writes the results of a run while it goes on, and shows them on the live page. */
export class StreamReport {
  readonly #request: ReportRequest;
  readonly #state: StreamState;
  readonly #live: LivePage | undefined;
  #shown = 0;
  #written: number;
  #analysisSeconds = 0;
  readonly #timer: NodeJS.Timeout;
  #unshown = false;
  #unwritten = false;
  #ended = false;
  /** The picture or report that is being made. */
  #making: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  private constructor(request: ReportRequest, state: StreamState, live: LivePage | undefined) {
    this.#request = request;
    this.#state = state;
    this.#live = live;
    this.#written = performance.now();
    // What came last is shown also when nothing comes any more.
    this.#timer = setInterval(() => {
      this.#refresh().catch((error) => {
        this.#failure ??= { error };
      });
    }, 500 * LIVE_EVERY).unref();
  }

  static async open(request: ReportRequest, state: StreamState): Promise<StreamReport> {
    const { live } = request;
    const page = live && (await openLivePage({ title: 'Conductance of nanowires', port: live.port, viewer: true }));
    if (page) live?.onOpen(page.url);
    const report = new StreamReport(request, state, page);
    report.#show(undefined);
    return report;
  }

  /** There are new points: shows or writes them when it is time. */
  async changed(): Promise<void> {
    this.#unshown = true;
    this.#unwritten = true;
    if (this.#failure) throw this.#failure.error;
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    if (this.#making) return;
    const now = performance.now();
    const isDue = (since: number, seconds: number) =>
      now - since > 1000 * Math.max(seconds, SHARE * this.#analysisSeconds);
    if (this.#unwritten && isDue(this.#written, this.#request.reportEvery)) {
      this.#making = this.#write().finally(() => {
        this.#making = undefined;
      });
      await this.#making;
    } else if (this.#unshown && this.#live && isDue(this.#shown, LIVE_EVERY)) this.#show(this.#analysis());
  }

  /** Writes everything but the traces, for the last time. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#making?.catch(() => {}); // written again now
    this.#ended = true;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { output } = this.#request;
    this.#unwritten = false;
    const analysis = this.#analysis();
    this.#show(analysis);
    if (analysis) {
      await writeText(join(output, 'report.html'), analysisPage(analysis, this.#sections()));
      await writeTables(analysis, join(output, 'histograms'));
    }
    await writeText(join(output, 'rupture.csv'), ruptureText(this.#state.book.ruptures()));
    await writeText(join(output, 'run.json'), `${JSON.stringify(this.#record(), null, 1)}\n`);
    this.#written = performance.now();
  }

  async close(message: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#live?.close(message);
  }

  #analysis(): Analysis | undefined {
    const traces = this.#state.book.traces();
    if (traces.length === 0) return undefined;
    const started = performance.now();
    const { mustFallBelow, ...settings } = this.#request.settings;
    // While wires are still whole, a filter may leave no trace.
    const isLeft = mustFallBelow === undefined || traces.some((t) => t.conductance.some((g) => g < mustFallBelow));
    const analysis = analyse(traces, isLeft ? this.#request.settings : settings);
    this.#analysisSeconds = (performance.now() - started) / 1000;
    return analysis;
  }

  #show(analysis: Analysis | undefined): void {
    this.#shown = performance.now();
    this.#unshown = false;
    if (!this.#live) return;
    const frames = [...this.#state.latest.values()].slice(-FRAMES).reverse().map(liveFrame);
    this.#live.publish([...this.#sections(), ...(analysis ? analysisSections(analysis) : [])], frames);
  }

  #sections(): Section[] {
    const { predictor, inputs } = this.#request;
    const { book } = this.#state;
    const { snapshots, predicted, seconds, passedOver, outside, floored, failures } = this.#state.summary();
    const spread = book.meanSpread();
    const rows: (readonly [string, string | number])[] = [
      ['conductances by', predictor.name],
      ['inputs', inputs.length > 4 ? `${inputs.length} files` : inputs.join(', ')],
      ['snapshots', snapshots],
      ['predicted by this run', `${predicted} in ${seconds.toFixed(0)} s`],
      ['frames of broken wires passed over', passedOver],
      ['snapshots outside the training range', outside],
      ['values below zero, given as zero', floored],
      ...(spread === undefined ? [] : [['mean spread of the ensemble / G0', spread.toFixed(3)] as const]),
    ];
    const left = [...failures].map(([, message]) => message);
    return [
      {
        title: 'Prediction',
        ...(left.length > 0 && { text: `Left out: ${left.join('; ')}.` }),
        table: { head: ['quantity', 'value'], rows },
      },
      ruptureSection(book.ruptures()),
    ];
  }

  #record() {
    const { predictor, inputs, settings } = this.#request;
    const { failures, ...summary } = this.#state.summary();
    return {
      version: packageVersion(),
      inputs,
      predictor: predictor.name,
      identity: predictor.identity,
      ended: this.#ended,
      settings: { ...settings, unit: settings.unit.name },
      ...summary,
      failures: Object.fromEntries(failures),
    };
  }
}

function liveFrame({ trajectory, frame, elongation, wire }: Snapshot): LiveFrame {
  return {
    title: `${trajectory}, frame ${frame}, ${elongation.toFixed(2)} Å`,
    species: Array.from(wire.numbers, symbolOf),
    positions: wire.positions,
  };
}

function ruptureSection(ruptures: readonly Rupture[]): Section {
  const whole = ruptures.filter(({ structure }) => structure === undefined).length;
  const shown = ruptures.slice(-ROWS);
  return {
    title: 'Rupture',
    text:
      `${ruptures.length - whole} wires have broken, ${whole} have not. Structure: last frame with a chain of atoms from grip to grip; ` +
      `conductance: last frame above 0.3 G0.${ruptures.length > ROWS ? ` The last ${ROWS} trajectories; rupture.csv has all.` : ''}`,
    table: {
      head: ['trajectory', 'frames', 'structure / Å', 'conductance / Å', 'last G / G0'],
      rows: shown.map(({ trajectory, frames, structure, conductance, last }) => [
        trajectory,
        frames,
        structure?.toFixed(2) ?? 'whole',
        conductance?.toFixed(2) ?? '',
        Number.isNaN(last) ? '' : last.toFixed(3),
      ]),
    },
  };
}

function ruptureText(ruptures: readonly Rupture[]): string {
  const rows = ruptures.map(({ trajectory, frames, structure, conductance, last }) =>
    [trajectory, frames, rounded(structure), rounded(conductance), rounded(last)].join(','),
  );
  return `# last frame with a chain of atoms from grip to grip, last frame above 0.3 G0; empty: not broken\n${['trajectory,frames,structure_A,conductance_A,last_G', ...rows].join('\n')}\n`;
}

function rounded(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : String(Number(value.toFixed(6)));
}
