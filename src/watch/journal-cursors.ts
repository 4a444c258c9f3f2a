import { addOutcomes, emptyOutcomes, type Outcomes } from './journal-outcomes.ts';
import type { Cursor } from './watched-frame.ts';

interface Place {
  readonly cursor: Cursor;
  outcomes: Outcomes | undefined;
}

/** A frame that was taken: to be settled once it has been dealt with. */
export type Ticket = Place;

/**
 * Frames are dealt with in any order, but the cursor of a file passes a frame only when all frames before it have been dealt
 * with: what is still in work, or waits to be tried again, is found again after a crash.
 */
export class CursorQueue {
  readonly #commit: (cursor: Cursor, outcomes: Outcomes) => void;
  readonly #files = new Map<string, Place[]>();

  constructor(commit: (cursor: Cursor, outcomes: Outcomes) => void) {
    this.#commit = commit;
  }

  /** In the order of the frames of each file. */
  enter(cursor: Cursor): Ticket {
    const place: Place = { cursor, outcomes: undefined };
    const queue = this.#files.get(cursor.path);
    if (queue) queue.push(place);
    else this.#files.set(cursor.path, [place]);
    return place;
  }

  settle(ticket: Ticket, outcomes: Outcomes): void {
    ticket.outcomes = outcomes;
    const { path } = ticket.cursor;
    const queue = this.#files.get(path) ?? [];
    const done = queue.findIndex((place) => !place.outcomes);
    const passed = queue.splice(0, done === -1 ? queue.length : done);
    if (queue.length === 0) this.#files.delete(path);
    if (passed.length === 0) return;
    const sum = emptyOutcomes();
    for (const place of passed) addOutcomes(sum, place.outcomes ?? {});
    this.#commit(passed[passed.length - 1].cursor, sum);
  }
}
