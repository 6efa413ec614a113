import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { acceptKey } from '../../protocol/index.ts';
import { isToken } from '../../protocol/internal.ts';
import {
  acceptAnswer,
  type AgreedExtension,
  compressOf,
  EXTENSION,
  makeOffer,
  type PerMessageDeflateOptions,
} from './deflate.ts';
import { checkSettings } from './adopters.ts';
import { driver } from './driver.ts';
import { parse } from './extension.ts';
import { type ClientOptions, defaultsOf } from './options.ts';
import { followsTo, type Origin, originOf, withoutCredentials } from './redirects.ts';
import { nextTick } from './clock.ts';

const VERSIONS = [8, 13];

/** The requests that were given up on purpose: their errors are nobody's concern. */
const givenUp = new WeakSet<object>();

/** A WebSocket while its connection is made: what happens to it here. */
interface Opening extends EventEmitter {
  readonly url: string | undefined;
  readonly readyState: number;
  _readyState: number;
  _url: string | undefined;
  _req: http.ClientRequest | null;
  _redirects: number;
  _protocol: string;
  _extensions: Record<string, AgreedExtension>;
  _errorEmitted: boolean;
  setSocket(socket: Duplex, head: Buffer, options: ClientOptions): void;
  emitClose(): void;
}

/** What every place that redirects lead to has in common. */
interface Journey {
  readonly ws: Opening;
  readonly subprotocols: readonly string[];
  readonly options: ClientOptions | undefined;
  /** Where it began, and what was said there; undefined until then, and where redirects are not followed. */
  origin: Origin | undefined;
  headers: Record<string, any> | undefined;
}

/** The options of a request, as they are put together here. */
type Request = ClientOptions & https.RequestOptions & { headers: Record<string, any>; [other: string]: any };

/**
 * Opens a client's connection. Returns the options with their defaults. Throws a SyntaxError for a URL or subprotocols that
 * are none, and a RangeError for another version of the protocol.
 */
export function connectClient(
  ws: Opening,
  address: string | URL,
  protocols: string | string[] | ClientOptions | undefined,
  options: ClientOptions | undefined,
): ClientOptions {
  if (typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols)) {
    options = protocols;
    protocols = undefined;
  }
  const names = protocols === undefined ? options?.protocols : (protocols as string | string[]);
  const subprotocols = names === undefined ? [] : Array.isArray(names) ? names : [names];
  return goTo({ ws, subprotocols, options, origin: undefined, headers: undefined }, address)!;
}

/** What a request is, with what its answer has to fit. */
interface Asked {
  readonly request: Request;
  readonly req: http.ClientRequest;
  readonly key: string;
  readonly deflate: PerMessageDeflateOptions | undefined;
}

/** Makes the request. Returns undefined where a redirect can't be followed, which `ws` has been told: nobody would catch it. */
function goTo(journey: Journey, address: string | URL): ClientOptions | undefined {
  const { ws, subprotocols } = journey;
  let asked: Asked;
  try {
    asked = makeRequest(journey, address);
  } catch (error) {
    if (ws._redirects === 0) throw error;
    failAtOnce(ws, error as Error);
    return undefined;
  }
  const { request, req, key, deflate } = asked;
  ws._req = req;
  if (ws._redirects > 0) ws.emit('redirect', ws.url, req);
  if (request.timeout) req.on('timeout', () => abortHandshake(ws, req, 'Opening handshake has timed out'));
  req.on('error', (error) => {
    if (givenUp.has(req)) return;
    ws._req = null;
    failAtOnce(ws, error);
  });
  req.on('response', (response) => onResponse(journey, request, address, req, response));
  req.on('upgrade', (response, stream, head) => {
    ws.emit('upgrade', response);
    // A listener may have closed it.
    if (ws.readyState !== 0) return;
    ws._req = null;
    const refusal = answerFault(ws, response, key, subprotocols, deflate);
    if (refusal !== undefined) return abortHandshake(ws, stream, refusal);
    ws.setSocket(stream, head, request);
  });
  if (request.finishRequest) request.finishRequest(req, ws);
  else req.end();
  return request;
}

/** Throws for what can't be asked for: the caller's mistake, or where a redirect led to. */
function makeRequest(journey: Journey, address: string | URL): Asked {
  const { ws, subprotocols, options } = journey;
  const request: Request = {
    ...defaultsOf(options),
    protocolVersion: 13,
    perMessageDeflate: options?.safe !== true,
    followRedirects: false,
    maxRedirects: 10,
    ...options,
    // The URL's to say.
    socketPath: undefined,
    hostname: undefined,
    protocol: undefined,
    protocols: undefined,
    timeout: undefined,
    method: 'GET',
    host: undefined,
    path: undefined,
    port: undefined,
    headers: {},
  };
  if (!VERSIONS.includes(request.protocolVersion!)) {
    throw new RangeError(
      `Unsupported protocol version: ${request.protocolVersion} (supported versions: ${VERSIONS.join(', ')})`,
    );
  }
  const url = parseUrl(address);
  ws._url = url.href;
  const fault = faultOf(url);
  if (fault !== undefined) throw new SyntaxError(fault);

  checkSettings(request);

  const key = randomBytes(16).toString('base64');
  const deflate = deflateOptions(request.perMessageDeflate);
  aim(request, url);
  checkSubprotocols(subprotocols);
  request.headers = {
    ...(journey.headers ?? options?.headers),
    'Sec-WebSocket-Version': request.protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    ...(deflate !== undefined && { 'Sec-WebSocket-Extensions': makeOffer(deflate) }),
    ...(subprotocols.length > 0 && { 'Sec-WebSocket-Protocol': subprotocols.join(',') }),
    ...(request.origin && { [request.protocolVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin']: request.origin }),
  };
  if (request.followRedirects) prepareRedirects(journey, request, url);
  return { request, req: (url.protocol === 'wss:' ? https : http).request(request), key, deflate };
}

function parseUrl(address: string | URL): URL {
  let url: URL;
  if (address instanceof URL) {
    url = address;
  } else {
    try {
      url = new URL(address);
    } catch {
      throw new SyntaxError(`Invalid URL: ${address}`);
    }
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url;
  const copy = new URL(url);
  copy.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return copy;
}

function faultOf(url: URL): string | undefined {
  const isIpc = url.protocol === 'ws+unix:';
  if (!isIpc && url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    return 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
  }
  if (isIpc && url.pathname === '') return "The URL's pathname is empty";
  return url.hash === '' ? undefined : 'The URL contains a fragment identifier';
}

function deflateOptions(option: ClientOptions['perMessageDeflate']): PerMessageDeflateOptions | undefined {
  if (!option) return undefined;
  return typeof option === 'object' ? option : {};
}

/** Where the request goes. */
function aim(request: Request, url: URL): void {
  const isSecure = url.protocol === 'wss:';
  const defaultPort = isSecure ? 443 : 80;
  request.createConnection ||= (isSecure ? connectTls : connectTcp) as Request['createConnection'];
  request.defaultPort ||= defaultPort;
  request.port = url.port || defaultPort;
  request.host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  request.path = url.pathname + url.search;
  request.timeout = request.handshakeTimeout;
  if (url.username !== '' || url.password !== '') {
    request.auth = `${unescape(url.username)}:${unescape(url.password)}`;
  }
  if (url.protocol !== 'ws+unix:') return;
  const [socketPath, ...rest] = request.path.split(':');
  request.socketPath = socketPath;
  request.path = rest.join(':');
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function connectTcp(options: any): Duplex {
  return net.connect({ ...options, path: options.socketPath });
}

function connectTls(options: any): Duplex {
  const servername = options.servername || options.servername === '' ? options.servername : nameOf(options.host);
  return tls.connect({ ...options, path: undefined, servername });
}

/** What SNI may say: no address (RFC 6066 §3). */
function nameOf(host: string): string {
  return net.isIP(host) === 0 ? host : '';
}

function checkSubprotocols(names: readonly unknown[]): void {
  const isFine = names.every((name) => typeof name === 'string' && isToken(name));
  if (!isFine || new Set(names).size < names.length) {
    throw new SyntaxError('An invalid or duplicated subprotocol was specified');
  }
}

/** On the first request, remembers where it goes; on others, drops what is not for the new place. */
function prepareRedirects(journey: Journey, request: Request, url: URL): void {
  const { ws, options } = journey;
  if (journey.origin === undefined) {
    journey.origin = originOf(url, request.socketPath);
    journey.headers = {};
    for (const [name, value] of Object.entries(options?.headers ?? {})) journey.headers[name.toLowerCase()] = value;
  } else if (ws.listenerCount('redirect') === 0) {
    withoutCredentials(request, journey.origin, originOf(url, request.socketPath));
  }
  // The first Authorization field is the one that stays.
  if (request.auth && journey.headers!.authorization === undefined) {
    journey.headers!.authorization = `Basic ${Buffer.from(request.auth).toString('base64')}`;
  }
}

function onResponse(
  journey: Journey,
  request: Request,
  address: string | URL,
  req: http.ClientRequest,
  response: http.IncomingMessage,
): void {
  const { ws } = journey;
  const { statusCode = 0, headers } = response;
  const location = request.followRedirects ? followsTo(statusCode, headers.location) : undefined;
  if (location === undefined) {
    if (!ws.emit('unexpected-response', req, response)) {
      abortHandshake(ws, req, `Unexpected server response: ${statusCode}`);
    }
    return;
  }
  if (++ws._redirects > request.maxRedirects!) return abortHandshake(ws, req, 'Maximum redirects exceeded');
  givenUp.add(req);
  req.destroy();
  let next: URL;
  try {
    next = new URL(location, address);
  } catch {
    return failAtOnce(ws, new SyntaxError(`Invalid URL: ${location}`));
  }
  goTo(journey, next);
}

/** What is wrong with a 101, if anything is (RFC 6455 §4.1); what was agreed on is noted. */
function answerFault(
  ws: Opening,
  { headers }: http.IncomingMessage,
  key: string,
  subprotocols: readonly string[],
  deflate: PerMessageDeflateOptions | undefined,
): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Invalid Upgrade header';
  if (headers['sec-websocket-accept'] !== acceptKey(key, driver().sha1)) return 'Invalid Sec-WebSocket-Accept header';
  const protocol = headers['sec-websocket-protocol'];
  if (protocol === undefined) {
    if (subprotocols.length > 0) return 'Server sent no subprotocol';
  } else {
    if (subprotocols.length === 0) return 'Server sent a subprotocol but none was requested';
    if (!subprotocols.includes(protocol)) return 'Server sent an invalid subprotocol';
    ws._protocol = protocol;
  }
  const field = headers['sec-websocket-extensions'];
  return field === undefined ? undefined : extensionFault(ws, field, deflate);
}

function extensionFault(ws: Opening, field: string, deflate: PerMessageDeflateOptions | undefined): string | undefined {
  if (deflate === undefined) return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
  try {
    const extensions = parse(field);
    const names = Object.keys(extensions);
    if (names.length !== 1 || names[0] !== EXTENSION) return 'Server indicated an extension that was not requested';
    const params = acceptAnswer(deflate, extensions[EXTENSION]);
    ws._extensions = { [EXTENSION]: { params, compress: compressOf(deflate, params, false) } };
    return undefined;
  } catch {
    return 'Invalid Sec-WebSocket-Extensions header';
  }
}

/** Emits 'error' and 'close' for a handshake that has failed. */
function failAtOnce(ws: Opening, error: Error): void {
  ws._readyState = 2;
  ws._errorEmitted = true;
  ws.emit('error', error);
  ws.emitClose();
}

/** Gives an opening handshake up, be it at the request or at the stream that came of it. */
export function abortHandshake(ws: Opening, at: http.ClientRequest | Duplex | null, message: string): void {
  ws._readyState = 2;
  const error = new Error(message);
  if (at === null || 'setHeader' in at) {
    if (at !== null) giveUp(at);
    nextTick(() => failAtOnce(ws, error));
    return;
  }
  at.once('error', (streamError) => ws.emit('error', streamError));
  at.once('close', () => ws.emitClose());
  at.destroy(error);
}

function giveUp(req: http.ClientRequest): void {
  givenUp.add(req);
  // Whoever listens for 'error' is told nothing, but there must be a listener.
  req.on('error', () => {});
  req.destroy();
  if (req.socket && !req.socket.destroyed) req.socket.destroy();
}
