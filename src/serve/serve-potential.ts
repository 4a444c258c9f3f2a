import { loadEvaluator, type PotentialSource } from './load-evaluator.ts';
import { type ForceServer, type ServeOptions, startServer } from './server.ts';
import { type Address, isNumbered } from './transport/address.ts';
import { startWorkers } from './workers.ts';

/**
 * Loads the potential, then listens: a client that can connect is answered. One worker = this process; with more, loading here
 * first gives its errors their own class. Errors are those of
 * `loadPotential`, ProtocolError when the address cannot be listened on, ProgramError for worker processes.
 */
export async function servePotential(
  source: PotentialSource,
  address: Address,
  workers: number,
  options: ServeOptions = {},
): Promise<ForceServer> {
  const evaluator = await loadEvaluator(source, options.onDiagnostic);
  if (workers > 1 || isNumbered(address)) return startWorkers(source, address, workers, options);
  return startServer(evaluator, address, options);
}
