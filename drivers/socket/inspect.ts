import { shownUrl } from './error-place.ts';

/** What Node's `console.log` asks an object for; elsewhere it means nothing. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** `util.inspect`, as it is handed to that. */
export type Inspect = (value: unknown, options: object) => string;

/** What a log wants to know of a connection. */
export function summaryOf(connection: {
  readonly url: string;
  readonly state: string;
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly bufferedAmount: number;
}): Record<string, unknown> {
  const { url, state, protocol, remoteAddress, bufferedAmount } = connection;
  return { url: shownUrl(url), state, protocol, remoteAddress, bufferedAmount };
}
