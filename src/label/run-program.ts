import { spawn } from 'node:child_process';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ProgramRun {
  readonly command: readonly string[];
  /** Where it runs; its output goes to the files `stdout` and `stderr` there. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds; the whole process group is killed then. */
  readonly timeout: number;
}

/** How a program ended: with an exit code, by a signal, or not in time. */
export type ProgramEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'not-started'; readonly reason: string };

/** Seconds between asking a process group to end and killing it. */
const GRACE = 2;

/**
 * Runs a program in a process group of its own, without a shell; when it ends, is aborted or takes too long, nothing of the group is left.
 * Rejects with the reason of the signal when aborted.
 */
export async function runProgram(run: ProgramRun, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const stdout = await open(join(run.folder, 'stdout'), 'w');
  const stderr = await open(join(run.folder, 'stderr'), 'w');
  try {
    const end = await follow(run, { stdout, stderr }, signal);
    signal.throwIfAborted();
    return end;
  } finally {
    await stdout.close();
    await stderr.close();
  }
}

function follow(
  { command, folder, environment, timeout }: ProgramRun,
  files: { stdout: FileHandle; stderr: FileHandle },
  signal: AbortSignal,
): Promise<ProgramEnd> {
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', files.stdout.fd, files.stderr.fd],
    detached: true,
  });
  return new Promise((resolve) => {
    let late = false;
    const stop = () => {
      endGroup(child.pid, 'SIGTERM');
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), 1000 * GRACE).unref();
    };
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid, 'SIGKILL');
    }, 1000 * timeout);
    signal.addEventListener('abort', stop, { once: true });
    const finish = (end: ProgramEnd) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      endGroup(child.pid, 'SIGKILL'); // what it left running
      resolve(late ? { kind: 'timeout' } : end);
    };
    child.once('error', (error) => finish({ kind: 'not-started', reason: error.message }));
    child.once('exit', (code, by) =>
      finish(by === null ? { kind: 'exit', code: code ?? 1 } : { kind: 'signal', signal: by }),
    );
  });
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
}

/** The last bytes of a file as text; empty when it is not there. */
export async function tailOf(path: string, bytes = 2000): Promise<string> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size === 0) return '';
  const file = await open(path, 'r');
  try {
    const length = Math.min(size, bytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
