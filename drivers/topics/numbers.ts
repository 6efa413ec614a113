/** A number of milliseconds, or of whatever else must be more than nothing. */
export function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!(value > 0)) throw new RangeError(`${name} must be greater than zero`);
  return value;
}

/** A number of things, at least one. */
export function whole(name: string, value: number | undefined, fallback: number): number {
  const number = positive(name, value, fallback);
  if (!Number.isInteger(number)) throw new RangeError(`${name} must be a whole number`);
  return number;
}

/** So many random letters and digits; `random` gives numbers from 0 to below 1. */
export function drawText(random: () => number, length: number): string {
  let text = '';
  while (text.length < length)
    text += Math.floor(random() * 36 ** 5)
      .toString(36)
      .padStart(5, '0');
  return text.slice(0, length);
}
