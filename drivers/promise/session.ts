import { ProtocolError, resolveLimit, resolveLimits, WebSocketError, type CloseInfo } from '../../protocol/index.ts';
import { SEND_LIMIT, type Handlers, type SocketOptions } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { Deferred } from './deferred.ts';
import { Inbox, resolveReceiveQueue, type InboxLimits } from './inbox.ts';
import { Outbound } from './outbound.ts';
import { Pings } from './pings.ts';
import { webSocketOf, type WebSocket } from './websocket.ts';

/** The promise API's own options, beside the driver's. */
export interface PromiseOptions {
  /**
   * How many messages are received ahead of the consumer; beyond them, or beyond `maxMessageSize` bytes, reading stops
   * until it takes some. Default 16.
   */
  receiveQueue?: number | false;
}

/** The options of the promise API, resolved once for all connections of a factory call. */
export interface SessionLimits extends InboxLimits {
  readonly sendLimit: number;
}

/** Fills in the defaults. Throws a RangeError or TypeError for what is not a limit. */
export function resolveSessionLimits(options: SocketOptions & PromiseOptions): SessionLimits {
  return {
    receiveQueue: resolveReceiveQueue(options.receiveQueue),
    maxMessageSize: resolveLimits(options).maxMessageSize,
    sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
  };
}

/** One open connection between the event face, which calls it, and the WebSocket in front of it. */
export class Session {
  readonly socket: Socket<any>;
  readonly inbox: Inbox;
  readonly outbound: Outbound;
  readonly webSocket: WebSocket;
  #pings: Pings | undefined;
  /** Made when somebody asks. */
  #closed: Deferred<CloseInfo> | undefined;
  /** Why nothing is received any more. */
  #error: WebSocketError | undefined;

  constructor(socket: Socket<any>, limits: SessionLimits) {
    this.socket = socket;
    this.inbox = new Inbox(socket, limits);
    this.outbound = new Outbound(socket, limits.sendLimit, this);
    this.webSocket = webSocketOf(this);
    this.#pings = undefined;
    this.#closed = undefined;
    this.#error = undefined;
  }

  get pings(): Pings {
    if (this.#pings === undefined) {
      this.#pings = new Pings(this.socket);
      if (this.#error !== undefined) this.#pings.end(this.#error);
    }
    return this.#pings;
  }

  /** Resolves when the transport has ended too. */
  get closed(): Promise<CloseInfo> {
    if (this.#closed === undefined) {
      this.#closed = new Deferred();
      if (this.socket.closeInfo !== undefined) this.#closed.resolve(this.socket.closeInfo);
    }
    return this.#closed.promise;
  }

  /** Starts the closing handshake. Throws for a bad code or reason, and nothing has changed then. */
  close(code: number, reason: string): void {
    this.outbound.flush();
    this.socket.close(code, reason);
    this.outbound.shut(new WebSocketError(code, reason));
    this.inbox.startClosing();
  }

  onPong(id: number, roundTrip: number): void {
    this.#pings?.pong(id, roundTrip);
  }

  /** The peer's Close came, or the end without one. */
  onEnd(error: WebSocketError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.inbox.end(error);
    this.outbound.end(error);
    this.#pings?.end(error);
  }

  onClosed(info: CloseInfo): void {
    this.onEnd(errorOf(info));
    this.#closed?.resolve(info);
  }
}

/** The event handlers of every open connection; its Session is in `socket.data`. */
export const sessionHandlers: Handlers<Session> = {
  message(socket, data) {
    socket.data.inbox.deliver(data);
  },
  messageStart(socket, binary) {
    socket.data.inbox.startMessage(binary);
  },
  messageChunk(socket, chunk) {
    socket.data.inbox.deliverChunk(chunk);
  },
  messageEnd(socket) {
    socket.data.inbox.finishMessage();
  },
  pong(socket, _payload, id, roundTrip) {
    socket.data.onPong(id, roundTrip);
  },
  drain(socket) {
    socket.data.outbound.drained();
  },
  // Whoever awaits messages is resumed after the read that brought them: what they answer at once still leaves.
  ending: () => true,
  closing(socket, code, reason) {
    socket.data.onEnd(new WebSocketError(code, reason));
  },
};

/** What whoever receives or sends after the end is told. */
function errorOf({ code, reason, received, error }: CloseInfo): WebSocketError {
  if (error === undefined) return new WebSocketError(code, reason);
  // The peer has said goodbye; that the answer did not get through to it, or the transport never ended, is no matter here.
  const wasSaid = received !== undefined && !(error instanceof ProtocolError);
  return wasSaid ? new WebSocketError(code, reason, { cause: error }) : error;
}
