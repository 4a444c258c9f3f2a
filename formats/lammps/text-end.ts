import { FormatError, TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';

/**
 * Passes frames on and deals with the end of the text: what fails at the end of the input is a TruncatedError (strict) or a
 * diagnostic, also an input without any frame, and a last line without line break is reported, because its last number may be cut. Closes the source.
 */
export async function* untilTheEnd(
  frames: AsyncGenerator<Frame, void>,
  scanner: TextScanner,
  options: ReadOptions,
): AsyncGenerator<Frame, void> {
  try {
    let count = 0;
    for await (const frame of frames) {
      count++;
      yield frame;
    }
    if (count === 0) throw scanner.truncated('a frame');
    if (scanner.terminated) return;
    options.onDiagnostic({
      severity: 'warning',
      code: 'no-final-newline',
      message: 'the last line has no line break: its last value may be cut',
      at: { path: scanner.path, line: scanner.lineNumber },
    });
  } catch (error) {
    const cut = error instanceof TruncatedError || (error instanceof FormatError && !scanner.terminated);
    if (!cut) throw error;
    if (!options.strict)
      return options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.found, at: error.at });
    throw error instanceof TruncatedError ? error : new TruncatedError(error.format, error.at, error.found);
  } finally {
    await scanner.close();
  }
}
