import type { Wire } from '../geometry/wire.ts';

/** Zero-bias conductance of one snapshot in G0 = 2e²/h. */
export interface Transmission {
  readonly total: number;
  /** Eigenchannels T_n, descending, 0 ≤ T_n ≤ 1; those below 1e-12 are left out. */
  readonly channels: Float64Array;
}

/**
 * A label generator: what depends on the leads alone is made once a trajectory, everything else for each snapshot. Leads of one
 * wire serve every wire with the same grips (up to a shift of the top grip along z).
 */
export interface ConductanceModel<Leads> {
  leads(wire: Wire): Leads;
  transmission(wire: Wire, leads: Leads): Transmission;
}

/** Channels worth keeping, of descending ones. */
export function openChannels(squares: Float64Array): Float64Array {
  const end = squares.findIndex((t) => t < 1e-12);
  return end < 0 ? squares : squares.slice(0, end);
}
