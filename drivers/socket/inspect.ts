import { shownUrl } from './error-place.ts';

export { INSPECT, type Inspect } from '../../protocol/internal.ts';

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
