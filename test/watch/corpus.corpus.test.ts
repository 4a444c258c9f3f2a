import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { FormatError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { differences } from '../contracts/read.ts';
import { describeLane, SHARED } from '../lanes.ts';
import { readNow, Watching } from './watching.ts';

const onDiagnostic = () => {};
/** Same steps twice: an appended copy of the run is given once. No final line break: the last value may be cut. */
const GIVEN_ONCE = /two_runs_concatenated/;
const NOT_COMPLETE = /no_final_newline/;

describeLane('corpus', 'files of programs', () => {
  for (const kind of ['lammps-dump', 'extxyz', 'outcar', 'xdatcar'])
    test(`${kind}: the frames that a follower gives are those of the whole file`, { timeout: 120_000 }, async () => {
      const folder = join(SHARED, 'corpus', 'files', kind);
      let compared = 0;
      for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name);
        const whole = await wholeFile(path);
        if (!whole || GIVEN_ONCE.test(name)) continue;
        const { frames } = await readNow((idle) =>
          Watching.file(path, { ...idle, read: { asRead: true }, format: whole.format, quietSeconds: 0.02 }),
        );
        const wanted = NOT_COMPLETE.test(name) ? whole.frames.slice(0, -1) : whole.frames;
        expect([name, frames.length]).toEqual([name, wanted.length]);
        for (const [k, { frame }] of frames.entries()) expect([name, ...differences(frame, wanted[k])]).toEqual([name]);
        compared += frames.length;
      }
      expect(compared).toBeGreaterThan(20);
    });
});

/** Undefined where the file as a whole is refused. */
async function wholeFile(path: string): Promise<{ format: string; frames: Frame[] } | undefined> {
  const frames: Frame[] = [];
  try {
    const opened = await openFrames(undefined, { path, strict: false, asRead: true, onDiagnostic });
    for await (const frame of opened.frames) if (frame.natoms > 0) frames.push(frame);
    return { format: opened.format.name, frames };
  } catch (error) {
    if (error instanceof FormatError || frames.length === 0) return undefined;
    throw error;
  }
}
