import { writeBytes } from '../../scan/byte-sink.ts';
import { type Analysis, type AnalysisSettings, analyse } from './analysis.ts';
import { analysisPage } from './analysis-page.ts';
import { writeTables } from './analysis-tables.ts';
import { readTraces, type TraceRequest } from './read-traces.ts';

export interface AnalyseRequest extends TraceRequest {
  readonly settings: AnalysisSettings;
  /** HTML file. */
  readonly output: string;
  /** Folder of CSV files. */
  readonly tables?: string;
}

/** Reads traces and writes their histograms as one HTML page and, where asked, as tables. */
export async function analyseFiles(request: AnalyseRequest): Promise<Analysis> {
  const analysis = analyse(await readTraces(request), request.settings);
  await writeBytes(request.output, page(analysis));
  if (request.tables !== undefined) await writeTables(analysis, request.tables);
  return analysis;
}

async function* page(analysis: Analysis): AsyncGenerator<string, void> {
  yield analysisPage(analysis);
}
