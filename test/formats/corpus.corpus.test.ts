import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLane, ROOT, SHARED } from '../lanes.ts';

interface Judged {
  readonly path: string;
  readonly format: string;
  readonly status: 'pass' | 'fail' | 'err-ok' | 'err-line' | 'err-none' | 'unsupported';
  readonly lost?: boolean;
  readonly notes: readonly string[];
}

/** Entries of the corpus that are known not to be right, with the reason; the list may only become shorter. */
const KNOWN: readonly string[] = [];

describeLane('corpus', 'the corpus of real files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nnp-corpus-'));
    // Compiled apart from dist, so that the test sees the present sources and starts fast.
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(ROOT, 'dist-corpus-test')], { cwd: ROOT });
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(join(ROOT, 'dist-corpus-test'), { recursive: true, force: true });
  });

  test.each([[[]], [['--no-format']]])(
    'is read right, and its faults are found at their lines (%j)',
    (flags) => {
      const json = join(folder, `result${flags.length}.json`);
      const corpus = join(SHARED, 'corpus');
      const command = [process.execPath, join(ROOT, 'dist-corpus-test', 'src', 'cli', 'main.js'), 'inspect', '--json'];
      const checker = [join(corpus, 'check-corpus.mjs'), corpus, '--strict-warnings', '--jobs', '2', '--json', json];
      const run = spawnSync(process.execPath, [...checker, ...flags, '--', ...command], { encoding: 'utf8' });
      expect(run.error).toBeUndefined();
      const results: Judged[] = JSON.parse(readFileSync(json, 'utf8'));
      expect(results.length).toBe(213);
      const wrong = results
        .filter((r) => (r.status !== 'pass' && r.status !== 'err-ok') || r.lost)
        .filter((r) => !KNOWN.includes(r.path))
        .map((r) => `${r.path}: ${r.status}: ${r.notes.join(' | ')}`);
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});
