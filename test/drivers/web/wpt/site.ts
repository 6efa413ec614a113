/** The servers that web-platform-tests has behind its WebSocket cases, under the same paths, over ws and wss. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { upgrade, type NodeClientOptions, type WebSocket as ServerSocket } from '../../../../drivers/index.ts';
import { WebSocket, WebSocketStream, type WebSocketStreamOptions } from '../../../../drivers/web/index.ts';
import { makeCertificate } from '../../../support/certificates.ts';

export interface Site {
  /** `ws://127.0.0.1:port` or `wss://localhost:port`. */
  readonly base: string;
  /** What the client needs to trust it. */
  readonly options: NodeClientOptions;
  /** The requests that came, oldest first. */
  readonly requests: IncomingMessage[];
  /** Answers the Close frames that `/delayed-passive-close` was sent. */
  answerCloses(): void;
  /** Lets `/handshake_and_sleep` read. */
  wake(): void;
  /** Resolves once the socket of `/send_until_full` has taken no more. */
  readonly full: Promise<void>;
  connect(path: string, protocols?: string | string[], options?: NodeClientOptions): WebSocket;
  stream(path: string, options?: WebSocketStreamOptions & NodeClientOptions): WebSocketStream;
  close(): Promise<void>;
}

export async function openSite(scheme: 'ws' | 'wss'): Promise<Site> {
  const certificate = scheme === 'wss' ? makeCertificate('DNS:localhost') : undefined;
  const server: HttpServer = certificate === undefined ? createServer() : createSecureServer(certificate);
  const streams = new Set<Duplex>();
  const requests: IncomingMessage[] = [];
  const delayed: (() => void)[] = [];
  const asleep: Duplex[] = [];
  let onFull!: () => void;
  const full = new Promise<void>((resolve) => (onFull = resolve));
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    requests.push(request);
    streams.add(stream.on('error', () => {}).once('close', () => streams.delete(stream)));
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    if (pathname in RAW) {
      RAW[pathname](request, stream, searchParams);
      return;
    }
    if (pathname === '/delayed-passive-close') {
      passive(request, stream, (answer) => delayed.push(answer));
      return;
    }
    if (pathname === '/handshake_and_sleep') {
      accept(request, stream);
      asleep.push(stream);
      return;
    }
    const serve =
      pathname === '/send_until_full' ? (ws: ServerSocket) => flood(ws, onFull) : (SERVED[pathname] ?? echo);
    upgrade(request, stream, head, { subprotocols: ['alpha', 'chat', 'foobar'] }).then(
      (ws) => void serve(ws, request).catch(() => {}),
      () => {},
    );
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const base = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
  const options: NodeClientOptions = certificate === undefined ? {} : { tls: { ca: certificate.cert } };
  return {
    base,
    options,
    requests,
    answerCloses: () => delayed.splice(0).forEach((answer) => answer()),
    wake: () => asleep.splice(0).forEach((stream) => stream.resume()),
    full,
    connect: (path, protocols = [], more = {}) => new WebSocket(base + path, protocols, { ...options, ...more }),
    stream: (path, more = {}) => new WebSocketStream(base + path, { ...options, ...more }),
    close: async () => {
      for (const stream of streams) stream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The next event of a type. */
export function next(target: EventTarget, type: string): Promise<any> {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/** The name of what a call throws. */
export function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).name;
  }
  return 'nothing';
}

type Served = (ws: ServerSocket, request: IncomingMessage) => Promise<unknown>;
type Raw = (request: IncomingMessage, stream: Duplex, query: URLSearchParams) => void;

/** Echoes; 'Goodbye' is answered with a close. */
const echo: Served = async (ws) => {
  for await (const message of ws) {
    await ws.send(message);
    if (message === 'Goodbye') await ws.close();
  }
};

const SERVED: Record<string, Served> = {
  '/empty-message': async (ws) => {
    const message = await ws.receive();
    await ws.send(message === '' ? 'pass' : 'fail');
    await ws.close();
  },
  '/protocol': (ws) => ws.send(ws.protocol),
  '/origin': (ws, { headers }) => ws.send(String(headers.origin)),
  '/referrer': (ws, { headers }) => ws.send(`MISSING AS PER FETCH: ${headers.referer === undefined}`),
  '/basic_auth': (ws, { headers }) => ws.send(String(headers.authorization)),
  /** Reads nothing until it has sent all. */
  '/flood': async (ws) => {
    for (let i = 0; i < 50; i++) await ws.send(new Uint8Array(65_536));
    await ws.close();
  },
};

const RAW: Record<string, Raw> = {
  '/invalid': (_, stream) => stream.end('FOO BAR BAZ\r\n\r\n'),
  '/404': (_, stream) => stream.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
  '/301': (_, stream) => stream.end('HTTP/1.1 301 Moved\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n'),
  '/wrong_accept_key': (request, stream) => accept(request, stream, 'd3Jvbmc='),
  '/no_protocol': (request, stream) => accept(request, stream),
  '/handshake_sleep': () => {},
  /** Writes what a message holds to the wire. */
  '/echo_raw': (request, stream) => {
    accept(request, stream);
    onFrames(stream, (opcode, payload) => {
      if (opcode === 8) stream.end();
      else stream.write(payload);
    });
  },
  '/echo_close_data': (request, stream) => {
    accept(request, stream);
    onFrames(stream, (opcode) => {
      if (opcode === 1) stream.write(Buffer.concat([Buffer.of(0x88, 0, 0x81, 5), Buffer.from('Hello')]));
      else stream.end();
    });
  },
  '/remote-close': (request, stream, query) => {
    accept(request, stream);
    if (query.has('abrupt')) {
      stream.end();
      return;
    }
    const code = query.get('code');
    const body = Buffer.from(code === null ? '' : `\0\0${query.get('reason') ?? ''}`);
    if (code !== null) body.writeUInt16BE(Number(code));
    stream.write(Buffer.concat([Buffer.of(0x88, body.length), body]));
    onFrames(stream, (opcode) => {
      if (opcode === 8) stream.end();
    });
  },
  /** Closes, and reads no more: what was not written by then never will be. */
  '/close_and_leave': (request, stream) => {
    accept(request, stream);
    stream.once('data', () => {
      stream.pause();
      stream.write(Buffer.of(0x88, 2, 4567 >> 8, 4567 & 255), () => stream.destroy());
    });
  },
  /** Three messages and a Close frame in one write. */
  '/all_at_once': (request, stream) => {
    accept(request, stream);
    stream.write(Buffer.of(0x81, 1, 0x61, 0x81, 1, 0x62, 0x81, 1, 0x63, 0x88, 0));
    onFrames(stream, () => stream.end());
  },
};

/** 200 messages of 64 KiB; the network holds fewer. */
async function flood(ws: ServerSocket, onFull: () => void): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const sending = ws.send(new Uint8Array(65_536));
    if (ws.bufferedAmount > 65_536) onFull();
    await sending;
  }
  await ws.close();
}

function passive(request: IncomingMessage, stream: Duplex, later: (answer: () => void) => void): void {
  accept(request, stream);
  onFrames(stream, (opcode) => {
    if (opcode === 8) later(() => stream.end(Buffer.of(0x88, 0)));
  });
}

/** A 101 by hand, for what no server of ours would do. */
function accept(request: IncomingMessage, stream: Duplex, acceptKey?: string): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const value = acceptKey ?? createHash('sha1').update(key).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  stream.write([...head, `Sec-WebSocket-Accept: ${value}`, '', ''].join('\r\n'));
}

/** The client's frames of up to 125 bytes, unmasked. */
function onFrames(stream: Duplex, take: (opcode: number, payload: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const length = bytes.length < 2 ? 0 : bytes[1] & 0x7f;
      if (bytes.length < 6 + length) return;
      const mask = bytes.subarray(2, 6);
      const payload = Buffer.from(bytes.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i & 3]));
      const opcode = bytes[0] & 0x0f;
      bytes = bytes.subarray(6 + length);
      take(opcode, payload);
    }
  });
}
