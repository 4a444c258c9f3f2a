// One worker process of a force server (workers.ts): takes sockets from its parent and serves them with its own evaluator.
import { Socket } from 'node:net';
import { loadEvaluator } from './load-evaluator.ts';
import { NativeSessions } from './server.ts';
import type { FromWorker, ToWorker } from './workers.ts';

const tell = (message: FromWorker) => process.send?.(message, undefined, undefined, () => {});
let sessions: NativeSessions | undefined;

// Ctrl-C reaches the whole process group: the parent decides when to stop.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async (message: ToWorker, handle?: unknown) => {
  if (message.kind === 'load') {
    try {
      const evaluator = await loadEvaluator(message.source);
      sessions = new NativeSessions(evaluator, {
        ...message.options,
        onDiagnostic: (diagnostic) => tell({ kind: 'diagnostic', diagnostic }),
      });
      tell({ kind: 'ready', modelId: evaluator.modelId });
    } catch (error) {
      tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  } else if (message.kind === 'socket') {
    if (handle instanceof Socket) sessions?.take(handle, message.peer);
  } else {
    await sessions?.stop();
    process.disconnect();
  }
});
