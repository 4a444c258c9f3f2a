import type { ReadOptions } from '../../formats/format.ts';
import { DiagnosticLog } from './diagnostic-log.ts';
import { frameJson } from './frame-json.ts';
import { openFrames } from './open.ts';
import { FrameSummary } from './summary.ts';
import { summaryTable } from './summary-table.ts';

export interface InspectRequest {
  readonly format?: string;
  readonly json: boolean;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly print: (text: string) => Promise<void>;
}

/** Prints what is in each file: a table, or one JSON line per frame. A fault is thrown after the frames before it. */
export async function inspectFiles(paths: readonly string[], request: InspectRequest): Promise<void> {
  const log = new DiagnosticLog(request.read.onDiagnostic);
  try {
    for (const path of paths) await inspectFile(path, { ...request, read: { ...request.read, onDiagnostic: log.add } });
  } finally {
    log.close();
  }
}

async function inspectFile(path: string, { format: name, json, read, print }: InspectRequest): Promise<void> {
  const { format, frames } = await openFrames(name, { ...read, path, asRead: true });
  if (json) {
    for await (const frame of frames) for (const piece of frameJson(frame)) await print(piece);
    return;
  }
  const summary = new FrameSummary();
  try {
    for await (const frame of frames) summary.add(frame);
  } finally {
    await print(summaryTable(path, format, summary));
  }
}
