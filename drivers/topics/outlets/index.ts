/** Sockets of every face, as the hub sees them. */
import { type BytesLike, ConnectionLostError } from '../../../protocol/index.ts';
import { toBytes } from '../../../protocol/internal.ts';
import { isData, notData } from '../../promise/data.ts';
import { SENT } from '../../promise/outbound.ts';
import { hintAt, type SessionOfSocket, sessionOf, WebSocket } from '../../promise/websocket.ts';
import type { TopicData } from '../engine.ts';
import { Sent } from '../hub/output.ts';
import { EventOutlet, isEventSocket, type EventSocket } from './event-outlet.ts';
import type { Outgoing, Outlet } from './outlet.ts';
import { isWsSocket, WsOutlet, type WsSocket } from './ws-outlet.ts';

/** Whom a hub can subscribe: a `WebSocket`, the event face's `Socket`, or a socket of the `ws` package's face. */
export type Subscriber = WebSocket | EventSocket | WsSocket;
export type { WebSocket };

/** From how many buffered bytes on a socket that doesn't say so itself counts as slow. */
const HIGH_WATER = 64 * 1024;

/** Throws a TypeError for what is no socket. */
export function checkSubscriber(ws: Subscriber): void {
  const isObject = typeof ws === 'object' && ws !== null;
  if (isObject && (ws instanceof WebSocket || isEventSocket(ws) || isWsSocket(ws))) return;
  throw new TypeError(`a subscriber must be a WebSocket, or a Socket of the event face${hintAt(ws)}`);
}

/** Throws a TypeError for what is no socket. */
export function outletOf(ws: Subscriber): Outlet {
  checkSubscriber(ws);
  if (ws instanceof WebSocket) return new PromiseOutlet(ws);
  return isEventSocket(ws) ? new EventOutlet(ws) : new WsOutlet(ws, HIGH_WATER);
}

/** A message as it is published: bytes as plain ones, which are not copied. Throws a TypeError for what is none. */
export function dataOf(message: string | BytesLike): TopicData {
  if (!isData(message)) throw notData(message, 'a string or bytes as a message');
  return typeof message === 'string' ? message : toBytes(message);
}

/** A WebSocket of the promise API: messages stand in line with what else is sent, behind a fragmented one too. */
class PromiseOutlet implements Outlet {
  readonly ws: WebSocket;
  readonly #session: SessionOfSocket;
  #drained: () => void;

  constructor(ws: WebSocket) {
    this.ws = ws;
    this.#session = sessionOf(ws);
    this.#drained = () => {};
  }

  get isOpen(): boolean {
    return this.ws.state === 'open';
  }

  send(message: Outgoing): Sent {
    const session = this.#session;
    const { socket } = session;
    if (socket.state !== 'open') return Sent.ENDED;
    const sending = session.sendPrepared((message.prepared ??= socket.prepare(message.data)), message);
    if (sending === SENT) return Sent.MORE;
    // That the connection ends first is told by its end.
    sending.then(
      () => this.#drained(),
      () => {},
    );
    return Sent.FULL;
  }

  watch(drained: () => void, ended: () => void): void {
    this.#drained = drained;
    const { socket } = this.#session;
    const look = (): void => (socket.state === 'closed' ? ended() : socket.onceWritable(look));
    socket.onceWritable(look);
  }

  terminate(error: Error): void {
    this.#session.socket.terminate(new ConnectionLostError(error.message, { cause: error }));
  }
}
