import type { PreparedMessage } from '../../../protocol/index.ts';
import type { TopicData, EngineMessage } from '../engine.ts';
import { Sent } from '../hub/output.ts';

/** A message as it goes over the wire: made once a publish, encoded once for all sockets that can share that. */
export class Outgoing {
  readonly data: TopicData;
  readonly compress: boolean;
  prepared: PreparedMessage | undefined;

  constructor(data: TopicData, compress: boolean) {
    this.data = data;
    this.compress = compress;
    this.prepared = undefined;
  }
}

/** A socket of whatever face, as the hub sees it. */
export interface Outlet {
  /** What the user calls it. */
  readonly ws: object;
  readonly isOpen: boolean;
  send(message: Outgoing): Sent;
  /** Calls back whenever it takes messages again after it was full, and once when it has ended. Called once. */
  watch(drained: () => void, ended: () => void): void;
  terminate(error: Error): void;
}

/** What listens to a topic inside of the hub, and is no socket: it takes everything, as the engine hands it out. */
export class Tap implements Outlet {
  readonly ws: object;
  readonly isOpen = true;
  readonly message: (message: EngineMessage) => void;
  /** Something was missed. */
  readonly gap: () => void;

  constructor(message: (message: EngineMessage) => void, gap: () => void) {
    this.ws = this;
    this.message = message;
    this.gap = gap;
  }

  send(): Sent {
    return Sent.TAPPED;
  }

  watch(): void {}

  terminate(): void {}
}
