import { stat } from 'node:fs/promises';
import { UsageError } from '../core/errors.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { type ConvertRequest, convert } from './convert.ts';
import { speciesOrder } from './reorder.ts';
import type { ConversionReport } from './report.ts';
import { parseSlice } from './slice.ts';

/** The words of the command line, not yet looked at. */
export interface ConvertWords
  extends Pick<ConvertRequest, 'inputs' | 'output' | 'strict' | 'threads' | 'read' | 'write' | 'onDiagnostic'> {
  readonly inputFormat?: string;
  readonly outputFormat?: string;
  readonly slice?: string;
  readonly maxForce?: number;
  readonly speciesOrder?: string;
  readonly report?: string;
  readonly dropUnconverged: boolean;
  readonly dedupe: boolean;
  readonly print: (text: string) => void;
  /** Shows how much of the input has been read. */
  readonly progress?: (totalBytes: number) => { add(bytes: number): void; close(): void };
}

/** Checks the words, converts, prints the report and writes it as JSON where asked; also when the conversion fails. */
export async function runConvert(words: ConvertWords): Promise<void> {
  const {
    slice,
    maxForce,
    speciesOrder: order,
    report: reportPath,
    dropUnconverged,
    dedupe,
    print,
    progress: show,
    ...rest
  } = words;
  if (maxForce !== undefined && !(maxForce > 0)) throw new UsageError('--max-force must be a positive number (eV/Å)');
  const { threads = 1 } = rest;
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= 64))
    throw new UsageError('--threads must be a whole number from 1 to 64');
  const progress = show?.(await bytesOf(words.inputs));
  const request: ConvertRequest = {
    ...rest,
    ...(progress && { onRead: progress.add }),
    ...(slice !== undefined && { slice: parseSlice(slice) }),
    ...(order !== undefined && { speciesOrder: speciesOrder(order.split(/[\s,]+/).filter(Boolean)) }),
    criteria: { dropUnconverged, dedupe, ...(maxForce !== undefined && { maxForce }) },
  };
  let report: ConversionReport | undefined;
  try {
    await convert(request, (made) => {
      report = made;
    });
  } finally {
    progress?.close();
    if (report) {
      print(report.text());
      if (reportPath) await writeBytes(reportPath, oneLine(`${JSON.stringify(report, null, 2)}\n`));
    }
  }
}

/** Of the inputs that are files; the size of stdin is not known. */
async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (found) => (found.isFile() ? found.size : 0),
        () => 0,
      ),
    ),
  );
  return Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
}

async function* oneLine(text: string): AsyncGenerator<string, void> {
  yield text;
}
