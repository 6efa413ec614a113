/**
 * The WHATWG's faces over Node's sockets: a `WebSocket` for libraries that take a constructor, and `WebSocketStream`.
 */
import { connect, type NodeClientOptions } from '../node/index.ts';
import { WebSocketFace } from './websocket.ts';
import { WebSocketStreamFace, type WebSocketStreamOptions } from './websocket-stream.ts';

/** The WHATWG's `WebSocket`. The third argument, which the standard does not have, is what `open` takes. */
export class WebSocket extends WebSocketFace {
  constructor(url: string | URL, protocols?: string | readonly string[], options?: NodeClientOptions) {
    super(connect, url, protocols, options);
  }
}

/** The WHATWG's `WebSocketStream`. What the standard's options do not have is what `open` takes. */
export class WebSocketStream extends WebSocketStreamFace {
  constructor(url: string | URL, options?: WebSocketStreamOptions & NodeClientOptions) {
    super(connect, url, options);
  }
}

export type { WebSocketCloseInfo, WebSocketStreamOpening, WebSocketStreamOptions } from './websocket-stream.ts';
export { CloseEvent } from './events.ts';
