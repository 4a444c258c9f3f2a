import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatLocation, MissingDataError, PotentialError, type ProjectError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { mapInOrder } from '../../flow/map-in-order.ts';
import { lockFolder } from '../../store/folder-lock.ts';
import type { WireRule } from '../geometry/find-wire.ts';
import type { AnalysisSettings } from '../traces/analysis.ts';
import { type SourceRequest, sourceFrames } from './frame-source.ts';
import type { Prediction, SnapshotPredictor } from './predictor.ts';
import { type LiveOptions, type PredictSummary, StreamReport, type StreamState } from './stream-report.ts';
import { TraceBook } from './trace-book.ts';
import { TraceFile, type TracePoint } from './trace-file.ts';
import { type Snapshot, Trajectory } from './trajectory.ts';

export interface PredictRequest extends SourceRequest {
  /** Folder of traces.csv, rupture.csv, report.html, histograms/ and run.json. */
  readonly output: string;
  readonly predictor: SnapshotPredictor;
  readonly wire: Omit<WireRule, 'z' | 'leads'>;
  /** Å, instead of what the predictor says. */
  readonly bond?: number;
  /** Frames of a broken wire that are still predicted. */
  readonly afterRupture: number;
  readonly settings: AnalysisSettings;
  /** Seconds between two reports while it goes on. */
  readonly reportEvery: number;
  readonly live?: LiveOptions;
  onProgress(snapshots: number): void;
}

/**
 * Predicts the conductance of every snapshot of wires, in the order of their frames, and appends it to the traces in `output`; reports
 * while it goes on and at the end. A second run on the same folder goes on where the first stopped, whatever stopped it. A trajectory
 * that cannot be used is left out and named; the others go on. Throws its error when there is nothing else, MissingDataError
 * without any snapshot, UsageError for a folder with traces of another predictor.
 */
export async function predictStream(request: PredictRequest): Promise<PredictSummary> {
  const { output, predictor } = request;
  await mkdir(output, { recursive: true });
  const lock = await lockFolder(output);
  try {
    const file = await TraceFile.open(join(output, 'traces.csv'), predictor.identity, !!predictor.needsLeads);
    try {
      return await predictInto(request, file);
    } finally {
      await file.close();
    }
  } finally {
    await predictor.close();
    await lock.release();
  }
}

async function predictInto(request: PredictRequest, file: TraceFile): Promise<PredictSummary> {
  const { predictor } = request;
  const book = new TraceBook();
  for (const point of file.points) book.add(point);
  const run = new Run(request, book);
  const report = await StreamReport.open(request, run.state);
  try {
    const predicted = mapInOrder(run.snapshots(), predictor.atOnce, (task) => run.predict(task));
    for await (const point of predicted) {
      if (!point) continue;
      await file.add(point);
      book.add(point);
      run.count(point);
      await report.changed();
    }
    await file.flush();
    run.check();
    await report.finish();
    return run.summary();
  } finally {
    await file.flush();
    await report.close(run.endText());
  }
}

interface Task {
  readonly snapshot: Snapshot;
  readonly place: string;
}

/** One run over the frames: what is under way and what went wrong. */
class Run {
  readonly #request: PredictRequest;
  readonly #book: TraceBook;
  readonly #trajectories = new Map<string, Trajectory>();
  readonly #failures = new Map<string, ProjectError>();
  readonly #warned = new Set<string>();
  readonly #latest = new Map<string, Snapshot>();
  readonly #started = performance.now();
  readonly #cpu = cpuSeconds();
  #predicted = 0;
  #passedOver = 0;
  #floored = 0;

  constructor(request: PredictRequest, book: TraceBook) {
    this.#request = request;
    this.#book = book;
  }

  get state(): StreamState {
    return {
      book: this.#book,
      latest: this.#latest,
      summary: () => this.summary(),
    };
  }

  /** Snapshots that are to be predicted. */
  async *snapshots(): AsyncGenerator<Task, void> {
    for await (const item of sourceFrames(this.#request)) {
      if ('failure' in item) {
        this.#fail(item.file, item.failure);
        continue;
      }
      const name = nameOf(item.frame, item.file);
      if (this.#failures.has(name)) continue;
      const snapshot = this.#place(item.frame, name);
      if (!snapshot || this.#book.has(snapshot)) continue;
      if (snapshot.isOver) {
        this.#passedOver++;
        continue;
      }
      yield { snapshot, place: item.frame.origin ? formatLocation(item.frame.origin) : item.file };
    }
  }

  async predict({ snapshot, place }: Task): Promise<TracePoint | undefined> {
    let prediction: Prediction;
    try {
      prediction = await this.#request.predictor.predict(snapshot.wire, snapshot.number);
    } catch (error) {
      if (!(error instanceof PotentialError || error instanceof MissingDataError)) throw error;
      this.#fail(snapshot.trajectory, new PotentialError(`${place}: ${error.message}`));
      return undefined;
    }
    const { conductance, spread, channels, outside, below } = prediction;
    if (outside !== undefined) this.#warn(snapshot, `${place}: ${outside}`);
    if (below !== undefined) this.#floored++;
    this.#latest.delete(snapshot.trajectory); // the latest is the last of the map
    this.#latest.set(snapshot.trajectory, snapshot);
    const { trajectory, frame, step, elongation, connected } = snapshot;
    return {
      trajectory,
      frame,
      elongation,
      conductance,
      connected,
      outside: outside !== undefined,
      ...(step !== undefined && { step }),
      ...(spread !== undefined && { spread }),
      ...(channels && { channels }),
    };
  }

  count(_: TracePoint): void {
    this.#request.onProgress(++this.#predicted);
  }

  /** Throws when there is nothing to report. */
  check(): void {
    const { inputs, signal } = this.#request;
    if (this.#book.count > 0) return;
    for (const error of this.#failures.values()) throw error;
    if (!signal.aborted) throw new MissingDataError(`${inputs.join(', ')}: no frame`, 'nothing was predicted');
  }

  summary(): PredictSummary {
    return {
      trajectories: this.#book.trajectories,
      snapshots: this.#book.count,
      predicted: this.#predicted,
      passedOver: this.#passedOver,
      outside: this.#book.outside,
      floored: this.#floored,
      failures: new Map([...this.#failures].map(([name, error]) => [name, error.message])),
      seconds: (performance.now() - this.#started) / 1000,
      cpuSeconds: cpuSeconds() - this.#cpu,
    };
  }

  endText(): string {
    return `the run has ended: ${this.#book.count} snapshots of ${this.#book.trajectories} trajectories`;
  }

  #place(frame: Frame, name: string): Snapshot | undefined {
    const { predictor, wire, bond = predictor.bond, afterRupture } = this.#request;
    let trajectory = this.#trajectories.get(name);
    if (!trajectory) {
      const rule = { ...wire, z: predictor.z, leads: predictor.needsLeads };
      trajectory = new Trajectory(name, this.#trajectories.size, { rule, bond, after: afterRupture });
      this.#trajectories.set(name, trajectory);
    }
    try {
      return trajectory.place(frame);
    } catch (error) {
      if (!(error instanceof MissingDataError)) throw error;
      this.#fail(name, error);
      return undefined;
    }
  }

  /** The rest of the trajectory is left out; what it has given so far stays. */
  #fail(name: string, error: ProjectError): void {
    if (this.#failures.has(name)) return;
    this.#failures.set(name, error);
    const message = `${error.message}; the rest of ${name} is left out`;
    this.#request.read.onDiagnostic({ severity: 'warning', code: 'trajectory-left-out', message });
  }

  #warn({ trajectory }: Snapshot, message: string): void {
    if (this.#warned.has(trajectory)) return;
    this.#warned.add(trajectory);
    const text = `${message}; the first of ${trajectory}, more are counted only`;
    this.#request.read.onDiagnostic({ severity: 'warning', code: 'outside-training', message: text });
  }
}

/** A trajectory is what its frames say, otherwise their file. */
function nameOf(frame: Frame, file: string): string {
  const stated = frame.info['trajectory'];
  return stated === undefined ? file : String(stated);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
