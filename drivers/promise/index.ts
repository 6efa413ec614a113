/** The promise API over any driver: what the entry points are made of. */
export { broadcast } from './broadcast.ts';
export type { BroadcastOptions } from './broadcast.ts';
export { createOpen, whenOpen } from './open.ts';
export type { Open } from './open.ts';
export { withReconnecting } from './reconnecting.ts';
export type { ReconnectingOpen, ReconnectOptions } from './reconnecting.ts';
export { createListen, servingOf } from './listen.ts';
export type { Listen, ServeOptions } from './listen.ts';
export { Server, serverOf } from './server.ts';
export type { ServerCloseOptions } from './server.ts';
export { WebSocket } from './websocket.ts';
export type { ConnectionHandler } from './serve-one.ts';
export type { PromiseOptions } from './session.ts';
export type { ErrorListener } from './serving.ts';
export type { Data, Fragments, ReceivedMessage } from './data.ts';
export type { TimedWaitOptions, WaitOptions } from './give-up.ts';
export type { MessageStream } from './message-stream.ts';
export type { SendOptions } from './outbound.ts';
