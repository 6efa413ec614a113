import type { ExpiredTimer, WebSocketError } from '../errors.ts';

/** What a Close frame said. `code` is 1005 when it had no body. */
export interface CloseFrame {
  /** The close code (RFC 6455 §7.4), 1005 where the frame had none. */
  readonly code: number;
  /** The reason, or an empty string. */
  readonly reason: string;
}

/** How a connection ended (RFC 6455 §7.1). */
export interface CloseInfo {
  /** The close code: the received one, 1005 for a Close frame without one, 1006 when none was received (§7.1.5). */
  readonly code: number;
  /** The received reason (§7.1.6), or an empty string. */
  readonly reason: string;
  /** Whether the closing handshake was completed: a Close frame each way (§7.1.4). */
  readonly clean: boolean;
  /** The Close frame that was received, if one was. */
  readonly received: CloseFrame | undefined;
  /** The Close frame that was sent, if one was. */
  readonly sent: CloseFrame | undefined;
  /** Whose Close frame was the first, if there was one. */
  readonly first: 'received' | 'sent' | undefined;
  /** Why it was not clean; undefined when it was. */
  readonly error: WebSocketError | undefined;
  /** The timer that ended it, if one did: which option set it, and to how many milliseconds. */
  readonly timer?: ExpiredTimer;
  /** What went each way, where there is a driver that counts. */
  readonly traffic?: Traffic;
  /** In the promise API: how many messages came after this side's Close frame and were dropped, if nobody received them. */
  readonly dropped?: number;
}

/** What went over a connection while it lasted. Times are milliseconds; bytes are those of the transport, heads included. */
export interface Traffic {
  /** How long it was open; 0 when it never was. */
  readonly openFor: number;
  /** Bytes that came, the opening handshake included. */
  readonly bytesReceived: number;
  /** Bytes that were given to the transport, the opening handshake included. */
  readonly bytesSent: number;
  /** Messages that came whole. */
  readonly messagesReceived: number;
  /** Messages that were sent whole. */
  readonly messagesSent: number;
  /** How long before the end the last byte came; undefined when none did. */
  readonly sinceReceived: number | undefined;
  /** How long before the end the last byte was given to the transport. */
  readonly sinceSent: number | undefined;
}
