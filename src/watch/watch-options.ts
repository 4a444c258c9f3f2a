import type { ReadOptions } from '../../formats/format.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';

/** What a watcher saw in its last look at all files. */
export interface WatchProgress {
  readonly files: number;
  /** Bytes that are there and not yet delivered as frames or refused, of files that are not compressed. */
  readonly bytesBehind: number;
  /** Seconds that looking at all files took. */
  readonly sweepSeconds: number;
}

export interface FollowOptions {
  readonly onDiagnostic: DiagnosticSink;
  /** Name of the format; by content and file name without. */
  readonly format?: string;
  /** Type maps, units and the like, as for `convert`. */
  readonly read?: Omit<ReadOptions, 'path' | 'onDiagnostic' | 'strict' | 'onChange' | 'onEnd'>;
  /**
   * Seconds without a change of size, time and inode after which the last frame of a file counts as complete if all of it is
   * there, and a compressed or one-frame file is read. Default 1; at least 5 on network file systems, whose attributes lag.
   */
  readonly quietSeconds?: number;
  /** Seconds between two looks at all files. Default 1; longer where one look takes more than a tenth of that. */
  readonly sweepSeconds?: number;
  /**
   * Ends when nothing has been new for so many seconds and every file has been read as far as it is complete; 0 = when what is there
   * has been read. Without: never.
   */
  readonly idleSeconds?: number;
  /** Only the periodic look, no file events: chosen by itself on network file systems. */
  readonly polling?: boolean;
  /** Ends without an error, between two frames. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: WatchProgress) => void;
}
