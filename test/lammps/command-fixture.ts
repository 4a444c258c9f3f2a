import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

interface Command {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Everything printed so far. */
  said(): string;
  readonly end: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** The command in a folder of its own that holds `in.lmp`; its temporary files go to `tmp` there. */
export function nnpBridge(words: string[], input = '', folder = temporaryFolder()): Command {
  writeFileSync(join(folder, 'in.lmp'), input);
  const child = spawn(join(ROOT, 'node_modules/.bin/tsx'), [join(ROOT, 'src/cli/main.ts'), ...words], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  const end = once(child, 'close').then(([code]) => ({ code, ...text }));
  return { child, folder, said: () => text.stdout + text.stderr, end };
}
