import { Connection, type DeflateCodec, type Limits, type Resources } from '../../protocol/index.ts';
import { makeDeflate, resolveConduct, resolveLimit, resolveLimits, ServerPolicy } from '../../protocol/internal.ts';
import { AdmissionControl } from '../socket/admission-control.ts';
import type { Handlers } from '../socket/socket.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../socket/options.ts';
import { LastCall } from '../socket/graceful-close.ts';
import { ListenerBase } from '../socket/listener.ts';
import { Socket } from '../socket/socket.ts';
import { SocketSetting } from '../socket/socket-parts.ts';
import type { TransportEnd } from './link-end.ts';
import { checkLinkOptions, type LinkOptions } from './link-options.ts';
import { type PipeServerOptions } from './options.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a listener needs of its network. */
export interface ListenerHost {
  readonly clock: VirtualClock;
  readonly resources: Resources;
  readonly codec: DeflateCodec | undefined;
  /** Nobody is to be sent here any more. */
  forget(listener: PipeListener): void;
}

/** A server in a network. */
export class PipeListener extends ListenerBase {
  /** @internal */
  readonly linkOptions: LinkOptions | undefined;
  readonly closed: Promise<void>;
  readonly #host: ListenerHost;
  readonly #options: PipeServerOptions;
  readonly #setting: SocketSetting;
  readonly #admission: AdmissionControl;
  readonly #lastCall: LastCall;
  readonly #plain: ServerPolicy;
  readonly #secure: ServerPolicy;
  readonly #limits: Limits;
  /** The name that it listens on, or an empty string for any. */
  readonly #name: string;
  #isListening: boolean;
  #resolveClosed: () => void;
  #boundPort: number;

  /** @internal Throws a TypeError or RangeError for bad options. */
  constructor(host: ListenerHost, options: PipeServerOptions, handlers: Handlers<any>) {
    super();
    this.#limits = resolveLimits(options);
    makeDeflate(true, { compress: options.compress, codec: host.codec });
    checkLinkOptions(options.link);
    this.#name = options.host ?? '';
    this.#isListening = true;
    this.linkOptions = options.link;
    this.#host = host;
    this.#options = options;
    this.#admission = new AdmissionControl(options, options.path);
    this.#lastCall = new LastCall(host.clock, () => this.#admission.end());
    this.#plain = new ServerPolicy({ ...options, secure: false });
    this.#secure = new ServerPolicy({ ...options, secure: true });
    this.#setting = new SocketSetting({
      handlers,
      clock: host.clock,
      resources: host.resources,
      admission: this.#admission,
      sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
      sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    });
    this.#resolveClosed = () => {};
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#boundPort = 0;
  }

  /** The name that it listens on, an empty string for any, or null once it doesn't. */
  get address(): string | null {
    return this.#isListening ? this.#name : null;
  }

  get port(): number {
    return this.#boundPort;
  }

  get url(): string {
    return `ws://${this.#name === '' ? 'localhost' : this.#name}:${this.#boundPort}`;
  }

  get connections(): ReadonlySet<Socket> {
    return this.#admission.sockets as ReadonlySet<Socket>;
  }

  stopListening(timeout = Infinity): void {
    this.#isListening = false;
    this.#host.forget(this);
    this.#admission.stop(() => {
      this.#lastCall.cancel();
      this.#resolveClosed();
    });
    this.#lastCall.within(timeout);
  }

  /** @internal Where it listens from now on. */
  bind(port: number): void {
    this.#boundPort = port;
  }

  /** @internal Serves one end of a link; `secure` tells whether the client believes to speak TLS. */
  accept(end: TransportEnd, remoteAddress: string, secure: boolean): void {
    const peer = { remoteAddress, remotePort: 0, encrypted: secure, peerCertificate: undefined, incoming: undefined };
    const { clock, resources, codec } = this.#host;
    const socket = new Socket<any>({
      setting: this.#setting,
      connect: (sink) =>
        Connection.server({
          limits: this.#limits,
          conduct: resolveConduct(this.#options),
          compress: this.#options.compress,
          policy: secure ? this.#secure : this.#plain,
          now: clock.now(),
          sink,
          resources,
          codec,
        }),
      peer,
      url: secure ? 'wss://' : 'ws://',
      remoteAddress,
    });
    socket.attach(end);
    end.start(socket.transportHandler);
  }
}
