import type { Message } from './codec.ts';

/** What answers the STEPs of one client. */
export interface StepAnswerer {
  /** Cutoff in the length unit of the client. */
  readonly cutoff: number;
  /** The FORCES frame for a STEP, valid until the next call. */
  forces(step: Message): Promise<Uint8Array>;
  /** The session has ended. */
  leave?(): void;
}
