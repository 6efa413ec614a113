import type { CloseInfo, Traffic } from '../../protocol/index.ts';
import type { Pump } from './pump.ts';

/** What has gone over a connection by now: counted where it passes, put together only when somebody asks, at the end. */
export function trafficOf({ openedAt, messagesReceived, messagesSent, pump }: Counts, now: number): Traffic {
  const { bytesReceived, bytesSent, lastReceived, lastSent } = pump;
  return {
    openFor: since(openedAt, now) ?? 0,
    bytesReceived,
    bytesSent,
    messagesReceived,
    messagesSent,
    sinceReceived: since(lastReceived, now),
    sinceSent: since(lastSent, now),
  };
}

/** Adds that to the end of a connection, which the connection itself has told without it. */
export function addTraffic(info: CloseInfo, counts: Counts, now: number): void {
  (info as { traffic?: Traffic }).traffic = trafficOf(counts, now);
}

function since(time: number, now: number): number | undefined {
  return time < 0 ? undefined : Math.max(0, Math.floor(now) - time);
}

/** Where it is counted. Times are whole milliseconds, -1 for never. */
interface Counts {
  readonly openedAt: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly pump: Pick<Pump, 'bytesReceived' | 'bytesSent' | 'lastReceived' | 'lastSent'>;
}
