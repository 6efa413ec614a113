import { lookup as lookupDns, type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls';
import { HandshakeError, resolveLimits } from '../../protocol/index.ts';
import type { Dialing } from './dialing.ts';
import type { NodeClientOptions } from './options.ts';
import { type Proxy, resolveProxy } from './proxy.ts';
import { authorityOf, type Target } from './target.ts';
import { openTunnel } from './tunnel.ts';

/** What is asked for in the TLS handshake (RFC 7301). */
const HTTP_1 = ['http/1.1'];

/** Longer than any opening handshake, where those have no limit. */
const SOCKS_TIMEOUT = 600_000;
/** How much later than the connection's own deadline the library's comes: it is the former that is told. */
const BEHIND = 1000;

type Place = { readonly host: string; readonly port: number };

/** How to get from here to a target: resolved before anything is opened, so that misuse throws. */
export type Route = (dialing: Dialing) => Promise<Duplex>;

/**
 * The way to a target that the options say. Throws a TypeError for options that contradict each other.
 *
 * Over TLS, `protocols` are asked for; which one it became is the stream's `alpnProtocol`. Following it resolves to a stream that the opening handshake can be written to, and rejects with a HandshakeError. The
 * streams of the way are the dialing's, which gives them up.
 */
export function planRoute(target: Target, options: NodeClientOptions, protocols = HTTP_1): Route {
  const { createConnection, proxy: wanted } = options;
  const isDirect = createConnection !== undefined || target.socketPath !== undefined;
  if (isDirect && wanted !== undefined && wanted !== 'env') {
    throw new TypeError('a proxy does not go together with createConnection or a Unix socket');
  }
  if (createConnection !== undefined && target.socketPath !== undefined) {
    throw new TypeError('createConnection does not go together with a Unix socket');
  }
  const proxy = isDirect ? undefined : resolveProxy(wanted, target);
  return async (dialing) => {
    let stream: Duplex;
    if (createConnection !== undefined) stream = await connectOwn(createConnection, target, dialing);
    else if (proxy === undefined) stream = await connectTo(target, options, dialing);
    else stream = await connectThrough(proxy, target, options, dialing);
    // A createConnection may speak TLS itself. A tunnel to an https: proxy is no TLS to the target.
    const isSecure = createConnection !== undefined && (stream as TLSSocket).encrypted === true;
    if (target.secure && !isSecure) stream = await secure(stream, target, options.tls, dialing, protocols);
    if (stream.destroyed) throw new HandshakeError('the connection was lost at once', { isTemporary: true });
    return stream;
  };
}

/** TCP, over whichever of a name's addresses answers first (RFC 8305), or a Unix socket. */
async function connectTo(
  place: Place & { readonly socketPath?: string | undefined },
  options: NodeClientOptions,
  dialing: Dialing,
): Promise<NetSocket> {
  const { host, port, socketPath } = place;
  const { family, lookup, localAddress, autoSelectFamilyAttemptTimeout } = options;
  const internet = { host, port, family, lookup, localAddress, autoSelectFamilyAttemptTimeout, autoSelectFamily: true };
  const where = socketPath === undefined ? internet : { path: socketPath };
  const name = socketPath === undefined ? authorityOf(place) : 'the Unix socket';
  return settled(`could not connect to ${name}`, 'connect', () =>
    dialing.track(connectTcp({ ...where, allowHalfOpen: true, noDelay: true })),
  );
}

async function connectOwn(
  createConnection: NonNullable<NodeClientOptions['createConnection']>,
  { url, host, port, secure }: Target,
  dialing: Dialing,
): Promise<Duplex> {
  const { signal } = dialing;
  let stream: Duplex;
  try {
    stream = await createConnection({ url, host, port, secure, signal });
    if (typeof stream?.pipe !== 'function' || typeof stream.write !== 'function')
      throw new TypeError('it is no Duplex');
  } catch (cause) {
    throw new HandshakeError('createConnection failed', { cause, isTemporary: isPassing(cause) });
  }
  dialing.track(stream);
  stream.allowHalfOpen = true;
  const { connecting, secureConnecting } = stream as Partial<TLSSocket & { secureConnecting: boolean }>;
  const event = secureConnecting === true ? 'secureConnect' : connecting === true ? 'connect' : undefined;
  return event === undefined ? stream : settled('createConnection failed', event, () => stream);
}

async function connectThrough(
  proxy: Proxy,
  target: Target,
  options: NodeClientOptions,
  dialing: Dialing,
): Promise<Duplex> {
  const stream = await connectTo(proxy, options, dialing);
  if (proxy.kind === 'http' || proxy.kind === 'https') {
    const tunnel = proxy.kind === 'https' ? await secure(stream, proxy, options.proxyTls, dialing) : stream;
    await openTunnel(tunnel, { authority: authorityOf(target), credentials: proxy.credentials });
    return tunnel;
  }
  // socks5h leaves the name to the proxy.
  const host = proxy.kind === 'socks5' && isIP(target.host) === 0 ? await resolve(target.host, options) : target.host;
  // Most never need it: it is a fourth of the code.
  const { openSocks } = await import('./socks.ts');
  const { handshakeTimeout } = resolveLimits(options);
  await openSocks(stream, proxy, { host, port: target.port }, Math.min(handshakeTimeout + BEHIND, SOCKS_TIMEOUT));
  return stream;
}

/**
 * TLS over a stream. The certificate is verified, whatever the environment says: `rejectUnauthorized: false`, written out,
 * is the only way around that.
 */
function secure(
  stream: Duplex,
  { host, port }: Place,
  options: TlsOptions = {},
  dialing: Dialing,
  protocols = HTTP_1,
): Promise<TLSSocket> {
  return settled(`the TLS handshake with ${authorityOf({ host, port })} failed`, 'secureConnect', () =>
    dialing.track(
      connectTls({
        // RFC 6066 §3: a server name is never an address.
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: protocols,
        ...options,
        rejectUnauthorized: options.rejectUnauthorized !== false,
        socket: stream,
        host,
        port,
        path: undefined,
      }),
    ),
  );
}

function resolve(host: string, { lookup = lookupDns as never, family }: NodeClientOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    (lookup as typeof lookupDns)(host, { family, all: true }, (error, found: string | LookupAddress[]) => {
      const address = typeof found === 'string' ? found : found?.[0]?.address;
      if (error === null && address !== undefined) resolve(address);
      else reject(failure(`could not resolve ${host}`, error ?? undefined));
    });
  });
}

/** Waits for an event of a stream that is being made, or for what comes instead. */
function settled<S extends Duplex>(what: string, event: 'connect' | 'secureConnect', make: () => S): Promise<S> {
  return new Promise((resolve, reject) => {
    const onEvent = (): void => {
      stream.off('error', onFailure).off('close', onFailure);
      resolve(stream);
    };
    const onFailure = (cause?: Error): void => {
      stream.off(event, onEvent).off('error', onFailure).off('close', onFailure);
      reject(failure(what, cause));
    };
    let stream: S;
    try {
      stream = make();
    } catch (cause) {
      return reject(failure(what, cause));
    }
    stream.once(event, onEvent).once('error', onFailure).once('close', onFailure);
  });
}

/** The codes of system errors are safe to repeat; the texts may have what the peer sent in them. */
export function failure(what: string, cause: unknown): HandshakeError {
  const code = codeOf(cause);
  const init = cause === undefined ? {} : { cause };
  const isTemporary = cause === undefined || isPassing(cause);
  return new HandshakeError(code === undefined ? what : `${what} (${code})`, { ...init, isTemporary });
}

/**
 * A network that fails today may work tomorrow. Not so a certificate, a protocol that the other side doesn't speak, or
 * options that make no sense: their codes are other words than an errno's.
 */
function isPassing(cause: unknown): boolean {
  const code = codeOf(cause);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) && code !== 'EPROTO' && code !== 'EACCES';
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
