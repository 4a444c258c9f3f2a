import { BACKENDS, type Backend } from '../../potentials/kernels/backends.ts';
import { nativeTaskVariants } from '../../potentials/kernels/conductance/native-task.ts';
import { openPooledNetworkKernel } from '../../potentials/kernels/conductance/pooled-network-kernel.ts';
import { featuresByTypescript, soapOf } from '../../potentials/kernels/conductance/soap-kernel.ts';
import type { PooledNetwork } from '../../potentials/networks/pooled-network.ts';
import { buildWire } from '../../src/conductance/geometry/build-wire.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../src/conductance/metals.ts';
import { randomNetwork } from '../kernels/conductance/clusters.ts';

export const POTASSIUM = metalOf({ element: 'K' });
export const SOAP = { species: [POTASSIUM.z], cutoff: 12, sigma: 1.2, nmax: 17, lmax: 9 };

/** Programs that can be measured here. */
export const BACKENDS_HERE: readonly Backend[] = [
  ...BACKENDS.filter((name) => nativeTaskVariants().includes(name.replace('native-', ''))),
  ...(['wasm', 'typescript'] as const),
];

/** A potassium wire as it is pulled, of so much free length (Å), its mobile atoms a little displaced. */
export function pulledWire(free: number): Wire {
  const wire = buildWire({ ...POTASSIUM, orientation: '111', diameter: 17.5, free, grip: 10, center: [0.9, -0.6] });
  const positions = wire.positions.map((value, k) => {
    const i = Math.floor(k / 3);
    return i < wire.bottom || i >= wire.natoms - wire.top ? value : value + 0.3 * Math.sin(12.9898 * k);
  });
  return { ...wire, positions };
}

export function mobileOf({ natoms, bottom, top }: Wire): Int32Array {
  return Int32Array.from({ length: natoms - bottom - top }, (_, k) => bottom + k);
}

/** The layers of the published network with slice pooling, weights random. */
export function publishedNetwork(wire: Wire): PooledNetwork {
  const soap = soapOf(SOAP);
  const some = mobileOf(wire).filter((_, k) => k % 7 === 0);
  return randomNetwork(featuresByTypescript(soap, wire, some), soap.nfeatures, 'slice', [224, 224]);
}

/** What one thread of the bench does: predicts the same wire again and again. */
export function predictor(free: number, backend: Backend): { readonly atoms: number; predict(): number } {
  const wire = pulledWire(free);
  const centers = mobileOf(wire);
  const kernel = openPooledNetworkKernel(publishedNetwork(wire), SOAP, backend);
  return { atoms: centers.length, predict: () => kernel.predict(wire, centers) };
}
