import type { ByteRange } from '../../formats/format.ts';
import type { Frame } from '../core/frame.ts';

/** How far one file has been dealt with; survives a restart of the watcher. */
export interface Cursor {
  /** Relative to the watched folder. */
  readonly path: string;
  readonly inode: string;
  /** Bytes (of the decompressed content) whose frames are stored, refused or skipped. */
  readonly bytes: number;
  /** Frames in those bytes. */
  readonly frames: number;
  /** SHA-256 of the first bytes of the file (up to 4096 of those before `bytes`): tells a rewritten file of the same inode. */
  readonly head: string;
  /** The same of the last bytes before `bytes`: tells a rewritten file that begins as before. */
  readonly tail?: string;
  /** What stands before `bytes` and is needed to read on: the header of an OUTCAR, the units of a dump. */
  readonly context?: readonly (ByteRange | null)[];
}

/** A complete frame of a file that may still grow, and where its file stands after it. */
export interface WatchedFrame {
  readonly frame: Frame;
  /** MD step, where the file says so. */
  readonly step?: number;
  /** To be committed once the frame has been dealt with. */
  readonly cursor: Cursor;
}
