import type { CloseInfo, PreparedMessage } from '../../protocol/index.ts';
import { LIMIT, type OptionTable, resolveLimit, resolveLimits } from '../../protocol/internal.ts';
import type { Handlers, Socket } from '../socket/socket.ts';
import { SEND_LIMIT, type SocketOptions } from '../socket/options.ts';
import { checkSendOptions, SENDS, sendOptionsOf } from '../socket/send-options.ts';
import { type Data, type Fragments, isData } from './data.ts';
import { Pending } from './deferred.ts';
import { Ending } from './ending.ts';
import { Inbox, resolveReceiveQueue, type InboxLimits } from './inbox.ts';
import { Outbound, type SendOptions, SENT } from './outbound.ts';
import { Pings } from './pings.ts';
import { webSocketOf, type WebSocket } from './websocket.ts';

/** The promise API's own options, beside the driver's. */
export interface PromiseOptions {
  /**
   * How many messages are received ahead of the consumer; beyond them, or beyond `maxMessageSize` bytes, reading stops
   * until it takes some. What the same read has brought is still taken in, up to 128 KiB. Default 16.
   */
  receiveQueue?: number | false | undefined;
}

export const PROMISE_OPTIONS: OptionTable<PromiseOptions> = { receiveQueue: LIMIT };

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
  readonly webSocket: WebSocket<any>;
  readonly #limits: SessionLimits;
  /** What waits to be sent, once something has had to; an end is told by it, too. */
  #outbound: Outbound | undefined;
  #pings: Pings | undefined;
  /** Made when somebody asks. */
  #closed: Pending<CloseInfo> | undefined;

  constructor(socket: Socket<any>, limits: SessionLimits) {
    this.socket = socket;
    this.#limits = limits;
    this.inbox = new Inbox(socket, limits);
    this.webSocket = webSocketOf(this);
    this.#outbound = undefined;
    this.#pings = undefined;
    this.#closed = undefined;
  }

  get pings(): Pings {
    if (this.#pings === undefined) {
      this.#pings = new Pings(this.socket);
      if (this.inbox.ending !== undefined) this.#pings.end(this.inbox.ending);
    }
    return this.#pings;
  }

  /** Bytes that wait for their turn; those that the socket holds come on top. */
  get queuedBytes(): number {
    return this.#outbound === undefined ? 0 : this.#outbound.queuedBytes;
  }

  send(message: Data | Fragments, options?: SendOptions): Promise<void> {
    try {
      if (options !== undefined) checkSendOptions(options, SENDS.promised);
      const isBusy = this.#outbound !== undefined && !this.#outbound.isIdle;
      if (isBusy || options?.signal !== undefined || !isData(message)) return this.#queue().send(message, options);
      if (this.socket.send(message, sendOptionsOf(options))) return SENT;
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#queue().whenDrained(message, options);
  }

  /** The same for a message that was encoded once for many. */
  sendPrepared(message: PreparedMessage, options?: { compress?: boolean }): Promise<void> {
    const isBusy = this.#outbound !== undefined && !this.#outbound.isIdle;
    if (isBusy) return this.#queue().sendPrepared(message, options);
    return this.socket.sendPrepared(message, sendOptionsOf(options))
      ? SENT
      : this.#queue().whenDrained(message, options);
  }

  trySend(message: Data, options?: { compress?: boolean }): boolean {
    return this.#queue().trySend(message, options);
  }

  #queue(): Outbound {
    return (this.#outbound ??= new Outbound(this.socket, this.#limits.sendLimit, this));
  }

  /** Whether a send waits: for its turn, or for the transport to take more. */
  get isSending(): boolean {
    return this.#outbound !== undefined && this.#outbound.waiting > 0;
  }

  /** Whether a ping waits for its pong. */
  get isPinging(): boolean {
    return this.#pings !== undefined && this.#pings.waiting > 0;
  }

  /** Whether somebody has asked for the end, and it has not come. */
  get isAwaited(): boolean {
    return this.#closed !== undefined && this.socket.closeInfo === undefined;
  }

  /** Resolves when the transport has ended too. */
  get closed(): Promise<CloseInfo> {
    if (this.#closed === undefined) {
      this.#closed = new Pending();
      if (this.socket.closeInfo !== undefined) this.#closed.resolve(this.#infoOf(this.socket.closeInfo));
    }
    return this.#closed.promise;
  }

  /** Starts the closing handshake. Throws for a bad code or reason, and nothing has changed then. */
  close(code: number, reason: string): void {
    this.#outbound?.flush();
    this.socket.close(code, reason);
    this.#queue().shut(Ending.byClose(code, reason));
    this.inbox.startClosing();
  }

  onDrain(): void {
    this.#outbound?.drained();
  }

  onPong(id: number, roundTrip: number): void {
    this.#pings?.pong(id, roundTrip);
  }

  /** The peer's Close came, or the end without one. */
  onEnd(ending: Ending): void {
    if (this.inbox.ending !== undefined) return;
    this.inbox.end(ending);
    this.#queue().end(ending);
    this.#pings?.end(ending);
  }

  onClosed(info: CloseInfo): void {
    this.onEnd(Ending.of(info));
    this.#closed?.resolve(this.#infoOf(info));
  }

  #infoOf(info: CloseInfo): CloseInfo {
    const { dropped } = this.inbox;
    return dropped === 0 ? info : { ...info, dropped };
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
    socket.data.onDrain();
  },
  // Whoever awaits messages is resumed after the read that brought them: what they answer at once still leaves.
  ending: () => true,
  closeFrame(socket, code, reason) {
    socket.data.onEnd(Ending.byClose(code, reason));
  },
};
