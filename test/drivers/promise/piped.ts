import {
  createListen,
  createOpen,
  type ConnectionHandler,
  type Server,
  type WebSocket,
} from '../../../drivers/promise/index.ts';
import { NetworkDriver } from '../../../drivers/pipe/index.ts';
import type { NetworkOptions, PipeClientOptions, PipeServerOptions } from '../../../drivers/pipe/index.ts';
import type { Open, ServeOptions } from '../../../drivers/promise/index.ts';

export interface Piped {
  network: NetworkDriver;
  open: Open<PipeClientOptions>;
  listen(handler: ConnectionHandler, options?: PipeServerOptions & ServeOptions): Promise<Server>;
  /** What was reported to a server's `onError`. */
  errors: unknown[];
}

export const URL = 'ws://server/';

/** A handler that sends everything back. */
export async function echo(webSocket: WebSocket): Promise<void> {
  for await (const message of webSocket) await webSocket.send(message);
}

/** The promise API over an in-memory network. */
export function piped(options: NetworkOptions = {}): Piped {
  const network = new NetworkDriver(options);
  const errors: unknown[] = [];
  const listen = createListen<PipeServerOptions>(network);
  return {
    network,
    open: createOpen<PipeClientOptions>(network),
    listen: (handler, serverOptions = {}) =>
      listen({ host: 'server', onError: (error) => void errors.push(error), ...serverOptions }, handler),
    errors,
  };
}
