import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { readJournal, WatchJournal } from '../../src/watch/journal.ts';
import { framesSeen, oneOutcome } from '../../src/watch/journal-outcomes.ts';
import type { Cursor } from '../../src/watch/watched-frame.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const cursor = (path: string, frames: number): Cursor => ({ path, inode: '7', bytes: 10 * frames, frames, head: 'h' });

async function journalIn(folder: string) {
  const said: Diagnostic[] = [];
  return { journal: await WatchJournal.open(folder, (d) => said.push(d)), said };
}

/** A closed journal of ten frames of two files. */
async function filled() {
  const folder = temporaryFolder();
  const { journal } = await journalIn(folder);
  for (let k = 1; k <= 5; k++) {
    journal.commit(cursor('a', k), oneOutcome('labelled'));
    journal.commit(cursor('b', k), oneOutcome('failed', `exit ${k}`));
  }
  await journal.close();
  return folder;
}

describe('the journal of a watched folder', () => {
  test('gives cursors and outcomes back after reopening', async () => {
    const { journal, said } = await journalIn(await filled());
    expect(said).toEqual([]);
    expect(journal.state.cursors.get('a')).toEqual(cursor('a', 5));
    expect(journal.state.outcomes.counts).toMatchObject({ labelled: 5, failed: 5, accurate: 0 });
    expect(journal.state.outcomes.reasons).toEqual({ 'failed: exit #': 5 });
    await journal.close();
  });

  test('cut at any byte, cursors and outcomes still agree, and it goes on from there', async () => {
    const whole = readFileSync(join(await filled(), 'journal.jsonl'));
    const head = whole.indexOf(10) + 1;
    for (let cut = head; cut <= whole.length; cut += 7) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'journal.jsonl'), whole.subarray(0, cut));
      const { journal, said } = await journalIn(folder);
      const { cursors, outcomes } = journal.state;
      const frames = [...cursors.values()].reduce((sum, one) => sum + one.frames, 0);
      expect(framesSeen(outcomes)).toBe(frames);
      expect(said.length).toBe(whole[cut - 1] === 10 ? 0 : 1);
      journal.commit(cursor('c', 1), oneOutcome('labelled'));
      await journal.close();
      expect((await readJournal(folder))?.cursors.get('c')?.frames).toBe(1);
      expect(framesSeen((await readJournal(folder))?.outcomes ?? outcomes)).toBe(frames + 1);
    }
  });

  test('a damaged line with others behind it is an error that says what to do', async () => {
    const folder = await filled();
    const path = join(folder, 'journal.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [...lines.slice(0, 3), '{"cursor": oops', ...lines.slice(3)].join('\n'));
    await expect(journalIn(folder)).rejects.toThrow(/journal.jsonl:4: .*remove the file/);
    writeFileSync(path, 'thesis\nmine\n');
    await expect(journalIn(folder)).rejects.toThrow(/expected an entry of a journal/);
  });

  test('a line that a power failure filled with zeros is cut off', async () => {
    const folder = await filled();
    appendFileSync(join(folder, 'journal.jsonl'), Buffer.alloc(100));
    const { journal, said } = await journalIn(folder);
    expect(said.map(({ code }) => code)).toEqual(['torn-journal']);
    expect(framesSeen(journal.state.outcomes)).toBe(10);
    await journal.close();
  });

  test('its history does not grow without end: from a size on only the state is kept', async () => {
    const folder = temporaryFolder();
    const { journal } = await journalIn(folder);
    const long = 'x'.repeat(5000);
    for (let k = 1; k <= 3000; k++) {
      journal.commit({ ...cursor('a', k), head: long }, oneOutcome('labelled'));
      if (k % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await journal.close();
    expect(statSync(join(folder, 'journal.jsonl')).size).toBeLessThan(8 << 20);
    const again = (await journalIn(folder)).journal;
    expect(again.state.cursors.get('a')?.frames).toBe(3000);
    expect(again.state.outcomes.counts.labelled).toBe(3000);
    await again.close();
  });
});
