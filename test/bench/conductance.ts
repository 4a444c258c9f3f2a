import { Soap } from '../../potentials/descriptors/soap.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { minimumCrossSection } from '../../src/conductance/features/cross-section.ts';
import { buildWire } from '../../src/conductance/geometry/build-wire.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../src/conductance/metals.ts';
import { Jellium } from '../../src/conductance/negf/jellium.ts';
import { jelliumParameters } from '../../src/conductance/negf/jellium-parameters.ts';
import type { ConductanceModel } from '../../src/conductance/negf/landauer.ts';
import { TightBinding } from '../../src/conductance/negf/tight-binding.ts';
import { tightBindingParameters } from '../../src/conductance/negf/tight-binding-parameters.ts';

/** Snapshots a second on one core: labels, SOAP and the cross-section baseline, of wires as they are pulled for training and production. */
export default async function conductance(): Promise<void> {
  const metal = metalOf({ element: 'K' });
  for (const free of [35, 63]) {
    const wire = buildWire({ ...metal, orientation: '111', diameter: 17.5, free, grip: 10, center: [0.9, -0.6] });
    console.log(`${wire.natoms} atoms`);
    measure('jellium', wire, new Jellium(jelliumParameters(metal)));
    measure('tb-s', wire, new TightBinding(tightBindingParameters(metal)));
    const soap = new Soap({ species: [metal.z], cutoff: 12, sigma: 1.2, nmax: 17, lmax: 9 });
    const mobile = Int32Array.from({ length: wire.natoms - wire.bottom - wire.top }, (_, k) => wire.bottom + k);
    const out = new Float64Array(mobile.length * soap.nfeatures);
    const structure = { ...wire, cell: null, pbc: [false, false, false] as const };
    report('SOAP', () => soap.compute(buildNeighborList(structure, 12), mobile, out));
    report('cross-section', () => minimumCrossSection(wire.positions));
  }
}

function measure<Leads>(name: string, wire: Wire, model: ConductanceModel<Leads>): void {
  const start = performance.now();
  const leads = model.leads(wire);
  const made = performance.now() - start;
  const { total, channels } = model.transmission(wire, leads);
  const sum = channels.reduce((a, b) => a + b, 0);
  if (!(total > 1 && total < channels.length && Math.abs(sum - total) < 1e-8))
    throw new Error(`${name}: ${total} G0 in ${channels.length} channels cannot be right`);
  report(name, () => model.transmission(wire, leads), `, leads ${made.toFixed(0)} ms a trajectory`);
}

/** For at least a second; by the processor's time, because a bench does not always have a machine to itself. */
function report(name: string, work: () => unknown, more = ''): void {
  for (let warm = 0; warm < 5; warm++) work();
  const start = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  let count = 0;
  while (seconds() < 1) {
    work();
    count++;
  }
  console.log(`  ${name.padEnd(14)} ${(count / seconds()).toPrecision(3)} snapshots/s per core${more}`);
}
