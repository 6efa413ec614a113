import type { Cut } from './cut.ts';
import { Lane } from './lane.ts';
import { LinkEnd, type TransportEnd } from './link-end.ts';
import { laneSettings } from './options.ts';
import type { Fault, LinkOptions } from './options.ts';
import type { SeededRandom } from './random.ts';
import type { Trace, TraceEvent } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface LinkInit {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** In order of precedence, the weakest first. */
  readonly options: readonly (LinkOptions | undefined)[];
  /** Numbers the links of a network, for its trace. */
  readonly id?: number;
  readonly trace?: Trace;
  /** Both ends have been told that it is over. */
  readonly onClosed?: (link: Link) => void;
}

/** A connection between two transports, and the commands that disturb it. */
export class Link {
  readonly id: number;
  /** The client's end. */
  readonly client: TransportEnd;
  readonly server: TransportEnd;
  /** What the client sends. */
  readonly toServer: LinkDirection;
  /** What the server sends. */
  readonly toClient: LinkDirection;
  readonly #ends: readonly LinkEnd[];

  /** Throws a TypeError or RangeError for bad options. */
  constructor(init: LinkInit) {
    const { clock, random, options, trace, onClosed } = init;
    this.id = init.id ?? 0;
    let open = 2;
    const closed = (): void => {
      if (--open === 0) onClosed?.(this);
    };
    const record = (side: 'client' | 'server') => (event: TraceEvent, bytes: number) =>
      trace?.({ time: clock.now(), link: this.id, side, event, bytes });
    const client = new LinkEnd(clock, record('client'), closed);
    const server = new LinkEnd(clock, record('server'), closed);
    const reset = (): void => this.reset();
    const toServer = new Lane(clock, random.fork(1), laneSettings('toServer', ...options), {
      sender: client,
      receiver: server,
      reset,
    });
    const toClient = new Lane(clock, random.fork(2), laneSettings('toClient', ...options), {
      sender: server,
      receiver: client,
      reset,
    });
    client.join(toServer, toClient);
    server.join(toClient, toServer);
    this.client = client;
    this.server = server;
    this.#ends = [client, server];
    this.toServer = new LinkDirection(toServer);
    this.toClient = new LinkDirection(toClient);
  }

  /** Resets the connection for both ends, now. What was on its way is dropped. */
  reset(): void {
    for (const end of this.#ends) end.takeReset();
  }

  /** Nothing arrives, either way, until `unstall`. */
  stall(): void {
    this.toServer.stall();
    this.toClient.stall();
  }

  unstall(): void {
    this.toServer.unstall();
    this.toClient.unstall();
  }

  /** Nothing arrives any more, either way, and neither end is told: each has a half-open peer. */
  lose(): void {
    this.toServer.lose();
    this.toClient.lose();
  }
}

/** One direction of a link. */
export class LinkDirection {
  readonly #lane: Lane;

  /** @internal */
  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** How many bytes have been delivered. */
  get delivered(): number {
    return this.#lane.deliveredAmount;
  }

  /** Cuts what is delivered from now on in another way. */
  cut(cut: Cut): void {
    this.#lane.recut(cut);
  }

  /** Sets what is to go wrong, and after how many delivered bytes; `undefined` calls it off. */
  plan(fault: Fault | undefined): void {
    this.#lane.plan(fault);
  }

  /** Nothing arrives until `unstall`; then all of it does. */
  stall(): void {
    this.#lane.stall();
  }

  unstall(): void {
    this.#lane.unstall();
  }

  /** Nothing arrives any more, and neither end is told. */
  lose(): void {
    this.#lane.lose();
  }

  /** The receiver is told that the sender has ended, which does not know of it. What was on its way is lost. */
  end(): void {
    this.#lane.cutOff();
  }
}
