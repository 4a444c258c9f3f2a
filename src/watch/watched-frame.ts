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
  /** SHA-256 of the first bytes of the file (up to 4096 at the time): tells a rewritten file of the same inode. */
  readonly head: string;
}

/** A complete frame of a file that may still grow, and where its file stands after it. */
export interface WatchedFrame {
  readonly frame: Frame;
  /** MD step, where the file says so. */
  readonly step?: number;
  /** To be committed once the frame has been dealt with. */
  readonly cursor: Cursor;
}
