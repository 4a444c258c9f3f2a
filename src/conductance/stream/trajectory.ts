import type { Frame } from '../../core/frame.ts';
import { isConnected } from '../geometry/connected.ts';
import { WireFinder, type WireRule } from '../geometry/find-wire.ts';
import type { Wire } from '../geometry/wire.ts';
import { Elongation } from '../label/labelled-frame.ts';

/** A frame whose wire was found. */
export interface Snapshot {
  readonly trajectory: string;
  /** Of the trajectory among all of a run, from 0. */
  readonly number: number;
  readonly frame: number;
  readonly step?: number;
  /** Å. */
  readonly elongation: number;
  readonly connected: boolean;
  readonly wire: Wire;
  /** The wire has been broken for so long that nothing is left to be learnt. */
  readonly isOver: boolean;
}

/** What is known of one trajectory while its frames come; frames of several may alternate. */
export class Trajectory {
  readonly #name: string;
  readonly #number: number;
  readonly #finder: WireFinder;
  readonly #bond: number;
  readonly #after: number;
  readonly #elongation = new Elongation();
  #count = 0;
  #apart = 0;

  /** Frames of a broken wire are wanted up to `after`. */
  constructor(name: string, number: number, { rule, bond, after }: TrajectoryRule) {
    this.#name = name;
    this.#number = number;
    this.#finder = new WireFinder(rule);
    this.#bond = bond;
    this.#after = after;
  }

  /** Throws MissingDataError for a frame that is no wire. */
  place(frame: Frame): Snapshot {
    const wire = this.#finder.find(frame, this.#name);
    const counted = this.#count++;
    const stated = frame.info['frame'];
    const index = typeof stated === 'number' ? stated : counted;
    const step = frame.info['step'] ?? frame.info['timestep'];
    const connected = isConnected(wire, this.#bond);
    this.#apart = connected ? 0 : this.#apart + 1;
    return {
      trajectory: this.#name,
      number: this.#number,
      frame: index,
      ...(typeof step === 'number' && { step }),
      elongation: this.#elongation.of({ frame, trajectory: this.#name, index }, wire),
      connected,
      wire,
      isOver: this.#apart > this.#after,
    };
  }
}

export interface TrajectoryRule {
  readonly rule: WireRule;
  /** Å. */
  readonly bond: number;
  readonly after: number;
}
