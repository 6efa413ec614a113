import { Connection, type DeflateCodec, resolveLimit, resolveLimits, ServerPolicy } from '../../protocol/index.ts';
import type { Workspace } from '../../protocol/index.ts';
import { Admission } from '../admission.ts';
import { type Handlers, type Listener, SEND_HIGH_WATER, SEND_LIMIT } from '../handlers.ts';
import { Socket } from '../socket.ts';
import type { TransportEnd } from './link-end.ts';
import { checkLinkOptions, type LinkOptions, type PipeServerOptions } from './options.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a listener needs of its network. */
export interface ListenerHost {
  readonly clock: VirtualClock;
  readonly workspace: Workspace;
  readonly codec: DeflateCodec | undefined;
  /** Nobody is to be sent here any more. */
  forget(listener: PipeListener): void;
}

/** A server in a network. */
export class PipeListener implements Listener {
  /** The name that it listens on, or an empty string for any. */
  readonly address: string;
  /** @internal */
  readonly linkOptions: LinkOptions | undefined;
  readonly closed: Promise<void>;
  readonly #host: ListenerHost;
  readonly #options: PipeServerOptions;
  readonly #handlers: Handlers<any>;
  readonly #admission: Admission;
  readonly #plain: ServerPolicy;
  readonly #secure: ServerPolicy;
  readonly #sendHighWater: number;
  readonly #sendLimit: number;
  #resolveClosed: () => void;
  #boundPort: number;

  /** @internal Throws a TypeError or RangeError for bad options. */
  constructor(host: ListenerHost, options: PipeServerOptions, handlers: Handlers<any>) {
    resolveLimits(options);
    checkLinkOptions(options.link);
    this.address = options.host ?? '';
    this.linkOptions = options.link;
    this.#host = host;
    this.#options = options;
    this.#handlers = handlers;
    this.#admission = new Admission(options);
    this.#plain = new ServerPolicy({ ...options, secure: false });
    this.#secure = new ServerPolicy({ ...options, secure: true });
    this.#sendHighWater = resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER);
    this.#sendLimit = resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT);
    this.#resolveClosed = () => {};
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#boundPort = 0;
  }

  get port(): number {
    return this.#boundPort;
  }

  get url(): string {
    return `ws://${this.address === '' ? 'localhost' : this.address}:${this.#boundPort}`;
  }

  get connections(): ReadonlySet<Socket> {
    return this.#admission.sockets as ReadonlySet<Socket>;
  }

  stopListening(): void {
    this.#host.forget(this);
    this.#admission.stop(this.#resolveClosed);
  }

  /** @internal Where it listens from now on. */
  bind(port: number): void {
    this.#boundPort = port;
  }

  /** @internal Serves one end of a link; `secure` tells whether the client believes to speak TLS. */
  accept(end: TransportEnd, remoteAddress: string, secure: boolean): void {
    const { clock, workspace, codec } = this.#host;
    const socket = new Socket<any>({
      handlers: this.#handlers,
      clock,
      workspace,
      connect: (sink) =>
        Connection.server({
          ...this.#options,
          policy: secure ? this.#secure : this.#plain,
          now: clock.now(),
          sink,
          workspace,
          codec,
        }),
      admission: this.#admission,
      url: secure ? 'wss://' : 'ws://',
      remoteAddress,
      sendHighWater: this.#sendHighWater,
      sendLimit: this.#sendLimit,
    });
    socket.attach(end);
    end.start(socket.transportHandler);
  }
}
