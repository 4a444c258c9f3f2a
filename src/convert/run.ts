import { UsageError } from '../core/errors.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { type ConvertRequest, convert } from './convert.ts';
import { speciesOrder } from './reorder.ts';
import type { ConversionReport } from './report.ts';
import { parseSlice } from './slice.ts';

/** The words of the command line, not yet looked at. */
export interface ConvertWords
  extends Pick<ConvertRequest, 'inputs' | 'output' | 'strict' | 'read' | 'write' | 'onDiagnostic'> {
  readonly inputFormat?: string;
  readonly outputFormat?: string;
  readonly slice?: string;
  readonly maxForce?: number;
  readonly speciesOrder?: string;
  readonly report?: string;
  readonly dropUnconverged: boolean;
  readonly dedupe: boolean;
  readonly print: (text: string) => void;
}

/** Checks the words, converts, prints the report and writes it as JSON where asked; also when the conversion fails. */
export async function runConvert(words: ConvertWords): Promise<void> {
  const { slice, maxForce, speciesOrder: order, report: reportPath, dropUnconverged, dedupe, print, ...rest } = words;
  if (maxForce !== undefined && !(maxForce > 0)) throw new UsageError('--max-force must be a positive number (eV/Å)');
  const request: ConvertRequest = {
    ...rest,
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
    if (report) {
      print(report.text());
      if (reportPath) await writeBytes(reportPath, oneLine(`${JSON.stringify(report, null, 2)}\n`));
    }
  }
}

async function* oneLine(text: string): AsyncGenerator<string, void> {
  yield text;
}
