/** v = exp(−η·X), or the product of two earlier values. */
type PlanOperation =
  | { readonly kind: 'exp'; readonly eta: number }
  | { readonly kind: 'product'; readonly a: number; readonly b: number };

/** How exp(−η·X) is made for every η of a group from few exponentials: multiples of a base η are its powers. */
export interface ExponentPlan {
  readonly operations: readonly PlanOperation[];
  /** Ascending, without duplicates. */
  readonly etas: readonly number[];
  /** The operation whose value belongs to each η; −1 = η is 0, the value is 1. */
  readonly slots: readonly number[];
}

/** Larger multiples would lose digits: a relative error of the base grows by the factor. */
const MAX_MULTIPLE = 64;
/** Relative; η·X reaches about 30 before the exponential is nothing, so a value is right to 3e-13 of itself. */
const SAME = 1e-14;

export function planExponents(values: Iterable<number>): ExponentPlan {
  const etas = [...new Set(values)].sort((a, b) => a - b);
  const operations: PlanOperation[] = [];
  const bases: { readonly eta: number; readonly slotOf: Map<number, number> }[] = [];

  const power = (slotOf: Map<number, number>, n: number): number => {
    const present = slotOf.get(n);
    if (present !== undefined) return present;
    let q = 0;
    for (const m of slotOf.keys()) if (m < n && m > q && slotOf.has(n - m)) q = m;
    if (q === 0) q = n >> 1;
    const a = power(slotOf, q);
    const b = power(slotOf, n - q);
    operations.push({ kind: 'product', a, b });
    slotOf.set(n, operations.length - 1);
    return operations.length - 1;
  };

  const slots = etas.map((eta) => {
    if (eta === 0) return -1;
    for (const base of bases) {
      const n = Math.round(eta / base.eta);
      if (n >= 1 && n <= MAX_MULTIPLE && Math.abs(eta - n * base.eta) <= SAME * Math.abs(eta))
        return power(base.slotOf, n);
    }
    operations.push({ kind: 'exp', eta });
    bases.push({ eta, slotOf: new Map([[1, operations.length - 1]]) });
    return operations.length - 1;
  });
  return { operations, etas, slots };
}
