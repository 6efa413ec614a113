import type { WebSocketError } from '../errors.ts';

/** What a Close frame said. `code` is 1005 when it had no body. */
export interface CloseFrame {
  readonly code: number;
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
}
