import { availableParallelism, loadavg } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Backend } from '../../potentials/kernels/backends.ts';
import { openPooledNetworkKernel } from '../../potentials/kernels/conductance/pooled-network-kernel.ts';
import { openSoapKernel } from '../../potentials/kernels/conductance/soap-kernel.ts';
import { minimumCrossSection } from '../../src/conductance/features/cross-section.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { jelliumParameters } from '../../src/conductance/negf/jellium-parameters.ts';
import type { ConductanceModel } from '../../src/conductance/negf/landauer.ts';
import { chooseNegf } from '../../src/conductance/negf/negf-backend.ts';
import { tightBindingParameters } from '../../src/conductance/negf/tight-binding-parameters.ts';
import { BACKENDS_HERE, mobileOf, POTASSIUM, publishedNetwork, pulledWire, SOAP } from './conductance-workload.ts';

/** Free length (Å) at which a wire has about 300 mobile atoms, as the speed targets have. */
const TARGET = 84;

/**
 * Snapshots a second of labels, features and predictions by every program that runs here, of wires as they are pulled for training
 * (35 Å) and production (63 Å) and of 300 mobile atoms. Every result is compared with that of the TypeScript program.
 */
export default async function conductance(): Promise<void> {
  console.log(`load ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors`);
  for (const free of [35, 63, TARGET]) {
    const wire = pulledWire(free);
    console.log(`${wire.natoms} atoms, ${mobileOf(wire).length} of them mobile`);
    report('cross-section', '', () => minimumCrossSection(wire.positions));
    labels('jellium', wire, (backend) => chooseNegf(backend).jellium(jelliumParameters(POTASSIUM)));
    labels('tb-s', wire, (backend) => chooseNegf(backend).tightBinding(tightBindingParameters(POTASSIUM)));
    features(wire);
    if (free === TARGET) await predictions(wire);
  }
}

function labels(name: string, wire: Wire, make: (backend: Backend) => ConductanceModel<unknown>): void {
  const exact = make('typescript');
  const wanted = exact.transmission(wire, exact.leads(wire)).total;
  for (const backend of BACKENDS_HERE) {
    const model = make(backend);
    const start = performance.now();
    const leads = model.leads(wire);
    const made = performance.now() - start;
    const { total, channels } = model.transmission(wire, leads);
    const sum = channels.reduce((a, b) => a + b, 0);
    if (!(total > 1 && total < channels.length && Math.abs(sum - total) < 1e-8 && Math.abs(total - wanted) < 1e-6))
      throw new Error(`${name} by ${backend}: ${total} G0 in ${channels.length} channels, expected ${wanted}`);
    report(name, backend, () => model.transmission(wire, leads), `, leads ${made.toFixed(0)} ms a trajectory`);
  }
}

function features(wire: Wire): void {
  const centers = mobileOf(wire);
  let wanted: Float32Array | undefined;
  for (const backend of [...BACKENDS_HERE].reverse()) {
    const soap = openSoapKernel(SOAP, backend);
    const out = new Float32Array(centers.length * soap.nfeatures);
    soap.compute(wire, centers, out);
    wanted ??= out.slice();
    const largest = wanted.reduce((most, p) => Math.max(most, Math.abs(p)), 0);
    if (out.some((p, k) => !(Math.abs(p - (wanted as Float32Array)[k]) < 1e-5 * largest)))
      throw new Error(`SOAP by ${backend} is not that of the TypeScript program`);
    report('SOAP', backend, () => soap.compute(wire, centers, out));
  }
}

async function predictions(wire: Wire): Promise<void> {
  const network = publishedNetwork(wire);
  const centers = mobileOf(wire);
  let wanted: number | undefined;
  for (const backend of [...BACKENDS_HERE].reverse()) {
    const kernel = openPooledNetworkKernel(network, SOAP, backend);
    const found = kernel.predict(wire, centers);
    wanted ??= found;
    if (!(Math.abs(found - wanted) < 1e-5 * Math.max(1, Math.abs(wanted))))
      throw new Error(`prediction by ${backend}: ${found}, expected ${wanted}`);
    report('prediction', backend, () => kernel.predict(wire, centers));
    if (backend !== 'typescript') await together(backend, 4);
  }
}

const SECONDS = 2;

/** Predictions on several threads: by the clock on the wall, and what they would be if each had had a core to itself. */
async function together(backend: Backend, threads: number): Promise<void> {
  const tsx = import.meta.resolve('tsx/esm/api');
  const beside = new URL('./conductance-worker.ts', import.meta.url);
  const text = `import { register } from '${tsx}'; register(); await import('${beside.href}');`;
  const module = new URL(`data:text/javascript,${encodeURIComponent(text)}`);
  const workerData = { free: TARGET, backend, seconds: SECONDS };
  const workers = Array.from({ length: threads }, () => new Worker(module, { workerData }));
  const heard = (worker: Worker) =>
    new Promise<unknown>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await Promise.all(workers.map(heard));
  const start = process.cpuUsage();
  const counts = workers.map(heard);
  for (const worker of workers) worker.postMessage('go');
  const total = ((await Promise.all(counts)) as number[]).reduce((a, b) => a + b, 0);
  const { user, system } = process.cpuUsage(start);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const rate = (total / SECONDS).toPrecision(3);
  const alone = ((threads * total) / ((user + system) / 1e6)).toPrecision(3);
  console.log(
    `  ${'prediction'.padEnd(14)} ${backend.padEnd(14)} ${rate} snapshots/s on ${threads} threads, ${alone} on as many free cores`,
  );
}

/**
 * At least five times and for a second of the processor's time: a bench does not always have a machine to itself. The fastest is what
 * a free core does.
 */
function report(name: string, backend: string, work: () => unknown, more = ''): void {
  for (let warm = 0; warm < 3; warm++) work();
  const start = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  let count = 0;
  let fastest = Number.POSITIVE_INFINITY;
  while (count < 5 || seconds() < 1) {
    const before = performance.now();
    work();
    fastest = Math.min(fastest, performance.now() - before);
    count++;
  }
  const mean = (count / seconds()).toPrecision(3);
  const best = (1000 / fastest).toPrecision(3);
  console.log(`  ${name.padEnd(14)} ${backend.padEnd(14)} ${mean} snapshots/s per core, at best ${best}${more}`);
}
