import type { Diagnostic } from '../core/diagnostic.ts';
import { ByteWindow } from './byte-window.ts';
import type { FollowedFile } from './followed-file.ts';
import { RepeatedFrames } from './repeated-frames.ts';
import type { FollowOptions } from './watch-options.ts';

/** What the visits of one watcher share. */
export class Visiting {
  readonly options: FollowOptions;
  /** ms */
  readonly quiet: number;
  readonly window = new ByteWindow();
  readonly repeated = new RepeatedFrames();
  readonly #said = new Set<string>();
  readonly #parts = new Map<string, number>();

  constructor(options: FollowOptions, quiet: number) {
    this.options = options;
    this.quiet = quiet;
  }

  isQuiet(file: FollowedFile): boolean {
    return performance.now() - file.changedAt >= this.quiet;
  }

  /** The largest number of parts that a set of this name had. */
  mostParts(name: string, parts: number): number {
    const most = Math.max(parts, this.#parts.get(name) ?? 0);
    this.#parts.set(name, most);
    return most;
  }

  /** Says the same of a file once, and once of all files what a reader says once. */
  tell(file: FollowedFile, diagnostic: Diagnostic): void {
    const { code, message, once } = diagnostic;
    const key = `${once ? '' : file.path} ${code} ${message}`;
    if (this.#said.has(key)) return;
    if (this.#said.size < 10_000) this.#said.add(key);
    this.options.onDiagnostic(diagnostic);
  }

  warn(file: FollowedFile, code: string, message: string): void {
    this.tell(file, { severity: 'warning', code, message, at: { path: file.absolute } });
  }
}
