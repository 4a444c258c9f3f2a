import { createHash } from 'node:crypto';
import { labelsHash, structureHash } from '../convert/content-hash.ts';
import type { Frame } from '../core/frame.ts';

/** Frames that are remembered; at about 100 bytes each. */
const REMEMBERED = 100_000;

/**
 * Knows the frames that were given lately, by file, step and content: what is read again from a file that was rewritten, or written
 * again by a restart, is not given twice. A frame that is farther back is given again; a store knows it by its content.
 */
export class RepeatedFrames {
  readonly #seen = new Set<string>();

  /** Whether the frame was here before; it is from now on. */
  isRepeated(path: string, step: number | undefined, frame: Frame): boolean {
    const hash = createHash('sha256').update(`${path}\n${step}\n${structureHash(frame)}\n${labelsHash(frame)}`);
    // Runs that begin with the same lattice differ in the velocities only.
    if (frame.velocities) hash.update(frame.velocities);
    const key = hash.digest('base64').slice(0, 22);
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value as string);
    return false;
  }
}
