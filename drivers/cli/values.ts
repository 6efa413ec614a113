import { UsageError } from './exit.ts';

/** Readers of option values, for the argument parser: each throws a UsageError that names what was wanted. */

export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`'${text}' is no whole number from ${least} to ${most}`);
  };
}

/** `Name: value`, gathered. */
export function header(text: string, before: Record<string, string> = {}): Record<string, string> {
  const match = /^([^:\s]+):\s*(.*)$/.exec(text);
  if (match === null) throw new UsageError(`'${text}' is no header field: write 'Name: value'`);
  return { ...before, [match[1]]: match[2] };
}

/** An option that may be given several times. */
export function several(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').map((one) => one.trim())];
}

export function oneOf<T extends string>(...words: T[]): (text: string) => T {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new UsageError(`'${text}' is none of ${words.join(', ')}`);
    return word;
  };
}

/** A URL, or what stands for one: `8080` and `:8080` are this machine, `host` is `ws://host`. */
export function url(text: string): string {
  if (/^:?\d+([/?#]|$)/.test(text)) return `ws://127.0.0.1:${text.replace(/^:/, '')}`;
  return /^[a-z+]+:\/\//i.test(text) ? text : `ws://${text}`;
}
