import { INSPECT, type Inspect } from '../socket/inspect.ts';
import type { Cut } from './cut.ts';
import { OneWayLink } from './one-way-link.ts';
import { LinkEnd, type TransportEnd } from './link-end.ts';
import { oneWaySettings } from './link-options.ts';
import type { Fault, LinkOptions } from './link-options.ts';
import type { SeededRandom } from './random.ts';
import type { Trace, TraceEvent } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a link is made of. */
export interface LinkInit {
  /** The time of its network. */
  readonly clock: VirtualClock;
  /** What its latencies, cuts and losses are drawn from. */
  readonly random: SeededRandom;
  /** In order of precedence, the weakest first. */
  readonly options: readonly (LinkOptions | undefined)[];
  /** Numbers the links of a network, for its trace. */
  readonly id?: number | undefined;
  /** Told of everything that happens to it. */
  readonly trace?: Trace | undefined;
  /** Both ends have been told that it is over. */
  readonly onClosed?: ((link: Link) => void) | undefined;
}

/** A connection between two transports, and the commands that disturb it. */
export class Link {
  /** Numbers the connections of a network, from 1 on. */
  readonly id: number;
  /** The client's end. */
  readonly client: TransportEnd;
  /** The server's end. */
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
    const toServer = new OneWayLink(clock, random.fork(1), oneWaySettings('toServer', ...options), {
      sender: client,
      receiver: server,
      reset,
    });
    const toClient = new OneWayLink(clock, random.fork(2), oneWaySettings('toClient', ...options), {
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

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    const { id, toServer, toClient } = this;
    return { id, toServer: { delivered: toServer.delivered }, toClient: { delivered: toClient.delivered } };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Link ${inspect(this.toJSON(), options)}`;
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

  /** Bytes arrive again, both ways; those that were held up come first. */
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
  readonly #lane: OneWayLink;

  /** @internal */
  constructor(lane: OneWayLink) {
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

  /** Bytes arrive again; those that were held up come first. */
  unstall(): void {
    this.#lane.unstall();
  }

  /** Nothing arrives any more, and the sender's next write fails (EPIPE); what comes the other way can be read all the same. */
  refuse(): void {
    this.#lane.refuse();
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
