import type { ReadOptions } from '../../formats/format.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { BackendOptions } from './backend.ts';
import type { Metrics } from './metrics.ts';
import type { EpochErrors, StopReason } from './trainer.ts';

export interface TrainOptions {
  /** A file of any readable format. */
  readonly data: string;
  /** Without it settings are made from the data (`generatedConfig`). */
  readonly config?: string;
  /** Directory of the trained potential. Beside it stands `<output>.checkpoint`. */
  readonly output: string;
  readonly seed: number;
  /** Instead of the number in the configuration. */
  readonly epochs?: number;
  /** Seconds. */
  readonly timeLimit?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  /** A file of structures that training never sees; the errors over it are part of the result. */
  readonly test?: string;
  /** What computes, and on how many threads. */
  readonly backend?: BackendOptions;
  readonly read: Omit<ReadOptions, 'path' | 'onDiagnostic' | 'strict'>;
  readonly onDiagnostic: DiagnosticSink;
  /** What computes, once it is known. */
  readonly onBackend?: (description: string) => void;
  readonly onProgress?: (phase: 'descriptors' | 'training', done: number, total: number) => void;
  readonly onEpoch?: (row: EpochErrors) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly stop: StopReason;
  readonly epochs: number;
  /** Of the lowest validation score, and the later one whose weights are kept. */
  readonly bestEpoch: number;
  readonly keptEpoch: number;
  readonly cpuSeconds: number;
  readonly checkpoint: string;
  /** Errors of the kept weights; `validation` is absent when nothing was set aside, `test` without a test file. */
  readonly errors: { readonly training: Metrics; readonly validation?: Metrics; readonly test?: Metrics };
  /** False when training was stopped before the first epoch ended: nothing but the checkpoint was written. */
  readonly written: boolean;
}

/** What must be the same when a checkpoint is continued. */
export interface Identity {
  readonly data: string;
  readonly config: string;
  readonly seed: number;
}
