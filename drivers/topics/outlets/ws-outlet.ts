import { Sent } from '../hub/output.ts';
import type { Outgoing, Outlet } from './outlet.ts';

/** What of the `ws` package's WebSocket is used here, which the face of that name has too. */
export interface WsSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, options?: { compress?: boolean }, callback?: (error?: Error | null) => void): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

const OPEN = 1;

/** Whether this is a socket of `ws`, by its shape. */
export function isWsSocket(ws: object): ws is WsSocket {
  const { readyState, send, once, terminate } = ws as Partial<WsSocket>;
  return [send, once, terminate].every((one) => typeof one === 'function') && typeof readyState === 'number';
}

/** A socket of the `ws` package, or of the face of that name. It says nothing of draining: what was sent last tells. */
export class WsOutlet implements Outlet {
  readonly ws: WsSocket;
  readonly #highWater: number;
  #drained: () => void;

  constructor(ws: WsSocket, highWater: number) {
    this.ws = ws;
    this.#highWater = highWater;
    this.#drained = () => {};
  }

  get isOpen(): boolean {
    return this.ws.readyState === OPEN;
  }

  send({ data, compress }: Outgoing): Sent {
    if (!this.isOpen) return Sent.ENDED;
    let isFull = false;
    // An error is told by 'close' as well; Node says null for none.
    this.ws.send(data, { compress }, (error) => {
      if (isFull && !error) this.#drained();
    });
    isFull = this.ws.bufferedAmount >= this.#highWater;
    return isFull ? Sent.FULL : Sent.MORE;
  }

  watch(drained: () => void, ended: () => void): void {
    this.#drained = drained;
    this.ws.once('close', ended);
  }

  terminate(): void {
    this.ws.terminate();
  }
}
