/**
 * Scripts that are run against the `ws` package and against the face: each notes what happens, in words, and both are to note the
 * same.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the two have in common, as far as these scripts use it. */
export type Library = any;

export type Script = (library: Library, note: (text: string) => void) => Promise<void>;

/** A server and one connection to it, each end of which notes its events. */
export async function pair(
  { WebSocket, WebSocketServer }: Library,
  note: (text: string) => void,
  options: { server?: object; client?: object; protocols?: string[] } = {},
): Promise<{ wss: any; client: any; peer: any; end: () => Promise<void> }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options.server });
  await once(wss, 'listening');
  const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`;
  const client = new WebSocket(url, options.protocols ?? [], options.client);
  const opened = once(client, 'open');
  const [peer] = await once(wss, 'connection');
  await opened;
  noteEvents(client, 'client', note);
  noteEvents(peer, 'server', note);
  return {
    wss,
    client,
    peer,
    async end() {
      await Promise.all([client, peer].map((one) => (one.readyState === 3 ? undefined : until(one, 'close'))));
      const closed = until(wss, 'close');
      wss.close();
      await closed;
      note(`${wss.clients?.size} clients`);
    },
  };
}

/** The events of each end in its own order: those of the two come as the network has it. */
export function noteEvents(ws: any, name: string, note: (text: string) => void): void {
  ws.on('message', (data: any, isBinary: boolean) => note(`${name}: message ${isBinary} ${describe(data)}`));
  ws.on('ping', (data: any) => note(`${name}: ping ${describe(data)}`));
  ws.on('pong', (data: any) => note(`${name}: pong ${describe(data)}`));
  ws.on('close', (code: number, reason: any) => note(`${name}: close ${code} ${describe(reason)} ${ws.readyState}`));
  ws.on('error', (error: any) => note(`${name}: ${describeError(error)} ${ws.readyState}`));
}

export function describe(data: any): string {
  if (Array.isArray(data)) return `[${Buffer.concat(data).toString('hex')}]`;
  if (Buffer.isBuffer(data)) return `Buffer ${shorten(data.toString('hex'))}`;
  if (data instanceof ArrayBuffer) return `ArrayBuffer ${shorten(Buffer.from(data).toString('hex'))}`;
  return `${typeof data} ${String(data)}`;
}

function shorten(hex: string): string {
  return hex.length > 40 ? `${hex.slice(0, 20)}… ${hex.length / 2}` : hex;
}

export function describeError(error: any): string {
  return `${error.name} ${error.code} ${error.message}`;
}

/** Once it has closed, a client or a server. */
export function closed(one: any): Promise<unknown> {
  return new Promise((resolve) => one.once('close', resolve));
}

/** As `once` of node:events, but that an 'error' is none of its business. */
function until(emitter: any, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}

async function thrown(note: (text: string) => void, what: string, work: () => unknown): Promise<void> {
  try {
    await work();
    note(`${what}: fine`);
  } catch (error) {
    note(`${what}: ${describeError(error)}`);
  }
}

/** What a server answers to this request. */
async function answer(port: number, headers: Record<string, string>, method = 'GET'): Promise<string> {
  const request = httpRequest({ host: '127.0.0.1', port, method, headers, agent: false });
  request.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
    request.on('upgrade', (upgraded: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      resolve(upgraded);
    });
  });
  const { date, connection, ...fields } = response.headers;
  if (response.statusCode === 101) return `101 ${JSON.stringify(fields)}`;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return `${response.statusCode} ${JSON.stringify(fields)} ${Buffer.concat(chunks)}`;
}

const KEY = { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
const UPGRADE = { Connection: 'Upgrade', Upgrade: 'websocket' };
const VALID = { ...UPGRADE, ...KEY, 'Sec-WebSocket-Version': '13' };

export const SCRIPTS: Readonly<Record<string, Script>> = {
  async 'messages of every kind, with their callbacks'(library, note) {
    const { client, peer, end } = await pair(library, note);
    const all = ['text', 'ü', Buffer.from('bytes'), new Uint8Array([1, 2]), new Uint16Array([258]).buffer, 5, '', null];
    for (const data of [...all, new DataView(new ArrayBuffer(2)), Buffer.alloc(70_000, 1), 'x'.repeat(70_000)]) {
      await new Promise<void>((resolve) => client.send(data, (error: unknown) => resolve(note(`sent ${error ?? ''}`))));
    }
    peer.send('as binary', { binary: true });
    peer.send(Buffer.from('as text'), { binary: false });
    client.ping('p');
    await once(client, 'pong');
    client.close(4000, 'enough');
    await end();
  },

  async fragments(library, note) {
    const { client, peer, end } = await pair(library, note);
    client.send('a', { fin: false });
    client.send('b', { fin: false });
    client.send('c', { fin: true });
    client.send(Buffer.from([1]), { fin: false });
    client.ping();
    client.send(Buffer.from([2]), { fin: true });
    peer.send(Buffer.from('gr'), { fin: false, binary: false });
    peer.send(Buffer.from([0xc3]), { fin: false });
    peer.send(Buffer.from([0xbc]), { fin: true });
    client.close();
    await end();
  },

  async 'fragments that are refused, a first and a last, before others'(library, note) {
    const { client, end } = await pair(library, note);
    const send = (data: unknown, options?: object) => {
      try {
        client.send(data, options);
      } catch (error: any) {
        note(`${error.name} ${error.message}`);
      }
    };
    send(true, { fin: false });
    send('whole');
    send('a', { fin: false });
    send(true);
    send(true, { fin: false });
    send('b');
    send(Buffer.from('whole'));
    client.close();
    await end();
  },

  async 'callbacks that are none, and options that say nothing'(library, note) {
    const { client, peer, end } = await pair(library, note);
    for (const callback of [null, undefined, false]) {
      client.send('text', callback);
      client.send('text', {}, callback);
      client.send(Buffer.from('bytes'), { binary: undefined, compress: undefined }, callback);
      client.send('a', { fin: false }, callback);
      client.send('b', undefined, callback);
      client.ping('ping', undefined, callback);
      client.pong('pong', undefined, callback);
    }
    client.send('text', null);
    client.close();
    await end();
    peer.send('late', {}, null);
    client.ping('late', undefined, null);
  },

  async 'listeners by the names of what objects have'(library, note) {
    const { client, end } = await pair(library, note);
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      note(`${name} ${client.listenerCount(name)} ${client.emit(name)} ${client.listeners(name).length}`);
      client.on(name, (value: unknown) => note(`${name} heard ${value}`));
      note(`${client.emit(name, 1)} ${client.listenerCount(name)}`);
      client.removeAllListeners(name);
    }
    note(client.eventNames().sort().join());
    client.close();
    await end();
  },

  async 'what comes after the end'(library, note) {
    const { client, peer, end } = await pair(library, note);
    peer.close(1001, Buffer.from('going'));
    note(`${peer.readyState} ${peer.bufferedAmount}`);
    for (const method of ['send', 'ping', 'pong']) {
      await new Promise<void>((resolve) => {
        peer[method]('late', (error: Error) => resolve(note(`${method} ${error.message} ${peer.bufferedAmount}`)));
      });
    }
    peer.close();
    await end();
    client.terminate();
    client.close();
    await new Promise<void>((resolve) => client.send('later', (error: Error) => resolve(note(error.message))));
  },

  async misuse(library, note) {
    const { WebSocket, WebSocketServer } = library;
    await thrown(note, 'no URL', () => new WebSocket('nowhere'));
    await thrown(note, 'a scheme', () => new WebSocket('ftp://x'));
    await thrown(note, 'a fragment', () => new WebSocket('ws://x/#a'));
    await thrown(note, 'a path', () => new WebSocket('ws+unix:'));
    await thrown(note, 'subprotocols', () => new WebSocket('ws://x', ['a', 'a']));
    await thrown(note, 'a version', () => new WebSocket('ws://x', { protocolVersion: 1000 }));
    await thrown(note, 'a server of nothing', () => new WebSocketServer());
    await thrown(note, 'a server of two', () => new WebSocketServer({ port: 0, noServer: true }));
    await thrown(note, 'no address', () => new WebSocketServer({ noServer: true }).address());
    const early = new WebSocket('ws://127.0.0.1:9', { agent: { addRequest() {} } });
    noteEvents(early, 'early', note);
    await thrown(note, 'too early', () => early.send('a'));
    await thrown(note, 'a ping too early', () => early.ping());
    early.close();
    await until(early, 'close');
    const { client, end } = await pair(library, note);
    await thrown(note, 'a code', () => client.close(1004));
    await thrown(note, 'a reason', () => client.close(1000, 'x'.repeat(124)));
    await thrown(note, 'another reason', () => client.close(1000, [1]));
    await thrown(note, 'a long ping', () => client.ping('x'.repeat(126)));
    await thrown(note, 'an object', () => client.send({}));
    client.terminate();
    await end();
  },

  async 'events of the WHATWG kind, and binaryType'(library, note) {
    const { client, peer, end } = await pair(library, note);
    let heard = () => {};
    const next = () => new Promise<void>((resolve) => (heard = resolve));
    {
      client.addEventListener('message', { handleEvent: (event: any) => note(`object ${describe(event.data)}`) });
      client.addEventListener('message', (event: any) => note(`once ${describe(event.data)}`), { once: true });
      client.onmessage = ({ data, type, target }: any) => {
        note(`${type} ${describe(data)} ${target === client}`);
        heard();
      };
    }
    client.onclose = ({ code, reason, wasClean }: any) => note(`onclose ${code} ${reason} ${wasClean}`);
    note(`${client.onopen} ${typeof client.onclose} ${client.binaryType}`);
    const text = next();
    peer.send('text');
    await text;
    for (const type of ['nodebuffer', 'arraybuffer', 'fragments', 'nonsense']) {
      client.binaryType = type;
      const bytes = next();
      peer.send(Buffer.from([1, 2]));
      await bytes;
    }
    client.close(1000);
    await end();
  },

  async 'subprotocols, extensions and headers'(library, note) {
    for (const perMessageDeflate of [false, true, { serverNoContextTakeover: true, clientMaxWindowBits: 10 }]) {
      const server = { perMessageDeflate, handleProtocols: (set: Set<string>) => [...set][1] };
      const { client, peer, end } = await pair(library, note, { server, protocols: ['a', 'b'] });
      note(`${client.protocol} ${peer.protocol} ${client.extensions} ${peer.extensions}`);
      peer.send('x'.repeat(2000));
      peer.send('y', { compress: false });
      client.send(Buffer.alloc(5000));
      client.close();
      await end();
    }
  },

  async 'what a server refuses'(library, note) {
    const { WebSocketServer } = library;
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/here', perMessageDeflate: true });
    await once(wss, 'listening');
    const { port } = wss.address() as AddressInfo;
    const at = async (name: string, headers: Record<string, string>, method?: string) => {
      note(`${name}: ${await answer(port, headers, method)}`);
    };
    await at('plain', {});
    await at('no key', { ...UPGRADE, 'Sec-WebSocket-Version': '13' });
    await at('version', { ...VALID, 'Sec-WebSocket-Version': '12' });
    await at('path', VALID);
    wss.options.path = null;
    await at('subprotocol', { ...VALID, 'Sec-WebSocket-Protocol': 'a,,b' });
    await at('extension', { ...VALID, 'Sec-WebSocket-Extensions': 'permessage-deflate; x' });
    await at('valid', { ...VALID, 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' });
    wss.on('wsClientError', (error: Error, socket: Duplex) => {
      note(`wsClientError ${error.message}`);
      socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n');
    });
    await at('mine', { ...VALID, 'Sec-WebSocket-Version': '12' });
    wss.options.verifyClient = () => false;
    await at('unverified', VALID);
    wss.options.verifyClient = (_: unknown, callback: (...args: unknown[]) => void) => {
      callback(false, 404, 'nobody here', { 'X-Why': 'none' });
    };
    await at('unverified later', VALID);
    const closed = until(wss, 'close');
    wss.close();
    await closed;
  },

  async 'what a client refuses'(library, note) {
    const { WebSocket } = library;
    const answers: [status: string, ...fields: string[]][] = [
      ['401 Unauthorized', 'Content-Length: 0'],
      ['101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
      ['101 Switching Protocols', 'Upgrade: h2c', 'Connection: Upgrade'],
      ['302 Found', 'Location: ws://127.0.0.1:1/#x', 'Content-Length: 0'],
      ['200 OK', 'Content-Length: 0'],
    ];
    for (const [status, ...fields] of answers) {
      const server = createServer();
      const reply = (stream: Duplex) => {
        stream.on('error', () => {});
        stream.end(`HTTP/1.1 ${status}\r\n${fields.join('\r\n')}\r\n\r\n`);
      };
      server.on('upgrade', (_, stream) => reply(stream));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const ws = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { followRedirects: true });
      noteEvents(ws, status, note);
      await until(ws, 'close');
      server.close();
      server.closeAllConnections();
    }
  },

  async 'faults of the peer'(library, note) {
    for (const hex of ['8500', '0000', 'c100', 'f100', '8a7e0000', '880103', '88020001', '8103ffffff', '82', '0901']) {
      const { client, peer, end } = await pair(library, note);
      peer._socket.end(Buffer.from(hex, 'hex'));
      await end();
      note(`${hex} ${client.readyState}`);
    }
  },

  async limits(library, note) {
    const limits = { maxPayload: 10, maxFragments: 2, perMessageDeflate: true };
    const { client, end } = await pair(library, note, { server: limits });
    client.send('x'.repeat(11));
    await end();
    const other = await pair(library, note, { server: limits, client: { perMessageDeflate: false } });
    for (const fin of [false, false, true]) other.client.send('a', { fin });
    await other.end();
    const third = await pair(library, note, { server: limits, client: { perMessageDeflate: { threshold: 0 } } });
    third.client.send('x'.repeat(1000));
    await third.end();
  },

  async 'pause and resume'(library, note) {
    const { client, peer, end } = await pair(library, note);
    client.pause();
    note(`${client.isPaused} ${client._socket.isPaused()}`);
    await new Promise<void>((resolve) => peer.send('held back', resolve));
    peer.ping();
    await new Promise((resolve) => setImmediate(resolve));
    note('go on');
    client.resume();
    note(`${client.isPaused} ${client._socket.isPaused()}`);
    await once(client, 'message');
    client.close();
    await end();
  },

  async 'upgrades of a server without a server'(library, note) {
    const { WebSocket, WebSocketServer } = library;
    let isOver: Promise<void> | undefined;
    const wss = new WebSocketServer({ noServer: true, clientTracking: false });
    wss.on('headers', (headers: string[]) => headers.push('X-More: yes'));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws: any, same: unknown) => {
        isOver = until(ws, 'close');
        note(`upgraded ${same === request} ${ws.readyState} ${ws._socket === socket}`);
        noteEvents(ws, 'server', note);
        ws.send('hello');
      });
      try {
        wss.handleUpgrade(request, socket, head, () => {});
      } catch (error) {
        note(describeError(error));
      }
    });
    const ws = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/a?b`);
    ws.on('upgrade', (response: IncomingMessage) => note(`upgrade ${response.headers['x-more']} ${ws.readyState}`));
    noteEvents(ws, 'client', note);
    await once(ws, 'message');
    ws.close(1000);
    await until(ws, 'close');
    await isOver;
    server.close();
    wss.close();
    await until(wss, 'close');
  },
};
