/** `safe: true`, and what of `ws` is bounded or checked here whatever is asked for. */
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket, { WebSocketServer } from '../../../drivers/ws/index.ts';

async function serving(options: ConstructorParameters<typeof WebSocketServer>[0] = {}) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await once(wss, 'listening');
  onTestFinished(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  return { wss, url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}` };
}

function outcome(url: string, options: object): Promise<string> {
  return new Promise((resolve) => {
    const ws = new WebSocket(url, options);
    ws.on('open', () => {
      resolve(`open ${ws.extensions}`);
      ws.terminate();
    });
    ws.on('error', (error: Error) => resolve(error.message));
  });
}

const foreign = { origin: 'http://elsewhere.test' };

test('any Origin may connect, and compression is offered, as with ws', async () => {
  const { url } = await serving({ perMessageDeflate: true });
  expect(await outcome(url, foreign)).toBe('open permessage-deflate');
});

test('with safe another host’s page may not, and compression is not offered', async () => {
  const { url } = await serving({ safe: true, perMessageDeflate: true });
  expect(await outcome(url, foreign)).toBe('Unexpected server response: 403');
  expect(await outcome(url, { origin: url.replace('ws:', 'http:'), safe: true })).toBe('open ');
  expect(await outcome(url, { origin: 'no origin' })).toBe('Unexpected server response: 403');
  expect(await outcome(url, { protocolVersion: 8 })).toBe('Unexpected server response: 400');
});

test('allowedOrigins says it by itself', async () => {
  const list = await serving({ allowedOrigins: ['http://elsewhere.test'] });
  expect(await outcome(list.url, foreign)).toBe('open ');
  expect(await outcome(list.url, { origin: 'http://third.test' })).toBe('Unexpected server response: 403');
  const asked = await serving({ allowedOrigins: (origin) => origin !== undefined });
  expect(await outcome(asked.url, {})).toBe('Unexpected server response: 403');
});

test('text that is not UTF-8 is not sent, and is not made something else', async () => {
  const { wss, url } = await serving();
  const ws = new WebSocket(url);
  const [peer] = (await once(wss, 'connection')) as [WebSocket];
  if (ws.readyState === 0) await once(ws, 'open');
  expect(() => peer.send(Buffer.from([0xff]), { binary: false })).toThrow(new TypeError('the text is not UTF-8'));
  peer.send(Buffer.from('fine'), { binary: false });
  const [data, isBinary] = (await once(ws, 'message')) as [Buffer, boolean];
  expect([data.toString(), isBinary]).toEqual(['fine', false]);
});

test.each([
  ['of ws', {}, 100],
  ['of safe', { safe: true }, 16],
  ['of its own', { safe: true, maxPayload: 1 << 20 }, 1],
])('a message over the limit %s is refused from its header', async (_, options, most) => {
  const { wss, url } = await serving(options);
  const ws = new WebSocket(url);
  const [peer] = (await once(wss, 'connection')) as [WebSocket];
  if (ws.readyState === 0) await once(ws, 'open');
  const header = (length: number) => {
    const bytes = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeBigUInt64BE(BigInt(length), 2);
    return bytes;
  };
  ws._socket!.write(header((most << 20) + 1));
  const [error] = (await once(peer, 'error')) as [Error & { code: string }];
  expect([error.message, error.code]).toEqual(['Max payload size exceeded', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
});

test('a peer that answers no ping is lost where pingInterval is given, and pings are answered', async () => {
  const { wss, url } = await serving({ pingInterval: 5, pongTimeout: 200 });
  const silent = new WebSocket(url, { autoPong: false });
  const [peer] = (await once(wss, 'connection')) as [WebSocket];
  const closed = once(peer, 'close');
  await once(silent, 'ping');
  expect((await closed)[0]).toBe(1006);
  const answering = new WebSocket(url);
  const [other] = (await once(wss, 'connection')) as [WebSocket];
  await once(answering, 'ping');
  await once(other, 'pong');
  expect(other.readyState).toBe(1);
});

test('a peer that reads nothing ends at sendLimit', async () => {
  const { wss, url } = await serving({ sendLimit: 1 << 20 });
  const ws = new WebSocket(url);
  const [peer] = (await once(wss, 'connection')) as [WebSocket];
  ws.pause();
  const closed = once(peer, 'close');
  const big = Buffer.alloc(1 << 20);
  while (peer.readyState === 1 && peer.bufferedAmount < 64 << 20) peer.send(big);
  expect((await closed)[0]).toBe(1006);
});

test('a redirect whose request can not be made is an error, and nothing that nobody catches', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  server.on('upgrade', (_, stream) => stream.end('HTTP/1.1 302 Found\r\nLocation: wss://127.0.0.1:1/\r\n\r\n'));
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ws = new WebSocket(url, { followRedirects: true, agent: new Agent() });
  const errors: Error[] = [];
  ws.on('error', (error) => errors.push(error));
  const code = await new Promise<number>((resolve) => ws.once('close', resolve));
  expect([code, ws.readyState, ...errors.map(({ message }) => message)]).toEqual([
    1006,
    WebSocket.CLOSED,
    'Protocol "https:" not supported. Expected "http:"',
  ]);
  expect(() => new WebSocket(url.replace('ws:', 'wss:'), { agent: new Agent() })).toThrow('Protocol "https:"');
});

const windows = (bits: number) => ({ perMessageDeflate: { clientMaxWindowBits: bits } });

test.each([
  [
    'a window that is none',
    windows(0),
    /^perMessageDeflate: clientMaxWindowBits must be an integer from 8 to 15, not 0$/,
  ],
  ['another', windows(16), /from 8 to 15, not 16$/],
  ['a window of no number', windows(NaN), /not NaN$/],
  ['the other side’s', { perMessageDeflate: { serverMaxWindowBits: 7 } }, /serverMaxWindowBits .* not 7$/],
  [
    'a level',
    { perMessageDeflate: { zlibDeflateOptions: { level: 10 } } },
    /level must be an integer from -1 to 9, not 10$/,
  ],
  ['a level of no number', { perMessageDeflate: { zlibDeflateOptions: { level: null } } }, /level .* not null$/],
  ['a memLevel', { perMessageDeflate: { zlibDeflateOptions: { memLevel: '8' } } }, /memLevel .* 1 to 9, not 8$/],
  ['an interval', { pingInterval: NaN }, /pingInterval must not be negative or NaN/],
  ['a timeout', { pongTimeout: '5' }, /pongTimeout must be/],
  ['a limit', { sendLimit: -1 }, /sendLimit must not be negative or NaN/],
])('what no connection may have is refused at once, by server and client: %s', (_, options, message) => {
  const given = options as object;
  expect(() => new WebSocketServer({ noServer: true, ...given })).toThrow(message);
  expect(() => new WebSocket('ws://127.0.0.1:9', given)).toThrow(message);
});
