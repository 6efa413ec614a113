import type { Server as NetServer } from 'node:net';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import type { AdmissionControl } from '../socket/admission-control.ts';
import type { ListenAddress, Listener } from '../driver.ts';
import { LastCall } from '../socket/graceful-close.ts';
import { ListenerBase } from '../socket/listener.ts';
import type { Socket } from '../socket/socket.ts';
import { portOf, urlOf } from './address.ts';
import { nodeClock } from './clock.ts';

/** What `serve` resolves to, and `attach` returns. */
export interface NodeListener extends Listener {
  /** Replaces key and certificates, for connections to come. Throws a TypeError without TLS of its own. */
  setSecureContext(context: SecureContextOptions): void;
}

/** The listener over a server of node's. */
export class ServerListener extends ListenerBase implements NodeListener {
  readonly closed: Promise<void>;
  readonly #server: Pick<NetServer, 'address'>;
  readonly #secure: boolean;
  readonly #admission: AdmissionControl;
  readonly #stop: () => void;
  readonly #lastCall: LastCall;
  /** Where it listened: that is known after the end, too. */
  #last: ListenAddress;

  /** `stop` stops listening. */
  constructor(
    server: Pick<NetServer, 'address'>,
    secure: boolean,
    admission: AdmissionControl,
    stop: () => void,
    closed: Promise<void>,
  ) {
    super();
    this.closed = closed;
    this.#server = server;
    this.#secure = secure;
    this.#admission = admission;
    this.#stop = stop;
    this.#lastCall = new LastCall(nodeClock, () => admission.end());
    void closed.then(() => this.#lastCall.cancel());
    this.#last = server.address();
  }

  get address(): ListenAddress {
    return this.#server.address();
  }

  get port(): number {
    return portOf(this.#listenAddress);
  }

  get url(): string {
    return urlOf(this.#listenAddress, this.#secure);
  }

  get connections(): ReadonlySet<Socket> {
    return this.#admission.sockets as ReadonlySet<Socket>;
  }

  stopListening(timeout = Infinity): void {
    this.#stop();
    this.#lastCall.within(timeout);
  }

  setSecureContext(context: SecureContextOptions): void {
    if (!('setSecureContext' in this.#server)) throw new TypeError('this server has no TLS');
    (this.#server as TlsServer).setSecureContext(context);
  }

  get #listenAddress(): ListenAddress {
    return (this.#last = this.#server.address() ?? this.#last);
  }
}
