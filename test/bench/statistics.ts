/** The middle of some values and how far they spread. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    median: sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2,
    least: sorted[0]!,
    most: sorted[sorted.length - 1]!,
  };
}

/** Each round's own ratio: what the machine did to both at that time cancels out. */
export function ratioSpread(above: readonly number[], below: readonly number[]): Spread {
  return spread(above.map((value, round) => value / below[round]!));
}
