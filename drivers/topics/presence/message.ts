/** What nodes say to each other about who is there, as JSON. */

/** Who is there: an id of their own, and what they have brought. */
export interface PresenceEntry<Info = unknown> {
  readonly id: string;
  readonly info: Info;
}

/** Said to all nodes: "I am there". */
export interface Beat {
  readonly node: string;
  /** It is about to go, and all that it said with it. */
  readonly isLast: boolean;
  /** Nodes that were not known: they are asked to say everything again. */
  readonly unknown: readonly string[];
}

/** Said on a topic's line. */
export interface Saying {
  readonly node: string;
  /** Who is asked to say everything again: all, or these nodes. */
  readonly asks: true | readonly string[];
  /** What has changed at this node. */
  readonly update: Update | undefined;
}

export interface Update {
  /** Grows with each update of the node. */
  readonly version: number;
  /** The update before this one; 0: there was none, these are all. */
  readonly after: number;
  readonly came: readonly PresenceEntry[];
  readonly left: readonly string[];
  /** There is more of this: it is not to be looked at before the rest is there. */
  readonly more: boolean;
}

export function formatBeat({ node, isLast, unknown }: Beat): string {
  return JSON.stringify({ n: node, ...(isLast && { e: 1 }), ...(unknown.length > 0 && { u: unknown }) });
}

export function formatSaying({ node, asks, update }: Saying): string {
  const asking = asks === true || asks.length > 0 ? { q: asks } : {};
  if (update === undefined) return JSON.stringify({ n: node, ...asking });
  const { version, after, came, left, more } = update;
  const entries = came.map(({ id, info }) => [id, info]);
  return JSON.stringify({ n: node, ...asking, v: version, a: after, c: entries, l: left, ...(more && { m: 1 }) });
}

/** Returns undefined for what is none: an engine carries what others have written to it. */
export function parseBeat(text: string): Beat | undefined {
  const { n: node, e, u: unknown = [] } = parse(text);
  return isName(node) && isNames(unknown) ? { node, isLast: e === 1, unknown } : undefined;
}

/** Returns undefined for what is none. */
export function parseSaying(text: string): Saying | undefined {
  const { n: node, q: asks = [], v, a, c, l, m } = parse(text);
  if (!isName(node) || !(asks === true || isNames(asks))) return undefined;
  if (v === undefined) return { node, asks, update: undefined };
  if (!isCount(v) || !isCount(a) || a >= v || !isEntries(c) || !isNames(l)) return undefined;
  const came = c.map(([id, info]) => ({ id, info }));
  return { node, asks, update: { version: v, after: a, came, left: l, more: m === 1 } };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 64;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isName);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isEntries(value: unknown): value is [string, unknown][] {
  return Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2 && isName(one[0]));
}
