import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { ReadOptions } from '../format.ts';

/** Different messages about a whole file; a file that gives more has the same trouble everywhere. */
const MAX_SAID = 1000;

/** What a reader has to say about a file, with its place. */
export class Remarks {
  /** Frame that is being read. */
  frame = 0;
  readonly #options: Pick<ReadOptions, 'path' | 'onDiagnostic'>;
  readonly #said = new Set<string>();

  constructor(options: Pick<ReadOptions, 'path' | 'onDiagnostic'>) {
    this.#options = options;
  }

  warn(code: string, message: string, line: number): void {
    this.#options.onDiagnostic({ severity: 'warning', code, message, at: this.#at(line) });
  }

  /** One remark of these words a file. */
  once(code: string, message: string, line: number, severity: Diagnostic['severity'] = 'warning'): void {
    if (this.#said.has(message) || this.#said.size >= MAX_SAID) return;
    this.#said.add(message);
    this.#options.onDiagnostic({ severity, code, message, at: this.#at(line), once: true });
  }

  #at(line: number) {
    return { path: this.#options.path, line, frame: this.frame };
  }
}
