import { formatLocation, type SourceLocation } from './errors.ts';

/** A warning as data: handed to a sink by whoever finds it, printed only by the command line. */
export interface Diagnostic {
  readonly severity: 'warning' | 'info';
  /** Stable word for tests and reports, for example `truncated`, `assumed-units`, `unconverged`. */
  readonly code: string;
  readonly message: string;
  readonly at?: SourceLocation;
  /** Concerns the whole file, or says it of the first place only: a reader gives it once. */
  readonly once?: true;
}

export type DiagnosticSink = (diagnostic: Diagnostic) => void;

/** One line of text: `path:line: message`. */
export function formatDiagnostic(d: Diagnostic): string {
  return `${d.at ? `${formatLocation(d.at)}: ` : ''}${d.severity}: ${d.message}`;
}
