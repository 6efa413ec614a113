import type { ClientRequest, IncomingMessage, Server as HttpServer } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import type { RequestOptions, Server as HttpsServer } from 'node:https';
import type { SocketOptions } from '../socket/options.ts';
import type { PerMessageDeflateOptions } from './deflate.ts';

/** What both sides take. Where nothing else is said, the defaults are those of `ws`. */
export interface ConnectionOptions {
  /** Takes sansocket's defaults in place of those of `ws`: docs/ws.md lists them. Default false. */
  safe?: boolean | undefined;
  /** Whether messages, pings and pongs may come several in one turn of the event loop. Default true. */
  allowSynchronousEvents?: boolean | undefined;
  /** Whether pings are answered without anyone's doing. Default true. */
  autoPong?: boolean | undefined;
  /** How long the closing handshake may take, in milliseconds. Default 30 s. */
  closeTimeout?: number | undefined;
  /** The most fragments that a message may come in. Default 16,384. */
  maxFragments?: number | undefined;
  /** The largest message that is received, in bytes. Default 100 MiB. */
  maxPayload?: number | undefined;
  /** Not looked at: what comes is not buffered in chunks. */
  maxBufferedChunks?: number | undefined;
  /** Not looked at: of pings that can't be answered yet, the last is. */
  maxPendingAutoPongs?: number | undefined;
  /** Not looked at: text is always checked, at little cost. */
  skipUTF8Validation?: boolean | undefined;
  /** The connection is ended when something is sent while more than this is buffered already. Default 1 GiB. */
  sendLimit?: number | false | undefined;
  /** A ping is sent when nothing was received for this long, in milliseconds. Default: none is. */
  pingInterval?: number | false | undefined;
  /** The connection is lost when nothing is received for this long after it. Default 20 s. */
  pongTimeout?: number | false | undefined;
}

/** What `new WebSocket` takes: what is here, and everything that http(s).request takes. */
export interface ClientOptions
  extends ConnectionOptions, Omit<RequestOptions, 'createConnection'>, SecureContextOptions {
  protocols?: string | string[] | undefined;
  /** Opens the connection, in place of net.connect or tls.connect. */
  createConnection?: RequestOptions['createConnection'] | undefined;
  finishRequest?(request: ClientRequest, websocket: any): void;
  followRedirects?: boolean | undefined;
  generateMask?(mask: Buffer): void;
  /** Milliseconds. */
  handshakeTimeout?: number | undefined;
  /** Default 10. */
  maxRedirects?: number | undefined;
  origin?: string | undefined;
  /** Whether compression is offered, and how. Default true. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  protocolVersion?: number | undefined;
}

/** What `verifyClient` is told. */
export interface VerifyClientInfo {
  origin: string;
  secure: boolean;
  req: IncomingMessage;
}

export type VerifyClient =
  | ((info: VerifyClientInfo) => boolean)
  | ((
      info: VerifyClientInfo,
      callback: (verified: boolean, code?: number, message?: string, headers?: Record<string, unknown>) => void,
    ) => void);

/** What `new WebSocketServer` takes. */
export interface ServerOptions extends ConnectionOptions {
  host?: string | null | undefined;
  port?: number | null | undefined;
  backlog?: number | null | undefined;
  server?: HttpServer | HttpsServer | null | undefined;
  noServer?: boolean | undefined;
  path?: string | null | undefined;
  /** Whether `clients` is kept. Default true. */
  clientTracking?: boolean | undefined;
  handleProtocols?: ((protocols: Set<string>, request: IncomingMessage) => string | false) | null | undefined;
  verifyClient?: VerifyClient | null | undefined;
  /** Whether compression is accepted, and how. Default false. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** The class of the connections. */
  WebSocket?: any | undefined;
  /** Origins that may connect, as the driver's option. Default: any; with `safe`, the same host. */
  allowedOrigins?:
    readonly string[] | '*' | ((origin: string | undefined, request: IncomingMessage) => boolean) | undefined;
}

/** How a message is sent. */
export interface SendOptions {
  /** Whether it is BINARY. Default: whatever is no string. */
  binary?: boolean | undefined;
  compress?: boolean | undefined;
  /** Whether it ends the message. Default true. */
  fin?: boolean | undefined;
  /** Not looked at: clients mask. */
  mask?: boolean | undefined;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

export const DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: 30_000,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * MIB,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
};

/** What `safe` puts in the place of those, and of nothing at all. */
export const SAFE_DEFAULTS = {
  ...DEFAULTS,
  closeTimeout: 10_000,
  handshakeTimeout: 10_000,
  maxFragments: MIB,
  maxPayload: 16 * MIB,
  sendLimit: 16 * MIB,
  pingInterval: 20_000,
  pongTimeout: 20_000,
};

export function defaultsOf(options: { safe?: boolean } | undefined): typeof DEFAULTS {
  return options?.safe === true ? SAFE_DEFAULTS : DEFAULTS;
}

/** The driver's options for a connection. */
export function socketOptions(options: ConnectionOptions): SocketOptions {
  return {
    text: 'bytes',
    explainFaults: options.safe === true,
    autoPong: isOn(options.autoPong),
    maxMessageSize: limit(options.maxPayload, DEFAULTS.maxPayload),
    maxFragments: limit(options.maxFragments, DEFAULTS.maxFragments),
    closeTimeout: timeout(options.closeTimeout ?? DEFAULTS.closeTimeout),
    pingInterval: options.pingInterval ?? false,
    pongTimeout: options.pongTimeout ?? SAFE_DEFAULTS.pongTimeout,
    sendLimit: options.sendLimit ?? GIB,
  };
}

/** Whether something that is on by default is: off is whatever is false as a condition, but for what is not given. */
export function isOn(value: boolean | undefined): boolean {
  return value === undefined || Boolean(value);
}

/** As a timer takes it: what is no time at all is the shortest. */
function timeout(value: number): number {
  const time = Number(value);
  return time >= 1 ? time : 1;
}

/** A limit of `ws`: a 32-bit integer, of which what is not above zero means none. */
function limit(value: number | undefined, fallback: number): number | false {
  const number = value === undefined ? fallback : value | 0;
  return number > 0 ? number : false;
}
