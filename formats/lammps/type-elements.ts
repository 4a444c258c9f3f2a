import { atomicNumber, elementOfMass, massOf, symbolOf } from '../../src/core/elements.ts';
import type { ReadOptions } from '../format.ts';
import { typeMapNumbers } from './columns.ts';
import type { DataHeader } from './data-header.ts';
import type { TypeTable } from './data-sections.ts';

/**
 * Atomic numbers of the types: by the caller's type map, else by the comment in Masses or the type label where it is a symbol
 * and does not contradict the mass, else by the mass. What came from masses is reported.
 */
export function elementsOfTypes(header: DataHeader, types: TypeTable, options: ReadOptions): Uint8Array {
  const out = new Uint8Array(header.ntypes + 1);
  if (options.typeMap) {
    out.set(typeMapNumbers(options.typeMap).subarray(0, header.ntypes), 1);
    return out;
  }
  const labels = new Map(Array.from(types.labels, ([label, t]) => [t, label]));
  const isReduced = types.masses.every((mass) => mass === undefined || mass === 1) || options.lammpsUnits === 'lj';
  const inferred: string[] = [];
  for (let type = 1; type <= header.ntypes; type++) {
    const mass = types.masses[type];
    const byMass = mass === undefined || isReduced ? 0 : elementOfMass(mass);
    const named = [types.comments[type], labels.get(type)].map((word) => symbolNumber(word)).find((z) => z > 0) ?? 0;
    const fits = mass === undefined || isReduced || byMass === 0 || Math.abs(massOf(named) - mass) < 0.5;
    out[type] = named > 0 && fits ? named : byMass;
    if (out[type] > 0 && out[type] !== named) inferred.push(`${type} = ${symbolOf(out[type])} (${mass})`);
  }
  if (inferred.length > 0)
    options.onDiagnostic({
      severity: 'info',
      code: 'elements-from-masses',
      message: `elements of types are taken from their masses: ${inferred.join(', ')}; a type map overrides them`,
      at: { path: options.path },
    });
  return out;
}

/** Atomic number of a word that is exactly a symbol (`Ca`, not `CA` or `ca`, which are often atom names). */
function symbolNumber(word: string | undefined): number {
  const z = word === undefined ? 0 : atomicNumber(word);
  return z > 0 && symbolOf(z) === word ? z : 0;
}
