import type { ServerSessionOptions } from 'node:http2';
import { createServer as createTcpServer, type Server as NetServer, type Socket as NetSocket } from 'node:net';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { checkOptions, resolveLimits } from '../../protocol/internal.ts';
import { type Wake, wakeAtDeadline } from '../clock.ts';
import { recapture } from '../socket/error-place.ts';
import { guard, report } from '../socket/guard.ts';
import { AdmissionControl, type PendingPeer } from '../socket/admission-control.ts';
import { refusalOf } from '../socket/decision.ts';
import type { Handlers } from '../socket/socket.ts';
import { checkHandlers } from '../socket/handlers.ts';
import type { WithContext } from '../socket/options.ts';
import { Acceptor } from './server/acceptor.ts';
import { diagnostics } from './diagnostics.ts';
import { LONGEST_TIMEOUT, nodeClock } from './clock.ts';
import { type CurrentContext, currentContextOfMany } from './internals/async-context.ts';
import type { Http2ServerSessions } from './http2/server-sessions.ts';
import { sessionOptions } from './http2/settings.ts';
import { type NodeListener, ServerListener } from './listener.ts';
import { NODE_SERVER_OPTIONS, type NodeServerOptions } from './options.ts';

/**
 * Listens, and serves every connection with these handlers. Resolves once it listens, rejects when it can't.
 * Throws a TypeError or RangeError for bad options.
 */
export async function serve<Data = unknown, Context = unknown>(
  options: WithContext<NodeServerOptions, Context> | number | `${number}`,
  handlers: Handlers<Data, Context>,
): Promise<NodeListener> {
  const given = typeof options === 'object' ? options : { port: options };
  const all = checkOptions('serve', NODE_SERVER_OPTIONS, given);
  checkHandlers('serve', handlers);
  checkPlace(all);
  if (all.reusePort === true) checkReusePort(all, process.versions.node);
  if (all.tls) checkCertificate(all.tls);
  const secure = Boolean(all.tls);
  const acceptor = new Acceptor(all, handlers as Handlers<Data>, secure, new AdmissionControl(all, all.path));
  const { http2 = false } = all;
  const told = (error: unknown) => report(error, () => handlers.error?.(error));
  const http2Sessions =
    http2 === false ? undefined : await createHttp2Sessions(acceptor, all, sessionOptions(http2), told);
  const server = secure ? serveTls(acceptor, http2Sessions, all, told) : serveTcp(acceptor, http2Sessions, told);
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      all.socketPath === undefined
        ? {
            host: isNetDenied() ? undefined : all.host,
            port: Number(all.port ?? 0),
            backlog: all.backlog,
            reusePort: all.reusePort,
          }
        : { path: all.socketPath, backlog: all.backlog },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
  try {
    await listening;
  } catch (error) {
    // Of the system, far from any line of the caller's.
    recapture(error);
    throw error;
  }
  server.on('error', told);
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const stop = (): void => {
    if (server.listening) server.close();
    acceptor.admission.stop(() => {});
    http2Sessions?.stop();
  };
  return new ServerListener(server, secure, acceptor.admission, stop, closed);
}

/**
 * Whether Node's permission model keeps this process from the network. Node 26 throws then where no host is given; with an
 * address it does so a turn later, where nobody can catch it.
 */
function isNetDenied(): boolean {
  // Those before it have no permission of this name, and deny whatever they don't know.
  if (!process.allowedNodeEnvironmentFlags.has('--allow-net')) return false;
  return process.permission !== undefined && !process.permission.has('net');
}

function checkPlace({ path, port, host, socketPath }: NodeServerOptions): void {
  if (socketPath !== undefined && (port !== undefined || host !== undefined)) {
    throw new TypeError('listen: socketPath does not go together with host and port');
  }
  const isSocket = typeof path === 'string' && (path.endsWith('.sock') || path.startsWith('\\\\'));
  if (isSocket && port === undefined && socketPath === undefined) {
    throw new TypeError('listen: path is the path of requests; a Unix socket is socketPath');
  }
}

/** Node ignores what it doesn't know: the second process would be told that the port is taken. */
export function checkReusePort({ socketPath }: NodeServerOptions, node: string): void {
  if (socketPath !== undefined) throw new TypeError('listen: reusePort is for ports, not for socketPath');
  const [major, minor] = node.split('.').map(Number);
  const isKnown = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  if (!isKnown) throw new TypeError(`listen: reusePort takes Node 22.12 or newer, and this is ${node}`);
}

/** What a server can show a certificate by. */
const CERTIFICATES = ['cert', 'pfx', 'SNICallback', 'secureContext', 'pskCallback'] as const;

function checkCertificate(tls: object): void {
  if (CERTIFICATES.some((name) => (tls as Record<string, unknown>)[name] !== undefined)) return;
  throw new TypeError(
    'listen: tls has no certificate: give it cert and key, or pfx; leave tls out for a server of ws:',
  );
}

/** What there is of HTTP/2, beside the same acceptor. */
async function createHttp2Sessions(
  acceptor: Acceptor<any>,
  options: NodeServerOptions,
  sessions: ServerSessionOptions,
  report: Report,
): Promise<Http2ServerSessions> {
  // Loaded by those alone who use it.
  const { Http2ServerSessions } = await import('./http2/server-sessions.ts');
  return new Http2ServerSessions(resolveLimits(options), acceptor.admission, sessions, {
    take: (stream, fields) => void acceptor.acceptStream(stream, fields),
    failed: report,
  });
}

function serveTcp(acceptor: Acceptor<any>, http2Sessions: Http2ServerSessions | undefined, report: Report): NetServer {
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true });
  if (http2Sessions === undefined) {
    // Node tells of every connection in the one context in which the server began to listen.
    let context: CurrentContext | undefined;
    return server.on('connection', (stream) => {
      context ??= currentContextOfMany();
      carrying(stream, report, () => acceptor.accept(stream, undefined, undefined, context));
    });
  }
  return server.on('connection', (stream) => {
    const take = (since: number, bytes: Uint8Array) => acceptor.accept(stream, since).transportHandler.onData(bytes);
    carrying(stream, report, () => {
      http2Sessions.sort(stream, (since, bytes) => carrying(stream, report, () => take(since, bytes)));
    });
  });
}

/** A TLS server. The one deadline for all that comes before the connection is open runs from the TCP connection on. */
function serveTls(
  acceptor: Acceptor<any>,
  http2Sessions: Http2ServerSessions | undefined,
  options: NodeServerOptions,
  report: Report,
): TlsServer {
  const { handshakeTimeout } = resolveLimits(options);
  const tlsHandshakes = new TlsHandshakes(acceptor.admission);
  const server = createTlsServer({
    ALPNProtocols: http2Sessions === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: Math.min(handshakeTimeout, LONGEST_TIMEOUT),
    ...(options.tls || undefined),
    noDelay: true,
  });
  server.on('connection', (stream: NetSocket) => tlsHandshakes.begin(stream));
  // node:tls tells when its deadline has passed, and leaves the connection as it is.
  server.on('tlsClientError', (error, stream) => {
    tellTlsFailure(acceptor, error, stream, report);
    const isLate = (error as NodeJS.ErrnoException).code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
    if (isLate) tlsHandshakes.judge(stream, handshakeTimeout);
    else stream.destroy();
  });
  server.on('secureConnection', (stream) => {
    const since = tlsHandshakes.end(stream);
    const isHttp2 = http2Sessions !== undefined && stream.alpnProtocol === 'h2';
    if (isHttp2) return carrying(stream, report, () => http2Sessions.accept(stream, since));
    // Not before: whoever hangs up in the middle of the TLS handshake is gone.
    stream.allowHalfOpen = true;
    carrying(stream, report, () => acceptor.accept(stream, since));
  });
  return server;
}

type Report = (error: unknown) => void;

/** Begins with a stream. Where that fails, for want of memory say, the stream goes, and no other. */
function carrying(stream: Duplex, report: Report, begin: () => unknown): void {
  const failed = (error: unknown): void => {
    stream.destroy();
    report(error);
  };
  guard({ failed }, () => void begin());
}

function tellTlsFailure(
  { admission }: Acceptor<any>,
  error: Error,
  { remoteAddress = '' }: TLSSocket,
  report: Report,
): void {
  const reason = refusalOf('tls', remoteAddress, error);
  diagnostics.onRefused(undefined, undefined, reason);
  admission.tellRefused(undefined, undefined, reason, report);
}

/** Those whose TLS handshake is not over: node:tls tells of the TCP connection, and of the TLS one only after that. */
class TlsHandshakes {
  readonly #admission: AdmissionControl;
  readonly #underWay: Map<string, { readonly pending: PendingPeer; readonly since: number }>;
  /** Those whose deadline has come, while it is seen whether what had come by then makes an end of it. */
  readonly #late: WeakMap<NetSocket, Wake>;

  constructor(admission: AdmissionControl) {
    this.#admission = admission;
    this.#underWay = new Map();
    this.#late = new WeakMap();
  }

  begin(stream: NetSocket): void {
    const peer = peerOf(stream);
    const end = () => void stream.destroy();
    const pending: PendingPeer = { state: 'connecting', close: end, terminate: end };
    this.#underWay.set(peer, { pending, since: nodeClock.now() });
    // Peers on a Unix socket have no names to tell them apart by: it is their deadline alone that ends them.
    if (stream.remotePort !== undefined) this.#admission.wait(pending);
    stream.once('close', () => {
      this.#admission.stopWaiting(pending);
      if (this.#underWay.get(peer)?.pending === pending) this.#underWay.delete(peer);
    });
  }

  /** Ends one whose time is up. That of a peer on a Unix socket is taken to be up just now. */
  judge(stream: NetSocket, timeout: number): void {
    const entry = stream.remotePort === undefined ? undefined : this.#underWay.get(peerOf(stream));
    const deadline = entry === undefined ? nodeClock.now() : entry.since + timeout;
    this.#late.set(
      stream,
      wakeAtDeadline(nodeClock, deadline, () => void stream.destroy()),
    );
  }

  /** Returns since when it has been there. */
  end(secured: NetSocket): number | undefined {
    this.#late.get(secured)?.cancel();
    const peer = peerOf(secured);
    const entry = this.#underWay.get(peer);
    if (entry === undefined) return undefined;
    this.#underWay.delete(peer);
    this.#admission.stopWaiting(entry.pending);
    return entry.since;
  }
}

/** A name for the peer of a socket that no other has at the time; that of a Unix socket has none. */
function peerOf(stream: NetSocket): string {
  return `${stream.remoteAddress} ${stream.remotePort}`;
}
