// One worker process of a force server (workers.ts): takes sockets from its parent and serves them with its own evaluator.
import { Socket } from 'node:net';
import type { Diagnostic } from '../core/diagnostic.ts';
import { loadEvaluator } from './load-evaluator.ts';
import { StructureJobs } from './protocols/structure/jobs.ts';
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
      const onDiagnostic = (diagnostic: Diagnostic) => tell({ kind: 'diagnostic', diagnostic });
      const jobs = new StructureJobs('one of several processes');
      sessions = new NativeSessions(evaluator, { ...message.options, onDiagnostic }, jobs);
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
