import { CONDUCT_OPTIONS, type Conduct, type ConductOptions } from './conduct.ts';
import type { TracedFrame } from './framing/trace.ts';
import { areResolved, LIMIT_OPTIONS, type LimitOptions, type Limits } from './limits.ts';
import {
  BOOLEAN,
  booleanOr,
  checkOptions,
  checkRole,
  FUNCTION,
  nameOf,
  NUMBER,
  OBJECT,
  type OptionKind,
  type OptionTable,
  POLICY_OPTIONS,
  STRING,
  STRING_OR_URL,
  STRINGS,
} from './option-check.ts';
import type { ClientRequest } from './handshake/client-request.ts';
import type { ServerHandshakeOptions, ServerPolicy } from './handshake/server-policy.ts';
import type { Opening } from './handshake/types.ts';
import { CODEC, type DeflateCodec } from './permessage-deflate/codec.ts';
import { COMPRESS_OPTIONS, type CompressOptions } from './permessage-deflate/options.ts';
import { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import type { Sink } from './sink.ts';
import { checkSink } from './sink-check.ts';
import type { Cause, StateName } from './states.ts';
import { Resources } from './resources.ts';

/** What is told of a state that changes, for debugging. */
export interface TracedState {
  /** The state before. */
  readonly from: StateName;
  /** What has led from one to the other. */
  readonly cause: Cause;
  /** The state after. */
  readonly to: StateName;
}

/**
 * Is told of every frame (as its header is read, and when it is written) and of every change of state, for debugging. It looks on:
 * a call of its connection throws an InvalidStateError. What it throws comes out of the call that is under way, or of the next one
 * that may bring events, as with a sink.
 */
export type Trace = (entry: TracedFrame | TracedState) => void;

/** What every connection takes. */
export interface ConnectionOptions extends LimitOptions, ConductOptions {
  /**
   * @internal What `resolveLimits(options)` has made, and nothing else, for a driver that resolves and checks its options once
   * for all its connections: they are not checked again.
   */
  limits?: Limits | undefined;
  /** @internal `resolveConduct(options)` likewise, beside `limits`. */
  conduct?: Conduct | undefined;
  /** The time, in milliseconds on any monotonic clock; every other `now` is on the same one. */
  now: number;
  /** Where events go. Methods that it lacks are passed over; a server's sink without `onRequest` accepts. */
  sink: Partial<Sink>;
  /** What connections of one thread share. Default: one of its own. */
  resources?: Resources | undefined;
  /** permessage-deflate (RFC 7692): whether to offer or accept it, and how. Default: not. */
  compress?: boolean | CompressOptions | undefined;
  /** Is told what happens, for debugging. Default: nobody is. */
  trace?: Trace | undefined;
  /** DEFLATE, without which there is no compression. */
  codec?: DeflateCodec | undefined;
}

/** What a server's connection takes. */
export interface ServerConnectionOptions
  extends ConnectionOptions, Omit<ServerHandshakeOptions, 'extension' | 'decodeAscii' | 'sha1'> {
  /** @internal `new ServerPolicy(options)`, beside `limits`, for a server that makes it once for all its connections. */
  policy?: ServerPolicy | undefined;
}

/** What a connection takes that was opened by something else. */
export interface EstablishedOptions extends Omit<ConnectionOptions, 'compress' | 'codec'>, Partial<Opening> {
  /** permessage-deflate, once it has been agreed on. It is the connection's then, which releases it. */
  deflate?: PermessageDeflate | undefined;
}

/** `compress`: whether, and how. */
export const COMPRESS: OptionKind = booleanOr(COMPRESS_OPTIONS);

/** Options as somebody gives them who has not resolved any. */
type Unresolved<T> = Omit<T, 'limits' | 'conduct' | 'policy'>;

/** What the options of every connection may be. */
const CONNECTION_OPTIONS: OptionTable<Unresolved<ConnectionOptions>> = {
  ...LIMIT_OPTIONS,
  ...CONDUCT_OPTIONS,
  now: { expected: 'a number of milliseconds', fits: (value) => typeof value === 'number' },
  sink: OBJECT,
  resources: { expected: 'a Resources', fits: (value) => value instanceof Resources },
  compress: COMPRESS,
  trace: FUNCTION,
  codec: CODEC,
};

const SERVER_CONNECTION_OPTIONS: OptionTable<Unresolved<ServerConnectionOptions>> = {
  ...CONNECTION_OPTIONS,
  ...POLICY_OPTIONS,
};

const { compress: _compress, codec: _codec, ...SHARED_OPTIONS } = CONNECTION_OPTIONS;

const ESTABLISHED_OPTIONS: OptionTable<Unresolved<EstablishedOptions>> = {
  ...SHARED_OPTIONS,
  subprotocol: STRING,
  extensions: STRING,
  request: OBJECT,
  response: OBJECT,
  deflate: { expected: 'what establishDeflate has returned', fits: (value) => value instanceof PermessageDeflate },
};

type KeysOf<T> = T extends unknown ? keyof T : never;
type AnyRequest = { -readonly [K in KeysOf<ClientRequest>]?: unknown };

/** What a client's request may be made of. */
const REQUEST_OPTIONS: OptionTable<AnyRequest> = {
  url: STRING_OR_URL,
  host: STRING,
  path: STRING,
  secure: BOOLEAN,
  origin: STRING,
  subprotocols: STRINGS,
  requireSubprotocol: BOOLEAN,
  headers: OBJECT,
  maxRedirects: NUMBER,
  redirected: NUMBER,
  sameOrigin: BOOLEAN,
};

/** The options of a connection, checked. A driver that has resolved its `limits` once for all connections has checked its own. */
export function checkServer(options: ServerConnectionOptions): ServerConnectionOptions {
  return isChecked(options) ? options : withSink('Connection.server', SERVER_CONNECTION_OPTIONS, options);
}

export function checkClient(options: ConnectionOptions): ConnectionOptions {
  return isChecked(options) ? options : withSink('Connection.client', CONNECTION_OPTIONS, options);
}

export function checkEstablished(role: 'client' | 'server', options: EstablishedOptions): EstablishedOptions {
  checkRole('Connection.established', role);
  if (isChecked(options)) return options;
  const checked = withSink('Connection.established', ESTABLISHED_OPTIONS, options);
  if (checked.deflate === undefined && /\bpermessage-deflate\b/.test(checked.extensions ?? '')) {
    throw new TypeError(
      'Connection.established: extensions has permessage-deflate: give its deflate, of establishDeflate',
    );
  }
  return checked;
}

function withSink<T extends { sink: Partial<Sink> }>(of: string, table: OptionTable<T>, options: T): T {
  const checked = checkOptions(of, table, options);
  if (checked.sink !== undefined) checkSink(of, checked.sink);
  return checked;
}

function isChecked(options: { limits?: Limits | undefined } | undefined): boolean {
  return areResolved(options?.limits);
}

/** What `new Connection` is told. */
export const HOW_MADE = 'a Connection is made by Connection.server, Connection.client or Connection.established';

/** A client's request, checked as options are. Throws a TypeError for what is none. */
export function checkRequest(request: ClientRequest): ClientRequest {
  // A URL has its members on its prototype: they are no options.
  if (typeof request === 'string' || typeof (request as { href?: unknown } | undefined)?.href === 'string') {
    throw new TypeError(`Connection.client: the request must be an object that has a url, not ${nameOf(request)}`);
  }
  const { url, host, path, secure, ...options } = checkOptions<AnyRequest>(
    'Connection.client',
    REQUEST_OPTIONS,
    request,
  );
  if (url === undefined && host === undefined) {
    throw new TypeError('Connection.client: the request must have a url, or a host and a path');
  }
  return { ...(url === undefined ? { host, path, secure } : { url }), ...options } as ClientRequest;
}

/**
 * The extension that a connection with these options offers or accepts, if any. Throws a TypeError without a codec, and a
 * RangeError for an option out of range: whoever has options for connections to come is to call it once to see.
 */
export function makeDeflate(
  isServer: boolean,
  options: Pick<ConnectionOptions, 'compress' | 'codec'>,
): PermessageDeflate | undefined {
  const { compress = false, codec } = options;
  if (compress === false) return undefined;
  if (codec === undefined) throw new TypeError('compress needs a codec: the option of that name');
  return new PermessageDeflate(isServer, compress === true ? {} : compress, codec);
}
