import { allBut, broadcast, type ListenerBroadcast } from './broadcast.ts';
import { closeGracefully, type ServerCloseOptions } from './graceful-close.ts';
import type { ListenAddress, Listener } from '../driver.ts';
import { INSPECT, type Inspect } from './inspect.ts';
import type { Socket } from './socket.ts';

/** What every driver's listener can do, on top of what it knows. */
export abstract class ListenerBase implements Listener {
  abstract readonly address: ListenAddress;
  abstract readonly port: number;
  abstract readonly url: string;
  abstract readonly connections: ReadonlySet<Socket>;
  abstract readonly closed: Promise<void>;
  abstract stopListening(timeout?: number): void;

  get broadcast(): ListenerBroadcast {
    return ((message, { except, ...options } = {}) => {
      return broadcast(allBut(this.connections, except), message, options);
    }) as ListenerBroadcast;
  }

  close(options?: ServerCloseOptions): Promise<void> {
    return closeGracefully(this, options);
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    const { url, address, connections } = this;
    return { url, isListening: address !== null, connections: connections.size };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Listener ${inspect(this.toJSON(), options)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
