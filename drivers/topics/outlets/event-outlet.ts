import { ConnectionLostError, type PreparedMessage } from '../../../protocol/index.ts';
import type { SocketState } from '../../socket/handlers.ts';
import { sendOptionsOf } from '../../socket/send-options.ts';
import { Socket } from '../../socket/socket.ts';
import { Sent } from '../hub/output.ts';
import type { Outgoing, Outlet } from './outlet.ts';

/** What of the event face's `Socket` is used here. */
export interface EventSocket {
  readonly state: SocketState;
  send(message: string | Uint8Array): boolean;
  prepare(message: string | Uint8Array): PreparedMessage;
  sendPrepared(message: PreparedMessage, options?: { compress?: boolean }): boolean;
  onceWritable(callback: () => void): void;
  terminate(error?: ConnectionLostError): void;
}

/** Whether this is a socket of the event face, by its shape: it may come from another copy of the package. */
export function isEventSocket(ws: object): ws is EventSocket {
  const { sendPrepared, onceWritable, prepare } = ws as Partial<EventSocket>;
  return typeof sendPrepared === 'function' && typeof onceWritable === 'function' && typeof prepare === 'function';
}

/** A `Socket` of the event face. */
export class EventOutlet implements Outlet {
  readonly ws: EventSocket;
  /** Whether it takes what others have encoded; one of another copy of the package takes its own. */
  readonly #shares: boolean;

  constructor(ws: EventSocket) {
    this.ws = ws;
    this.#shares = ws instanceof Socket;
  }

  get isOpen(): boolean {
    return this.ws.state === 'open';
  }

  send(message: Outgoing): Sent {
    const { ws } = this;
    const prepared = this.#shares ? (message.prepared ??= ws.prepare(message.data)) : ws.prepare(message.data);
    try {
      if (ws.sendPrepared(prepared, sendOptionsOf(message))) return Sent.MORE;
    } catch {
      // Between the fragments of another message nothing else can be sent (RFC 6455 §5.4).
      return Sent.REFUSED;
    }
    return ws.state === 'open' ? Sent.FULL : Sent.ENDED;
  }

  watch(drained: () => void, ended: () => void): void {
    const look = (): void => {
      if (this.ws.state === 'closed') return ended();
      this.ws.onceWritable(look);
      drained();
    };
    this.ws.onceWritable(look);
  }

  terminate(error: Error): void {
    this.ws.terminate(new ConnectionLostError(error.message, { cause: error }));
  }
}
