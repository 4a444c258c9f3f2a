import { train } from './train.ts';
import type { FromMember, ToMember } from './train-committee.ts';

/** A process that trains one member of a committee; ends when its parent does. */
const abort = new AbortController();
// A parent that was killed is no error of ours: 'disconnect' ends this process.
const tell = (message: FromMember) => process.connected && process.send?.(message, () => {});

// Ctrl-C reaches the whole process group; the parent passes it on.
process.on('SIGINT', () => {});
// Without a parent it must not write on: another one may go on with the same files. The checkpoint of the last epoch is there.
process.on('disconnect', () => process.exit());
process.on('message', async (message: ToMember) => {
  if (message.kind === 'stop') return abort.abort();
  try {
    const { errors: _, ...result } = await train({
      ...message.options,
      signal: abort.signal,
      onDiagnostic: (diagnostic) => tell({ kind: 'diagnostic', diagnostic }),
      onProgress: (phase, done, total) => progress(phase, done, total),
      onEpoch: (row) => tell({ kind: 'epoch', row }),
    });
    tell({ kind: 'done', result });
  } catch (error) {
    if (abort.signal.aborted) tell({ kind: 'stopped' });
    else tell({ kind: 'failed', message: (error as Error).message });
  }
  if (process.connected) process.disconnect();
});

/** Milliseconds between messages. */
const INTERVAL = 200;
let last = 0;

function progress(phase: 'descriptors' | 'training', done: number, total: number): void {
  const now = performance.now();
  if (now - last < INTERVAL && done !== total) return;
  last = now;
  tell({ kind: 'progress', phase, done, total });
}
