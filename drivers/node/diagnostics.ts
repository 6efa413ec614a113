import { Buffer } from 'node:buffer';
import { channel } from 'node:diagnostics_channel';
import process from 'node:process';
import { debuglog } from 'node:util';
import type {
  BytesLike,
  CloseInfo,
  PlainRequest,
  Rejection,
  Trace,
  TracedFrame,
  UpgradeRequest,
  WebSocketError,
} from '../../protocol/index.ts';
import { byteLengthOf } from '../../protocol/internal.ts';
import type { RefusalReason } from '../socket/decision.ts';
import { shownUrl } from '../socket/error-place.ts';
import type { DropReason, Observer } from '../socket/observer.ts';
import type { Socket } from '../socket/socket.ts';
import { nodeClock } from './clock.ts';
import { describeSeams } from './internals/seams.ts';

/** What is published on `sansocket:handshake` and `sansocket:open`. */
export interface SocketMessage {
  /** The connection, as the event face has it. */
  readonly socket: Socket;
}

/** What is published on `sansocket:message:received` and `sansocket:message:sent`. Never the message itself. */
export interface MessageMessage extends SocketMessage {
  /** TEXT or BINARY. */
  readonly kind: 'text' | 'binary';
  /** Bytes of payload. */
  readonly size: number;
}

/** What is published on `sansocket:client:handshake`, once a client's opening handshake is over. */
export interface ClientHandshakeMessage extends SocketMessage {
  /** How long each stage took, in milliseconds: `DNS`, `TCP`, `TLS`, `the proxy`, `the response` … */
  readonly durations: Readonly<Record<string, number>>;
  /** What it failed with, if it did. */
  readonly error: WebSocketError | undefined;
}

/** What is published on `sansocket:pong`. */
export interface PongMessage extends SocketMessage {
  /** In milliseconds; NaN for a pong that nobody asked for. */
  readonly roundTrip: number;
}

/** What is published on `sansocket:backpressure`. */
export interface BackpressureMessage extends SocketMessage {
  /** Whether sending is to wait from now on, or may go on. */
  readonly isWaiting: boolean;
  /** Bytes that were sent and have not left this process. */
  readonly bufferedAmount: number;
}

/** What is published on `sansocket:drop`. */
export interface DropMessage extends SocketMessage {
  /** `'slow'`: too much was waiting already. `'closing'`: it came after this side's Close frame, and nobody received. */
  readonly reason: DropReason;
}

/** What is published on `sansocket:frame` of connections that are made while somebody listens to it. */
export interface FrameMessage extends TracedFrame {
  /** Numbers the connections that are traced. */
  readonly connection: number;
  /** Whether it is the server's side of the connection. */
  readonly isServer: boolean;
}

/** What is published on `sansocket:close`. */
export interface CloseMessage extends SocketMessage {
  /** How it ended, with what went over it. */
  readonly info: CloseInfo;
}

/** What is published on `sansocket:error`: something that a handler threw. */
export interface ErrorMessage extends SocketMessage {
  /** What the handler threw, or its promise was rejected with. */
  readonly error: unknown;
}

/** What is published on `sansocket:refused`: somebody was turned away. */
export interface RefusedMessage {
  /** None where the TLS handshake failed. */
  readonly socket: Socket | undefined;
  /** None where none came whole. */
  readonly request: PlainRequest | undefined;
  /** What was answered; undefined where no answer is possible, as in TLS. */
  readonly response: Rejection | undefined;
  /** Why: a `kind` and a text. */
  readonly reason: RefusalReason;
}

/** What is published on `sansocket:start`, once a process, before the first connection is made or waited for. */
export interface StartMessage {
  /** The version of Node. */
  readonly node: string;
  /** What is used of Node that is not documented, by name, each with whether this Node has it: what takes its place is slower, and right. */
  readonly internals: Readonly<Record<string, boolean>>;
}

const log = debuglog('sansocket');

const started = channel('sansocket:start');

const handshake = channel('sansocket:handshake');
const open = channel('sansocket:open');
const received = channel('sansocket:message:received');
const sent = channel('sansocket:message:sent');
const close = channel('sansocket:close');
const refused = channel('sansocket:refused');
const dialled = channel('sansocket:client:handshake');
const pong = channel('sansocket:pong');
const backpressure = channel('sansocket:backpressure');
const dropped = channel('sansocket:drop');
const frames = channel('sansocket:frame');
const failed = channel('sansocket:error');

/** Publishes what happens to sockets on node:diagnostics_channel. A channel that nobody listens to costs a look. */
export const diagnostics: Observer = {
  onHandshake: (socket) => {
    if (log.enabled) note(socket, 'handshake', socket.request?.target ?? '');
    if (handshake.hasSubscribers) handshake.publish({ socket } satisfies SocketMessage);
  },
  onOpen: (socket) => {
    publishDialling(socket, undefined);
    if (log.enabled) note(socket, 'open', socket.protocol, socket.extensions);
    if (open.hasSubscribers) open.publish({ socket } satisfies SocketMessage);
  },
  onMessage: (socket, message, isSent) => {
    const target = isSent ? sent : received;
    if (!target.hasSubscribers) return;
    const kind = typeof message === 'string' ? 'text' : 'binary';
    target.publish({ socket, kind, size: sizeOf(message) } satisfies MessageMessage);
  },
  onPart: (socket, part, isSent, isLast) => {
    const target = isSent ? sent : received;
    if (!target.hasSubscribers) return;
    const parts = isSent ? sending : receiving;
    const begun = parts.get(socket) ?? { kind: typeof part === 'string' ? 'text' : 'binary', size: 0 };
    begun.size += sizeOf(part);
    parts.set(socket, begun);
    if (!isLast) return;
    parts.delete(socket);
    target.publish({ socket, ...begun } satisfies MessageMessage);
  },
  onPong: (socket, roundTrip) => {
    if (pong.hasSubscribers) pong.publish({ socket, roundTrip } satisfies PongMessage);
  },
  onBackpressure: (socket, isWaiting) => {
    if (!backpressure.hasSubscribers) return;
    backpressure.publish({ socket, isWaiting, bufferedAmount: socket.bufferedAmount } satisfies BackpressureMessage);
  },
  onDrop: (socket, reason) => {
    if (dropped.hasSubscribers) dropped.publish({ socket, reason } satisfies DropMessage);
  },
  onClose: (socket, info) => {
    publishDialling(socket, info.error);
    if (log.enabled) note(socket, 'closed', info.code, info.reason, info.error?.message ?? 'clean');
    if (close.hasSubscribers) close.publish({ socket, info } satisfies CloseMessage);
  },
  onRefused: (request, response, reason, socket) => {
    if (refused.hasSubscribers) refused.publish({ socket, request, response, reason } satisfies RefusedMessage);
    if (log.enabled) log('%s ms refused %s: %s', time(), request?.target ?? reason.remoteAddress, reason.kind);
    if (reason.kind === 'origin') tellDeveloper(request as UpgradeRequest, socket);
  },
  onError: (socket, error) => {
    if (log.enabled) note(socket, 'a handler failed', error);
    if (failed.hasSubscribers) failed.publish({ socket, error } satisfies ErrorMessage);
  },
};

/** Messages that are streamed, and what of them has come or gone. */
const receiving = new WeakMap<Socket<any>, { kind: 'text' | 'binary'; size: number }>();
const sending = new WeakMap<Socket<any>, { kind: 'text' | 'binary'; size: number }>();

function sizeOf(message: string | BytesLike): number {
  return typeof message === 'string' ? Buffer.byteLength(message) : byteLengthOf(message);
}

function publishDialling(socket: Socket<any>, error: WebSocketError | undefined): void {
  const { dialing } = socket;
  socket.dialing = undefined;
  if (dialing === undefined || !dialled.hasSubscribers) return;
  dialled.publish({ socket, durations: dialing.durations(), error } satisfies ClientHandshakeMessage);
}

let hasTold = false;

/** A page on another port is everybody's first contact with Origins: once in a process, a line says what to do. */
function tellDeveloper({ origin = '', host }: UpgradeRequest, socket: Socket<any> | undefined): void {
  if (hasTold || process.env.NODE_ENV === 'production') return;
  hasTold = true;
  const server = `${socket?.url.startsWith('wss:') === true ? 'wss' : 'ws'}://${host}`;
  if (/^(?:null|[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]-]{1,100})$/.test(origin)) {
    console.warn(
      `sansocket: a page of ${origin} was refused with 403 by ${server}: only pages of the same host may connect. ` +
        `If it is yours: allowedOrigins: ['${origin}']`,
    );
    return;
  }
  // No page's: x/net/websocket of Go sends what its user has written, most often with a slash at the end.
  console.warn(
    `sansocket: a client was refused with 403 by ${server}: its Origin is none, for that is a scheme, a host and perhaps a port, ` +
      'and nothing behind them. If it is yours: let it send none or such a one, or give a function as allowedOrigins',
  );
}

const NAMES: Readonly<Record<number, string>> = {
  0: 'CONTINUATION',
  1: 'TEXT',
  2: 'BINARY',
  8: 'CLOSE',
  9: 'PING',
  10: 'PONG',
};

let connections = 0;
let hasStarted = false;

/** Tells, once, what this process has of Node. To be called before anything is listened for or connected to. */
export function tellStart(): void {
  if (hasStarted) return;
  hasStarted = true;
  if (!log.enabled && !started.hasSubscribers) return;
  const { node } = process.versions;
  const internals = describeSeams();
  if (log.enabled) log('%s ms Node %s: %j', time(), node, internals);
  if (started.hasSubscribers) started.publish({ node, internals } satisfies StartMessage);
}

/** Milliseconds since the process began. */
function time(): string {
  return nodeClock.now().toFixed(1);
}

/** With NODE_DEBUG=sansocket, a line on stderr about a connection. */
function note(socket: Socket<any>, ...what: unknown[]): void {
  const side = socket.isServer ? `server ${socket.remoteAddress}` : `client ${shownUrl(socket.url)}`;
  log('%s ms %s:', time(), side, ...what);
}

/**
 * With NODE_DEBUG=sansocket, a line on stderr for each frame of a connection (its kind and length, never its payload) and
 * for each change of its state. Frames are published on `sansocket:frame` where somebody listens to that when the connection is made.
 */
export function debugTrace(isServer: boolean): Trace | undefined {
  if (!log.enabled && !frames.hasSubscribers) return undefined;
  const connection = ++connections;
  const name = `${isServer ? 'server' : 'client'} ${connection}`;
  return (entry) => {
    if ('cause' in entry) return log('%s ms %s %s: %s → %s', time(), name, entry.cause, entry.from, entry.to);
    const frame = entry;
    if (frames.hasSubscribers) frames.publish({ ...frame, connection, isServer } satisfies FrameMessage);
    const { sent: isSent, opcode, fin, rsv1, length } = frame;
    const flags = (fin ? ' FIN' : '') + (rsv1 ? ' RSV1' : '');
    log('%s ms %s %s %s%s %d', time(), name, isSent ? '>' : '<', NAMES[opcode], flags, length);
  };
}
