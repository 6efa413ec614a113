import net from 'node:net';
import tls from 'node:tls';
import { joinBytes } from './frames.ts';
import type { Timing, Wire, WireHandler } from './wire.ts';

/** The real clock. */
export const realTiming: Timing = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    let immediate: NodeJS.Immediate | undefined;
    // When this process was busy for long, the timer comes before what has arrived meanwhile: let that be read first.
    const timer = setTimeout(() => (immediate = setImmediate(callback)), milliseconds);
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
  soon: (callback) => void setImmediate(callback),
};

/** Pieces up to this size are joined when they leave together. */
const BLOCK = 64 * 1024;

/** A wire over a connected socket (TCP or TLS). */
export class TcpWire implements Wire {
  private readonly socket: net.Socket;
  private pending: Uint8Array[];

  constructor(socket: net.Socket, handler: WireHandler) {
    this.socket = socket;
    this.pending = [];
    socket.setNoDelay(true);
    socket.on('data', (bytes) => handler.onBytes(bytes));
    // Half a connection is none: at the peer's FIN the socket ends its own side (allowHalfOpen is off) and closes.
    socket.on('end', () => socket.destroySoon());
    socket.on('error', () => {}); // 'close' follows, and a reset is an end like any other
    socket.on('close', () => handler.onGone());
  }

  write(bytes: Uint8Array): void {
    if (this.pending.length === 0) process.nextTick(() => this.flush());
    this.pending.push(bytes);
  }

  end(): void {
    this.flush();
    this.socket.destroySoon();
  }

  abort(): void {
    this.pending = [];
    if (this.socket instanceof tls.TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  private flush(): void {
    const { pending, socket } = this;
    this.pending = [];
    if (socket.destroyed || socket.writableEnded) return;
    socket.cork();
    for (let i = 0; i < pending.length;) {
      const first = i;
      for (let size = 0; i < pending.length && (i === first || size + pending[i]!.length <= BLOCK); i++) {
        size += pending[i]!.length;
      }
      socket.write(i - first === 1 ? pending[first]! : joinBytes(pending.slice(first, i)));
    }
    socket.uncork();
  }
}

/** Where a server under test is. */
export interface Target {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** The Host field. */
  readonly host: string;
  /** Path and query. */
  readonly resource: string;
}

/** Takes a ws: or wss: URL apart. Throws a TypeError for anything else. */
export function parseTarget(text: string): Target {
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new TypeError(`not a ws: or wss: URL: ${text}`);
  const secure = url.protocol === 'wss:';
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    resource: url.pathname + url.search,
  };
}

/** Connects to a server under test. Its certificate is not verified: the suite judges a protocol, not an identity. */
export function connect(target: Target): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = target;
    const socket = target.secure
      ? tls.connect({
          host,
          port,
          rejectUnauthorized: false,
          ALPNProtocols: ['http/1.1'],
          ...(net.isIP(host) ? {} : { servername: host }),
        })
      : net.connect({ host, port });
    socket.once('error', reject);
    socket.once(target.secure ? 'secureConnect' : 'connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}
