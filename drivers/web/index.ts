/**
 * The WHATWG's faces over Node's sockets: a `WebSocket` for libraries that take a constructor, and `WebSocketStream`.
 */
import { checkOptions } from '../../protocol/internal.ts';
import { connect, type NodeClientOptions } from '../node/index.ts';
import { NODE_CLIENT_OPTIONS } from '../node/options.ts';
import { needArgument } from './arguments.ts';
import { CloseEvent } from './events.ts';
import { defineInterface, finishInterface } from './interface.ts';
import { READY_STATES, WebSocketFace } from './websocket.ts';
import { WebSocketError } from './websocket-error.ts';
import { WebSocketStreamFace, type WebSocketStreamOptions } from './websocket-stream.ts';

/** The WHATWG's `WebSocket`. The third argument, which the standard does not have, is what `open` takes. */
export class WebSocket extends WebSocketFace {
  constructor(url: string | URL, protocols: string | readonly string[] = [], options: NodeClientOptions = {}) {
    needArgument(arguments.length, 'WebSocket');
    // WebIDL: an argument that there is no parameter for is ignored. One that is no object is none of ours.
    const given = typeof options === 'object' && options !== null ? options : {};
    super(connect, url, protocols, checkOptions('WebSocket', NODE_CLIENT_OPTIONS, given));
  }
}

/** The WHATWG's `WebSocketStream`. What the standard's options do not have is what `open` takes. */
export class WebSocketStream extends WebSocketStreamFace {
  constructor(url: string | URL, options: WebSocketStreamOptions & NodeClientOptions = {}) {
    needArgument(arguments.length, 'WebSocketStream');
    super(connect, url, options);
  }
}

defineInterface(WebSocket, EventTarget, READY_STATES);
defineInterface(WebSocketStream, Object);
finishInterface(WebSocketError);
finishInterface(CloseEvent);

export { CloseEvent, WebSocketError };
export type { CloseEventInit } from './events.ts';
export type { CompressOptions, ConductOptions, HeaderInit, LimitOptions } from '../../protocol/index.ts';
export type {
  AgentLike,
  ClientOptions,
  ConnectTarget,
  RouteOptions,
  NodeClientOptions,
  SocketOptions,
} from '../node/index.ts';
export type { CloseInfoInit } from './arguments.ts';
export type { MessageData } from './message.ts';
export type {
  AnyListener,
  CloseEventMembers,
  Handler as EventHandler,
  ListenerOptions,
  WebSocketEvents,
} from './websocket.ts';
export type { WebSocketCloseInfo, WebSocketStreamOpening, WebSocketStreamOptions } from './websocket-stream.ts';
