import type { ReadOptions } from '../../formats/format.ts';
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
  for (const path of paths) {
    const { format, frames } = await openFrames(request.format, { ...request.read, path, asRead: true });
    if (request.json) {
      for await (const frame of frames) for (const piece of frameJson(frame)) await request.print(piece);
      continue;
    }
    const summary = new FrameSummary();
    try {
      for await (const frame of frames) summary.add(frame);
    } finally {
      await request.print(summaryTable(path, format, summary));
    }
  }
}
