import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { acceptKey } from '../../protocol/index.ts';
import { acceptOffer, compressOf, EXTENSION, type PerMessageDeflateOptions } from './deflate.ts';
import { checkSettings } from './adopters.ts';
import { driver } from './driver.ts';
import { format, parse as parseExtensions } from './extension.ts';
import { defaultsOf, type ServerOptions, type VerifyClient } from './options.ts';
import { mayConnect } from './origin.ts';
import { parse as parseSubprotocols } from './subprotocol.ts';
import type { AgreedExtension } from './deflate.ts';
import { WebSocket } from './websocket.ts';
import { nextTick } from './clock.ts';

/** A draft whose frames are those of RFC 6455, and whose field for the origin has another name. */
const OLD_VERSION = '8';

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

type Agreed = Record<string, AgreedExtension>;

/** A server as the `ws` package has it. docs/ws.md says where it differs. */
export class WebSocketServer extends EventEmitter {
  options: ServerOptions & { WebSocket: typeof WebSocket };
  /** The open connections, unless `clientTracking` is off. */
  declare clients: Set<WebSocket>;
  /** @internal */
  _state: number;
  /** The HTTP server, as long as this one listens on it. */
  _server: HttpServer | null;
  #removeListeners: () => void;
  #isClosingDue: boolean;

  constructor(options: ServerOptions = {}, callback?: () => void) {
    super();
    const all = {
      ...defaultsOf(options),
      perMessageDeflate: false as boolean | PerMessageDeflateOptions,
      handleProtocols: null,
      clientTracking: true,
      verifyClient: null,
      noServer: false,
      backlog: null,
      server: null,
      host: null,
      path: null,
      port: null,
      WebSocket,
      ...options,
    };
    const ways = Number(all.port != null) + Number(Boolean(all.server)) + Number(Boolean(all.noServer));
    if (ways !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified');
    }
    checkSettings(all);
    if (all.perMessageDeflate === true) all.perMessageDeflate = {};
    this.options = all;
    this._state = RUNNING;
    this._server = all.server ?? null;
    this.#removeListeners = () => {};
    this.#isClosingDue = false;
    if (all.clientTracking) this.clients = new Set();
    if (all.port != null) {
      this._server = createServer(refuseToTalk);
      this._server.listen(all.port, all.host as string | undefined, all.backlog as number | undefined, callback);
    }
    if (this._server !== null) this.#listenTo(this._server);
  }

  /** Where it listens, as `net.Server` says it; null once it doesn't. */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    return this._server === null ? null : this._server.address();
  }

  /** Accepts no connection any more. 'close' is emitted, and the callback called, when all that there are have ended. */
  close(callback?: (error?: Error) => void): void {
    if (this._state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')));
      nextTick(() => this.#emitClose());
      return;
    }
    if (callback) this.once('close', callback);
    if (this._state === CLOSING) return;
    this._state = CLOSING;
    const server = this._server;
    this.#removeListeners();
    this._server = null;
    if (this.options.port != null) server!.close(() => this.#emitClose());
    else if (this.clients?.size > 0) this.#isClosingDue = true;
    else nextTick(() => this.#emitClose());
  }

  /** Whether a request is for this server: by its path. Override it for more. */
  shouldHandle(request: IncomingMessage): boolean | Promise<boolean> {
    const { path } = this.options;
    return !path || (request.url ?? '').split('?', 1)[0] === path;
  }

  /** Serves one 'upgrade' of an HTTP server; the callback gets the connection once it is open. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    socket.on('error', destroy);
    const { headers, method } = request;
    const refuse = (status: number, message: string, fields?: Record<string, unknown>) => {
      this.#refuse(request, socket, status, message, fields);
    };
    if (method !== 'GET') return refuse(405, 'Invalid HTTP method');
    if (headers.upgrade?.toLowerCase() !== 'websocket') return refuse(400, 'Invalid Upgrade header');
    const key = headers['sec-websocket-key'];
    if (key === undefined || !/^[+/0-9A-Za-z]{22}==$/.test(key)) {
      return refuse(400, 'Missing or invalid Sec-WebSocket-Key header');
    }
    // A request that is no node:http's own may have it as a number.
    const version = String(headers['sec-websocket-version']);
    if (version !== '13' && (version !== OLD_VERSION || this.options.safe)) {
      const fields = { 'Sec-WebSocket-Version': this.options.safe ? '13' : `13, ${OLD_VERSION}` };
      return refuse(400, 'Missing or invalid Sec-WebSocket-Version header', fields);
    }
    if (!this.shouldHandle(request)) return abort(socket, 400);
    if (!mayConnect(request, this.options)) return abort(socket, 403);

    let protocols: Set<string>;
    try {
      const field = headers['sec-websocket-protocol'];
      protocols = field === undefined ? new Set() : parseSubprotocols(field);
    } catch {
      return refuse(400, 'Invalid Sec-WebSocket-Protocol header');
    }
    let extensions: Agreed;
    try {
      extensions = this.#agree(headers['sec-websocket-extensions']);
    } catch {
      return refuse(400, 'Invalid or unacceptable Sec-WebSocket-Extensions header');
    }
    const proceed = () => this.completeUpgrade(extensions, key, protocols, request, socket, head, callback);
    const { verifyClient } = this.options;
    if (verifyClient) verify(verifyClient, request, socket, proceed);
    else proceed();
  }

  /** Answers with the 101. Throws when the stream has been taken over already. */
  completeUpgrade(
    extensions: Agreed,
    key: string,
    protocols: Set<string>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    // The client has ended it already.
    if (!socket.readable || !socket.writable) return void socket.destroy();
    // By a second server on the same HTTP server, which is a mistake.
    if (driver().isTaken(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      );
    }
    driver().checkUnread(socket);
    if (this._state > RUNNING) return abort(socket, 503);
    const fields = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key, driver().sha1)}`,
    ];
    const ws = new this.options.WebSocket(null, undefined, this.options);
    if (protocols.size > 0) {
      const { handleProtocols } = this.options;
      const protocol = handleProtocols ? handleProtocols(protocols, request) : protocols.values().next().value;
      if (protocol) {
        fields.push(`Sec-WebSocket-Protocol: ${protocol}`);
        ws._protocol = protocol;
      }
    }
    if (extensions[EXTENSION] !== undefined) {
      fields.push(`Sec-WebSocket-Extensions: ${format({ [EXTENSION]: [extensions[EXTENSION].params] })}`);
      ws._extensions = extensions;
    }
    this.emit('headers', fields, request);
    socket.write(fields.concat('\r\n').join('\r\n'));
    socket.removeListener('error', destroy);
    ws.setSocket(socket, head, this.options);
    if (this.clients) {
      this.clients.add(ws);
      ws._tracker = this;
    }
    callback(ws, request);
  }

  #listenTo(server: HttpServer): void {
    const onListening = () => this.emit('listening');
    const onError = (error: Error) => this.emit('error', error);
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.handleUpgrade(request, socket, head, (ws) => this.emit('connection', ws, request));
    };
    server.on('listening', onListening).on('error', onError).on('upgrade', onUpgrade);
    this.#removeListeners = () => {
      server.off('listening', onListening).off('error', onError).off('upgrade', onUpgrade);
    };
  }

  /** What of the offers is accepted. Throws where they are none, or none of them can be. */
  #agree(field: string | undefined): Agreed {
    const { perMessageDeflate: options } = this.options;
    if (!options || field === undefined) return {};
    const offers = parseExtensions(field)[EXTENSION];
    if (offers === undefined) return {};
    const own = options === true ? {} : options;
    const params = acceptOffer(own, offers);
    return { [EXTENSION]: { params, compress: compressOf(own, params, true) } };
  }

  #refuse(
    request: IncomingMessage,
    socket: Duplex,
    status: number,
    message: string,
    fields?: Record<string, unknown>,
  ): void {
    if (this.listenerCount('wsClientError') === 0) return abort(socket, status, message, fields);
    this.emit('wsClientError', new Error(message), socket, request);
  }

  /** @internal One of its clients has closed. */
  _forget(ws: WebSocket): void {
    this.clients.delete(ws);
    if (this.#isClosingDue && this.clients.size === 0) nextTick(() => this.#emitClose());
  }

  #emitClose(): void {
    this._state = CLOSED;
    this.emit('close');
  }
}

/** Asks `verifyClient`, in the way that its number of parameters says. */
function verify(verifyClient: VerifyClient, request: IncomingMessage, socket: Duplex, proceed: () => void): void {
  const { authorized, encrypted } = request.socket as TLSSocket;
  const { origin, 'sec-websocket-version': version, 'sec-websocket-origin': oldOrigin } = request.headers;
  const said = String(version) === OLD_VERSION ? (oldOrigin as string) : origin!;
  const info = { origin: said, secure: Boolean(authorized || encrypted), req: request };
  if (verifyClient.length === 2) {
    verifyClient(info, (verified, code, message, headers) => {
      if (verified) proceed();
      else abort(socket, code || 401, message, headers);
    });
    return;
  }
  if ((verifyClient as (info: unknown) => boolean)(info)) proceed();
  else abort(socket, 401);
}

function refuseToTalk(_request: IncomingMessage, response: import('node:http').ServerResponse): void {
  const body = STATUS_CODES[426]!;
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
  response.end(body);
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** Answers a request with something else than a 101, and ends the connection. */
function abort(socket: Duplex, status: number, message?: string, fields?: Record<string, unknown>): void {
  const body = message || STATUS_CODES[status] || '';
  const headers = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...fields,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', socket.destroy);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
