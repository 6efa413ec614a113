import { Connection, HandshakeError, type DeflateCodec, parseWebSocketUrl, Resources } from '../../protocol/index.ts';
import {
  checkOptions,
  isError,
  type OptionTable,
  resolveConduct,
  resolveLimit,
  resolveLimits,
} from '../../protocol/internal.ts';
import type { Driver } from '../driver.ts';
import { INSPECT, type Inspect } from '../socket/inspect.ts';
import type { Handlers } from '../socket/socket.ts';
import { checkHandlers } from '../socket/handlers.ts';
import { type WithContext, SEND_HIGH_WATER, SEND_LIMIT } from '../socket/options.ts';
import { Socket } from '../socket/socket.ts';
import { SocketSetting } from '../socket/socket-parts.ts';
import { Addresses } from './addresses.ts';
import { PipeError } from './link-end.ts';
import { IdleHint } from './idle-hint.ts';
import { Link } from './link.ts';
import { PipeListener } from './listener.ts';
import { checkLinkOptions, oneWaySettings } from './link-options.ts';
import { checkCodec, NETWORK_OPTIONS, PIPE_CLIENT_OPTIONS, PIPE_SERVER_OPTIONS } from './options.ts';
import type { Direction, LinkOptions } from './link-options.ts';
import type { NetworkOptions, PipeClientOptions, PipeServerOptions } from './options.ts';
import { SeededRandom } from './random.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * A network that lives in memory, with a clock of its own: the event face, `connect` and `serve`.
 *
 * Bytes on their way are delivered by themselves, in order of time, and time moves with them; timers that come due
 * before them fire. When nothing is on its way time stands still until `advance`.
 */
export class NetworkDriver implements Driver<PipeClientOptions, PipeServerOptions> {
  /** The time of this network, which moves when bytes are on their way and when `advance` says so. */
  readonly clock: VirtualClock;
  readonly clientOptions: OptionTable<PipeClientOptions>;
  readonly serverOptions: OptionTable<PipeServerOptions>;
  /** What every choice of the network, and every masking key, comes from. */
  readonly seed: number;
  readonly #random: SeededRandom;
  readonly #resources: Resources;
  readonly #codec: DeflateCodec | undefined;
  readonly #options: NetworkOptions;
  readonly #addresses: Addresses<PipeListener>;
  /** The client's socket of each. */
  readonly #open: Map<Link, Socket<any>>;
  /** Those that have no link yet. */
  readonly #dialing: Set<Socket<any>>;
  readonly #hint: IdleHint;
  #connects: number;

  /** Throws a TypeError or RangeError for bad options. */
  constructor(given?: NetworkOptions) {
    const options = checkOptions('createNetwork', NETWORK_OPTIONS, given);
    checkLinkOptions(options);
    this.clientOptions = PIPE_CLIENT_OPTIONS;
    this.serverOptions = PIPE_SERVER_OPTIONS;
    this.clock = new VirtualClock({ manual: options.manual });
    this.seed = options.seed ?? 1;
    this.#random = new SeededRandom(this.seed);
    this.#resources = new Resources({ random: this.#random.fork(0).fill });
    this.#codec = options.codec;
    this.#options = { ...options, trace: options.trace && apart(options.trace, this.clock) };
    this.#addresses = new Addresses();
    this.#open = new Map();
    this.#dialing = new Set();
    const network = this;
    this.#hint = new IdleHint({
      get moves() {
        return network.clock.turns;
      },
      get isInUse() {
        return network.#open.size > 0 || network.#dialing.size > 0 || network.clock.describeWaits() !== undefined;
      },
      get settling() {
        return network.clock.settling;
      },
      get now() {
        return network.clock.now();
      },
      describe: () => {
        const waits = this.describeWaits([...this.#dialing, ...this.#open.values()]) ?? this.clock.describeWaits();
        return waits && `${waits}. Time stands still until network.advance(milliseconds)`;
      },
    });
    this.clock.onWait = () => this.#hint.watch();
    this.#connects = 0;
  }

  /** The connections there are, oldest first: what `reset`, `stall` and other commands are for. */
  get links(): readonly Link[] {
    return [...this.#open.keys()];
  }

  /** Moves time on by `milliseconds` and runs all that comes due; see VirtualClock.advance. */
  advance(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds);
  }

  /** Runs until no byte is on its way and nothing is due; see VirtualClock.settle. */
  settle(): Promise<void> {
    return this.clock.settle();
  }

  /**
   * Opens a connection. What goes wrong comes as `close`, with the reason in `info.error`.
   * Throws a SyntaxError for a bad URL, and a TypeError or RangeError for bad options.
   */
  connect<Data = unknown>(url: string | URL, given?: PipeClientOptions, handlers: Handlers<Data> = {}): Socket<Data> {
    const options = checkOptions('connect', PIPE_CLIENT_OPTIONS, given);
    checkHandlers('connect', handlers);
    checkCodec(options.compress, this.#codec);
    const limits = resolveLimits(options);
    const { origin, subprotocols, requireSubprotocol, headers, compress } = options;
    const request = { url: String(url), origin, subprotocols, requireSubprotocol, headers };
    checkLinkOptions(options.link);
    const clock = this.clock;
    const resources = this.#resources;
    const codec = this.#codec;
    const target = { href: String(url), ...parseWebSocketUrl(String(url)) };
    const socket = new Socket<Data>({
      setting: new SocketSetting({
        handlers,
        clock,
        resources,
        sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
        sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
      }),
      connect: (sink) =>
        Connection.client(request, {
          limits,
          conduct: resolveConduct(options),
          compress,
          now: clock.now(),
          sink,
          resources,
          codec,
        }),
      url: target.href,
      remoteAddress: '',
      signal: options.signal,
    });
    if (options.signal?.aborted !== true) this.#dial(target, options, socket);
    return socket;
  }

  /**
   * Listens, and serves every connection with these handlers. Resolves once it listens; rejects when the address is
   * taken, and with a TypeError or RangeError for bad options.
   */
  async serve<Data = unknown, Context = unknown>(
    options: WithContext<PipeServerOptions, Context> | number | `${number}`,
    handlers: Handlers<Data, Context> = {},
  ): Promise<PipeListener> {
    const given = (typeof options === 'object' ? options : { port: options }) as PipeServerOptions;
    const all = checkOptions('serve', PIPE_SERVER_OPTIONS, given);
    checkHandlers('serve', handlers);
    checkCodec(all.compress, this.#codec);
    const { host } = all;
    const port = Number(all.port ?? 80);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError('a port is a number from 0 to 65535');
    const listener = new PipeListener(
      {
        clock: this.clock,
        resources: this.#resources,
        codec: this.#codec,
        forget: (listener) => this.#addresses.remove(host, listener.port),
      },
      all,
      handlers,
    );
    const bound = this.#addresses.add(host, port, listener);
    if (bound === undefined) throw new PipeError('EADDRINUSE', `${host ?? 'any host'}:${port} is taken`);
    listener.bind(bound);
    return listener;
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { seed: this.seed, now: this.clock.now(), timers: this.clock.timers, links: this.links };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Network ${inspect(this.toJSON(), options)}`;
  }

  /** @internal What whoever uses these sockets waits for, in words: faces know. */
  describeWaits(_sockets: readonly Socket<any>[]): string | undefined {
    return undefined;
  }

  /** Asks for a connection, which takes the latency there and back, and gives it to the socket. */
  #dial(
    target: { hostname: string; port: number; secure: boolean },
    options: PipeClientOptions,
    socket: Socket<any>,
  ): void {
    const id = ++this.#connects;
    const random = this.#random.fork(id);
    const record = (side: 'client' | 'server', event: TraceEvent): void =>
      this.#options.trace?.({ time: this.clock.now(), link: id, side, event, bytes: 0 });
    const after = (direction: Direction, linkOptions: readonly (LinkOptions | undefined)[], run: () => void): void => {
      const [min, max] = oneWaySettings(direction, ...linkOptions).latency;
      this.clock.carryAt(this.clock.now() + random.between(min, max), run);
    };

    record('client', 'connect');
    this.#dialing.add(socket);
    this.#hint.watch();
    const own = [this.#options, options.link];
    after('toServer', own, () => {
      const listener = this.#addresses.find(target.hostname, target.port);
      if (listener === undefined) {
        const others = this.#addresses.describe();
        const where = `${target.hostname}:${target.port}${others === '' ? '' : `, but on ${others}`}`;
        const error = new PipeError('ECONNREFUSED', `nobody listens on ${where}`);
        return after('toClient', own, () => {
          record('client', 'refused');
          this.#dialing.delete(socket);
          const { hostname, port } = target;
          const text = `could not connect to ${hostname}:${port} (ECONNREFUSED)`;
          socket.terminate(new HandshakeError(text, { cause: error, kind: 'connect', isTemporary: true }));
        });
      }
      const linkOptions = [this.#options, listener.linkOptions, options.link];
      const link = new Link({
        id,
        clock: this.clock,
        random,
        options: linkOptions,
        trace: this.#options.trace,
        onClosed: () => this.#open.delete(link),
      });
      this.#dialing.delete(socket);
      this.#open.set(link, socket);
      try {
        options.onLink?.(link);
      } catch (cause) {
        this.#open.delete(link);
        const text = `onLink has thrown: ${isError(cause) ? cause.message : String(cause)}`;
        return socket.terminate(new HandshakeError(text, { cause, kind: 'connect', isTemporary: false }));
      }
      record('server', 'accept');
      listener.accept(link.server, options.localAddress ?? 'client', target.secure);
      after('toClient', linkOptions, () => {
        socket.attach(link.client, target.hostname);
        link.client.start(socket.transportHandler);
      });
    });
  }
}

/** A trace whose errors are the clock's to tell, as those of other callbacks: what it looks at goes on. */
function apart(trace: Trace, clock: VirtualClock): Trace {
  return (entry) => {
    try {
      trace(entry);
    } catch (error) {
      clock.defer(() => {
        throw error;
      });
    }
  };
}
