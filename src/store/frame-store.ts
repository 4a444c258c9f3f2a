import type { Frame, InfoValue } from '../core/frame.ts';

/** Where a stored frame came from and who labelled it. */
export type Provenance = Readonly<Record<string, InfoValue>>;

/**
 * A growing data set on disk: append-only extxyz shards, a manifest, an index for queries. A frame is named by the hash of its
 * structure (src/convert/content-hash.ts), so that storing it twice is harmless.
 */
export interface FrameStore {
  readonly folder: string;
  readonly size: number;
  has(id: string): boolean;
  /** Resolves with the id when the frame is durable (fsync); a frame that is already there is not stored again. */
  append(frame: Frame, provenance: Provenance): Promise<string>;
  /** All frames, oldest first. */
  frames(): AsyncGenerator<Frame, void>;
  close(): Promise<void>;
}
