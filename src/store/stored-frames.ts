import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { store as storeFormat } from '../../formats/extxyz/store.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import { parseFilter } from './filter.ts';
import { type IndexRow, openIndex } from './frame-index.ts';
import { frameAt } from './shard-file.ts';

/** Frames of a store in its order, all or those of a filter, read while others may write to it. Throws StoreError, UsageError. */
export async function* storedFrames(
  folder: string,
  where: string | undefined,
  onDiagnostic: DiagnosticSink,
): AsyncGenerator<Frame, void> {
  if (where !== undefined) return yield* framesOfRows(folder, await rowsWhere(folder, where));
  (await openIndex(folder)).close(); // says what is wrong with a folder that is no store
  yield* storeFormat.readPath(folder, { path: folder, strict: true, onDiagnostic });
}

/** Rows of the index in the order of the store. */
export async function rowsWhere(folder: string, where: string | undefined, limit?: number): Promise<IndexRow[]> {
  const condition = where === undefined ? undefined : parseFilter(where);
  const index = await openIndex(folder);
  try {
    return [...index.rows(condition, limit)];
  } finally {
    index.close();
  }
}

async function* framesOfRows(folder: string, rows: readonly IndexRow[]): AsyncGenerator<Frame, void> {
  let file: FileHandle | undefined;
  let shard = '';
  try {
    for (const row of rows) {
      const path = join(folder, row.shard);
      if (row.shard !== shard) {
        await file?.close();
        file = await open(path);
        shard = row.shard;
      }
      if (file) yield await frameAt(file, path, row);
    }
  } finally {
    await file?.close();
  }
}
