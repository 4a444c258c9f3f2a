import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { extxyz } from '../../formats/extxyz/extxyz.ts';
import { LabelError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { replaceFile, storeError } from '../store/durable-file.ts';
import type { PipelineEvent } from './pipeline.ts';

/** Folder of the frames that could not be labelled, in that of the watched folder. */
export const FAILED = 'failed';

/**
 * Keeps a frame that could not be labelled, with the reason, as `failed/ID.extxyz`, and what the labeller said last as
 * `failed/ID.log`. The folder can be watched itself to try them again. Frames that extxyz cannot hold leave the log only.
 */
export async function keepFailed(folder: string, event: PipelineEvent): Promise<void> {
  const { id, frame, cursor, step, reason = '', error } = event;
  const path = join(folder, FAILED, id.slice(0, 16));
  const info = {
    ...frame.info,
    source: cursor.path,
    source_frame: cursor.frames - 1,
    ...(step !== undefined && { source_step: step }),
    failure: reason.split('\n')[0],
  };
  try {
    await mkdir(join(folder, FAILED), { recursive: true });
    const tail = error instanceof LabelError ? error.tail : '';
    await replaceFile(
      `${path}.log`,
      `${cursor.path} frame ${cursor.frames - 1}\n${reason}\n${tail && `\n${tail.trimEnd()}\n`}`,
    );
    const text = await textOf({ ...frame, info });
    if (text !== undefined) await replaceFile(`${path}.extxyz`, text);
  } catch (failure) {
    throw storeError(failure, path);
  }
}

async function textOf(frame: Frame): Promise<string | undefined> {
  const areFinite = frame.positions.every(Number.isFinite) && (frame.cell?.every(Number.isFinite) ?? true);
  if (!areFinite) return undefined;
  const one = (async function* () {
    yield frame;
  })();
  let text = '';
  for await (const piece of extxyz.write(one, { onDiagnostic: () => {} })) text += piece;
  return text;
}
