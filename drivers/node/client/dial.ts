import { lookup as lookupDns, type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls';
import { HandshakeError } from '../../../protocol/index.ts';
import { type Attempt, checkAlive, checkDuplex, failure, isPassing } from './failure.ts';
import { checkUnread } from '../node-transport.ts';
import type { PendingTransport } from './pending-transport.ts';
import type { RouteOptions } from './route-options.ts';
import { type Proxy, resolveProxy } from './proxy.ts';
import { authorityOf, type Target } from './target.ts';
import { openTunnel } from './tunnel.ts';

/** What is asked for in the TLS handshake (RFC 7301). */
const HTTP_1 = ['http/1.1'];

type Place = { readonly host: string; readonly port: number };

/** How to get from here to a target: resolved before anything is opened, so that misuse throws. */
export type Route = (pending: PendingTransport) => Promise<Duplex>;

/**
 * The way to a target that the options say. Throws a TypeError for options that contradict each other.
 *
 * Following it resolves to a stream that the opening handshake can be written to, and rejects with a HandshakeError. Over TLS,
 * `protocols` are asked for; which one it became is the stream's `alpnProtocol`. The streams of the way are the pending
 * transport's, which gives them up.
 */
export function planRoute(target: Target, options: RouteOptions, protocols = HTTP_1): Route {
  const { createConnection, agent, proxy: wanted } = options;
  checkWays(target, options);
  const isDirect = createConnection !== undefined || agent !== undefined || target.socketPath !== undefined;
  const proxy = isDirect ? undefined : resolveProxy(wanted, target);
  return async (pending) => {
    let stream: Duplex;
    if (createConnection !== undefined) stream = await connectOwn(createConnection, target, pending);
    else if (agent !== undefined) stream = await connectByAgent(agent, target, options, pending, protocols);
    else if (proxy === undefined) stream = await connectTo(target, options, pending);
    else stream = await connectThrough(proxy, target, options, pending);
    // These may speak TLS themselves. A tunnel to an https: proxy is no TLS to the target.
    const isOwn = createConnection !== undefined || agent !== undefined;
    const isSecure = isOwn && (stream as TLSSocket).encrypted === true;
    if (target.secure && !isSecure) stream = await secure(stream, target, options.tls, pending, protocols);
    checkAlive(stream);
    pending.stage = 'the response';
    return stream;
  };
}

/** One way is meant. What the environment has is there for all that may go through a proxy. */
function checkWays({ secure, socketPath }: Target, { createConnection, agent, proxy }: RouteOptions): void {
  const ways = [
    agent !== undefined && 'an agent',
    createConnection !== undefined && 'createConnection',
    socketPath !== undefined && 'a Unix socket',
    proxy !== undefined && proxy !== 'env' && 'a proxy',
  ].filter((way) => way !== false);
  if (ways.length > 1) throw new TypeError(`${ways[0]} does not go together with ${ways[1]}`);
  // That of an agent-base tells by who asks.
  const isForTls =
    agent !== undefined && Object.hasOwn(agent, 'protocol') && (agent as { protocol?: unknown }).protocol === 'https:';
  if (isForTls && !secure) throw new TypeError('an https.Agent is for wss: a ws: URL takes an http.Agent');
}

/** TCP, over whichever of a name's addresses answers first (RFC 8305), or a Unix socket. */
async function connectTo(
  place: Place & { readonly socketPath?: string | undefined },
  options: RouteOptions,
  pending: PendingTransport,
  role = '',
): Promise<NetSocket> {
  const { host, port, socketPath } = place;
  const { family, lookup, localAddress, autoSelectFamilyAttemptTimeout } = options;
  const internet = { host, port, family, lookup, localAddress, autoSelectFamilyAttemptTimeout, autoSelectFamily: true };
  const where = socketPath === undefined ? internet : { path: socketPath };
  const name = socketPath === undefined ? authorityOf(place) : `the Unix socket ${socketPath}`;
  pending.stage = socketPath === undefined && isIP(host) === 0 ? 'DNS' : 'TCP';
  return settled(
    { text: `could not connect to ${role}${name}`, kind: role === '' ? 'connect' : 'proxy' },
    'connect',
    () => {
      const stream = pending.track(connectTcp({ ...where, allowHalfOpen: true, noDelay: true }));
      return stream.once('lookup', () => (pending.stage = 'TCP'));
    },
  );
}

async function connectOwn(
  createConnection: NonNullable<RouteOptions['createConnection']>,
  { url, host, port, secure }: Target,
  pending: PendingTransport,
): Promise<Duplex> {
  const { signal } = pending;
  pending.stage = 'createConnection';
  let stream: Duplex;
  try {
    stream = checkDuplex(await createConnection({ url, host, port, secure, signal }));
  } catch (cause) {
    throw new HandshakeError('createConnection failed', { cause, isTemporary: isPassing(cause), kind: 'connect' });
  }
  return ready(stream, { text: 'createConnection failed', kind: 'connect' }, pending);
}

/** For agents it takes node:http, which importing this package doesn't load. */
let agentModule: Promise<typeof import('./agent.ts')> | undefined;

/** One promise for all who wait, so that an agent is asked in the order of the calls; what could not be loaded is tried again. */
function loadAgentModule(): Promise<typeof import('./agent.ts')> {
  agentModule ??= import('./agent.ts').catch((error: unknown) => {
    agentModule = undefined;
    throw error;
  });
  return agentModule;
}

async function connectByAgent(
  agent: NonNullable<RouteOptions['agent']>,
  target: Target,
  options: RouteOptions,
  pending: PendingTransport,
  protocols: string[],
): Promise<Duplex> {
  pending.stage = 'the agent';
  const { takeSocket } = await loadAgentModule();
  const { family, lookup, localAddress, autoSelectFamilyAttemptTimeout } = options;
  const internet = { family, lookup, localAddress, autoSelectFamilyAttemptTimeout, autoSelectFamily: true };
  const all = target.secure ? { ...tlsOptions(target, options.tls, protocols), ...internet } : internet;
  const stream = await takeSocket(agent, target, all, pending);
  return ready(stream, { text: `could not connect to ${authorityOf(target)} by the agent`, kind: 'connect' }, pending);
}

/** Waits for a stream that somebody else has made, and that may be on its way still. */
async function ready(stream: Duplex, what: Attempt, pending: PendingTransport): Promise<Duplex> {
  checkUnread(stream);
  pending.track(stream);
  stream.allowHalfOpen = true;
  const { connecting, secureConnecting } = stream as Partial<TLSSocket & { secureConnecting: boolean }>;
  const isTcpAhead = connecting === true;
  if (secureConnecting !== true) return isTcpAhead ? settled(what, 'connect', () => stream) : stream;
  if (isTcpAhead) await settled(what, 'connect', () => stream);
  checkAlive(stream);
  pending.stage = 'TLS';
  return settled({ ...what, kind: 'tls' }, 'secureConnect', () => stream);
}

async function connectThrough(
  proxy: Proxy,
  target: Target,
  options: RouteOptions,
  pending: PendingTransport,
): Promise<Duplex> {
  const stream = await connectTo(proxy, options, pending, 'the proxy ');
  if (proxy.kind === 'http' || proxy.kind === 'https') {
    const tunnel =
      proxy.kind === 'https' ? await secure(stream, proxy, options.proxyTls, pending, HTTP_1, 'the proxy ') : stream;
    pending.stage = 'the proxy';
    await openTunnel(tunnel, { authority: authorityOf(target), credentials: proxy.credentials });
    return tunnel;
  }
  // socks5h leaves the name to the proxy.
  const host = proxy.kind === 'socks5' && isIP(target.host) === 0 ? await resolve(target.host, options) : target.host;
  pending.stage = 'the proxy';
  // Most never need it: it is a fourth of the code.
  const { openSocks } = await import('./socks.ts');
  await openSocks(stream, proxy, { host, port: target.port });
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
  pending: PendingTransport,
  protocols = HTTP_1,
  role = '',
): Promise<TLSSocket> {
  pending.stage = 'TLS';
  const what = { text: `the TLS handshake with ${role}${authorityOf({ host, port })} failed`, kind: 'tls' } as const;
  return settled(what, 'secureConnect', () =>
    pending.track(
      connectTls({ ...tlsOptions({ host }, options, protocols), socket: stream, host, port, path: undefined }),
    ),
  );
}

function tlsOptions({ host }: Pick<Place, 'host'>, options: TlsOptions = {}, protocols: string[]): TlsOptions {
  return {
    // RFC 6066 §3: a server name is never an address, and has no trailing dot, which certificates have none of either.
    servername: isIP(host) === 0 ? host.replace(/\.$/, '') : '',
    ALPNProtocols: protocols,
    ...options,
    rejectUnauthorized: options.rejectUnauthorized !== false,
  };
}

function resolve(host: string, { lookup = lookupDns as never, family }: RouteOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    (lookup as typeof lookupDns)(host, { family, all: true }, (error, found: string | LookupAddress[]) => {
      const address = typeof found === 'string' ? found : found?.[0]?.address;
      if (error === null && address !== undefined) resolve(address);
      else reject(failure({ text: `could not resolve ${host}`, kind: 'dns' }, error ?? undefined));
    });
  });
}

/** Waits for an event of a stream that is being made, or for what comes instead. */
function settled<S extends Duplex>(what: Attempt, event: 'connect' | 'secureConnect', make: () => S): Promise<S> {
  return new Promise((resolve, reject) => {
    const onEvent = (): void => {
      stream.off('error', onFailure).off('close', onFailure);
      resolve(stream);
    };
    // That of 'close', which only tells whether there was an error, is none.
    const onFailure = (cause?: Error | boolean): void => {
      stream.off(event, onEvent).off('error', onFailure).off('close', onFailure);
      reject(failure(what, typeof cause === 'boolean' ? undefined : cause));
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
