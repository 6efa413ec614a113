/** The face of the `ws` package, for libraries and programs that take that one. */
import { Adopter } from '../node/adopt.ts';
import { resources } from '../node/internals/resources.ts';
import { allocateBlock } from '../node/internals/shared-block.ts';
import { checkUnread, isTaken } from '../node/node-transport.ts';
import { copierOver } from './copies.ts';
import { standOn } from './driver.ts';
import * as extension from './extension.ts';
import { Sender } from './sender.ts';
import { WebSocketServer } from './server.ts';
import { createWebSocketStream } from './stream.ts';
import * as subprotocol from './subprotocol.ts';
import { WebSocket } from './websocket.ts';

const copier = copierOver(allocateBlock);

standOn({
  adopter: (options, handlers) => new Adopter(options, handlers, { copier }),
  isTaken,
  checkUnread,
  sha1: resources.sha1,
});

// As `require('ws')` has them: all on the class.
Object.assign(WebSocket, {
  createWebSocketStream,
  extension: { ...extension },
  Sender,
  Server: WebSocketServer,
  subprotocol: { ...subprotocol },
  WebSocket,
  WebSocketServer,
});

export { createWebSocketStream, extension, Sender, WebSocketServer as Server, subprotocol, WebSocket, WebSocketServer };
export { CloseEvent, ErrorEvent, Event, MessageEvent } from './event-target.ts';
export type { PerMessageDeflateOptions } from './deflate.ts';
export type { BinaryType } from './data.ts';
export type { ClientOptions, SendOptions, ServerOptions, VerifyClient, VerifyClientInfo } from './options.ts';
export default WebSocket;
