import type { Diagnostic, DiagnosticSink } from '../core/diagnostic.ts';

/** Diagnostics of one kind that are passed on one by one; the rest is counted. */
const SHOWN = 20;

/** Passes diagnostics on and counts them by code, so that a file with a million faults does not print a million lines. */
export class DiagnosticLog {
  readonly #sink: DiagnosticSink;
  readonly #counts = new Map<string, { first: Diagnostic; count: number }>();

  constructor(sink: DiagnosticSink) {
    this.#sink = sink;
  }

  readonly add = (diagnostic: Diagnostic): void => {
    const key = `${diagnostic.code} ${diagnostic.at?.path ?? ''}`;
    const entry = this.#counts.get(key);
    if (entry) entry.count++;
    else this.#counts.set(key, { first: diagnostic, count: 1 });
    if (!entry || entry.count <= SHOWN) this.#sink(diagnostic);
  };

  /** One diagnostic for each kind of which some were only counted. */
  close(): void {
    for (const { first, count } of this.#counts.values()) {
      if (count <= SHOWN) continue;
      const { line: _, frame: __, byte: ___, ...at } = first.at ?? { path: '' };
      const message = `${count - SHOWN} more like this (${first.code})`;
      this.#sink({ severity: first.severity, code: first.code, message, ...(first.at && { at }) });
    }
  }

  /** What was found, for a report: the first of each kind and how many there were. */
  list(): { code: string; severity: string; count: number; first: string; at?: Diagnostic['at'] }[] {
    return [...this.#counts.values()].map(({ first, count }) => ({
      code: first.code,
      severity: first.severity,
      count,
      first: first.message,
      ...(first.at && { at: first.at }),
    }));
  }
}
