import type { Spread } from '../statistics.ts';

/** Three significant digits, with thousands marked. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A ratio, to two places; three where it is small. */
export function ratioText(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}

export function withSpread({ median, least, most }: Spread, text: (value: number) => string): string {
  return least === most ? text(median) : `${text(median)} (${text(least)}–${text(most)})`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
