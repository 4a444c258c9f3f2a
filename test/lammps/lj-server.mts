// A force server in a process of its own, to be killed by a test: lj-server.mts unix:PATH
import { startServer } from '../../src/serve/server.ts';
import { parseAddress } from '../../src/serve/transport/address.ts';
import { ljEvaluator } from './lammps-fixture.ts';

await startServer(ljEvaluator, parseAddress(process.argv[2]));
console.log('ready');
