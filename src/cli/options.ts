import { type Diagnostic, formatDiagnostic } from '../core/diagnostic.ts';

/** Diagnostics of a command go to stderr, one line each; data goes to stdout. */
export function printDiagnostic(diagnostic: Diagnostic): void {
  process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
}
