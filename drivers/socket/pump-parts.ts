import type { Connection } from '../../protocol/index.ts';
import type { Callbacks } from './departures.ts';
import type { SocketSetting } from './socket-parts.ts';

/** Output of this many bytes is written at once, without waiting for the end of the turn. */
export const FLUSH_AT = 64 * 1024;

/** What a pump reports to. */
export interface PumpOwner {
  /** Nothing is buffered any more, and `sent` had said to wait. */
  onWritable(): void;
  /** Does this in the connection's own context. */
  within(step: () => void): void;
  /** What these were sent with has left, or never will for this error. */
  onDeparted(callbacks: Callbacks, error?: Error): void;
  /** Something was thrown that had to do with this connection, which is over already. */
  failed(error: unknown): void;
}

export interface PumpParts {
  connection: Connection;
  owner: PumpOwner;
  setting: SocketSetting;
}
