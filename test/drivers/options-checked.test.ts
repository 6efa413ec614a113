/** Every function of every face that takes options knows them by name. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { attach, broadcast, Http2Pool, listen, open, toDuplex, upgrade } from '../../drivers/index.ts';
import { bunHandlers, fromWebSocket } from '../../drivers/native/index.ts';
import { open as openNatively } from '../../drivers/native/index.ts';
import * as node from '../../drivers/node/index.ts';
import { createNetwork, VirtualClock } from '../../drivers/pipe/index.ts';
import { topicsClient } from '../../drivers/topics/client/index.ts';
import { createPresence, createTopics, memoryEngine } from '../../drivers/topics/index.ts';
import { natsEngine } from '../../drivers/topics/nats/index.ts';
import { redisEngine } from '../../drivers/topics/redis/index.ts';
import { WebSocket, WebSocketStream } from '../../drivers/web/index.ts';
import {
  answerConnect,
  answerUpgrade,
  Connection,
  type DeflateCodec,
  encodeFrame,
  establishDeflate,
  Resources,
} from '../../protocol/index.ts';
import { ROOT } from '../support/source.ts';

const wrong = { maxPaylod: 1 } as never;
const url = 'ws://127.0.0.1:9/';
const codec = { createDeflater() {}, createInflater() {} } as unknown as DeflateCodec;
const sink = { onRequest() {} };
const rawHeaders = [
  ...['Host', 'a', 'Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Version', '13'],
  ...['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
];
const head = { method: 'GET', target: '/', version: '1.1', rawHeaders };
const fields = [
  ...[':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', '/', ':authority', 'a'],
  ...['sec-websocket-version', '13'],
];
const stream = (): Duplex => new Duplex({ read() {}, write() {} });
/** A server's connection that has been asked. */
const asked = (): Connection => {
  const connection = Connection.server({ now: 0, sink });
  connection.receiveHead(head, 0);
  return connection;
};
const hub = createTopics();
const redis = { duplicate() {}, callBuffer() {} };
const nats = { publish() {}, subscribe() {}, request() {}, status() {}, flush() {}, closed() {} };
async function* nobody(): AsyncGenerator<never> {}

/** Both ends of a connection in memory, of the promise API and of the event face. */
async function connected() {
  const network = createNetwork();
  const server = await network.listen(80, async (ws) => void (await ws.closed));
  const ws = await network.open('ws://server/');
  const listener = await network.serve(81, {});
  const socket = network.connect('ws://server:81/', {}, {});
  await new Promise((resolve) => (socket.data = network.settle().then(resolve)));
  return { server, ws, listener, socket };
}

/** What is called, which options of it are wrong, and how. */
const DOORS: readonly (readonly [of: string, type: string, call: () => unknown])[] = [
  ['open', 'PromiseOptions', () => open(url, wrong)],
  ['open', 'PromiseOptions', () => open(url, wrong, async () => {})],
  ['open.reconnecting', 'ReconnectOptions', () => open.reconnecting(url, wrong)],
  ['listen', 'ServeOptions', () => listen(wrong, async () => {})],
  ['upgrade', 'NodeUpgradeOptions', () => upgrade({} as never, {} as never, new Uint8Array(), wrong)],
  ['attach', 'AttachOptions', () => attach(createServer(), wrong, async () => {})],
  ['broadcast', 'BroadcastOptions', () => broadcast([], 'x', wrong)],
  ['Http2Pool', 'Http2PoolOptions', () => new Http2Pool(wrong)],
  ['toDuplex', 'ToDuplexOptions', () => toDuplex({} as never, wrong)],
  ['receive', 'TimedWaitOptions', async () => (await connected()).ws.receive(wrong)],
  ['receive', 'TimedWaitOptions', async () => (await connected()).ws.receiveText(wrong)],
  ['receive', 'TimedWaitOptions', async () => (await connected()).ws.receiveBytes(wrong)],
  ['receive', 'TimedWaitOptions', async () => (await connected()).ws.receiveJson(undefined, wrong)],
  ['send', 'SendOptions', async () => (await connected()).ws.send('x', wrong)],
  ['send', 'SendOptions', async () => (await connected()).ws.trySend('x', wrong)],
  ['send', 'ReconnectingSendOptions', () => createNetwork().open.reconnecting('ws://server/').send('x', wrong)],
  ['close', 'ServerCloseOptions', async () => (await connected()).server.close(wrong)],
  ['broadcast', 'BroadcastOptions', async () => (await connected()).server.broadcast('x', wrong)],

  ['connect', 'NodeClientOptions', () => node.connect(url, wrong, {})],
  ['serve', 'NodeServerOptions', () => node.serve(wrong, {})],
  ['attach', 'AttachOptions', () => node.attach(createServer(), wrong, {})],
  [
    'acceptUpgrade',
    'NodeUpgradeOptions',
    () => node.acceptUpgrade({} as never, {} as never, new Uint8Array(), wrong, {}),
  ],
  ['createAcceptor', 'AcceptorOptions', () => node.createAcceptor(wrong, {})],
  ['adopt', 'AdoptedOpening', () => node.adopt(stream(), new Uint8Array(), wrong, {}, {})],
  ['adopt', 'AdoptOptions', () => node.adopt(stream(), new Uint8Array(), { role: 'server' }, wrong, {})],
  ['broadcast', 'BroadcastOptions', () => node.broadcast([], 'x', wrong)],
  ['broadcast', 'ListenerBroadcastOptions', async () => (await connected()).listener.broadcast('x', wrong)],
  ['close', 'ServerCloseOptions', async () => (await connected()).listener.close(wrong)],
  ['send', 'SendOptions', async () => (await connected()).socket.send('x', wrong)],
  ['send', 'SendOptions', async () => (await connected()).socket.sendText('x', wrong)],
  [
    'send',
    'SendOptions',
    async () => {
      const { socket } = await connected();
      socket.sendPrepared(socket.prepare('x'), wrong);
    },
  ],
  ['send', 'FragmentOptions', async () => (await connected()).socket.sendFragment('x', true, wrong)],
  ['send', 'ControlOptions', async () => (await connected()).socket.ping(undefined, wrong)],
  ['send', 'ControlOptions', async () => (await connected()).socket.pong(undefined, wrong)],

  ['createNetwork', 'NetworkOptions', () => createNetwork(wrong)],
  ['VirtualClock', 'VirtualClockOptions', () => new VirtualClock(wrong)],
  ['open', 'PromiseOptions', () => createNetwork().open('ws://server/', wrong)],
  ['listen', 'ServeOptions', () => createNetwork().listen(wrong, async () => {})],
  ['connect', 'PipeClientOptions', () => createNetwork().connect('ws://server/', wrong)],
  ['connect: link', 'LinkOptions', () => createNetwork().connect('ws://server/', { link: wrong })],
  ['serve', 'PipeServerOptions', () => createNetwork().serve(wrong)],

  ['WebSocket', 'NodeClientOptions', () => new WebSocket(url, [], wrong)],
  ['connect', 'WebSocketStreamOptions', () => new WebSocketStream(url, wrong)],

  ['open', 'NativeClientOptions', () => openNatively(url, wrong)],
  ['fromWebSocket', 'NativeSocketOptions', () => fromWebSocket({} as never, wrong)],
  ['bunHandlers', 'BunServeOptions', () => bunHandlers(async () => {}, wrong)],

  ['Connection.server', 'ServerConnectionOptions', () => Connection.server(wrong)],
  ['Connection.client', 'ConnectionOptions', () => Connection.client({ url }, wrong)],
  ['Connection.client', 'ClientRequest', () => Connection.client(wrong, { now: 0, sink })],
  ['Connection.established', 'EstablishedOptions', () => Connection.established('server', wrong)],
  ['accept', 'AcceptOptions', () => asked().accept(wrong)],
  ['reject', 'Rejection', () => asked().reject(wrong)],
  ['answerUpgrade', 'ServerHandshakeOptions', () => answerUpgrade(head, wrong)],
  ['accept', 'AcceptOptions', () => answerUpgrade(head, {}, wrong)],
  ['answerConnect', 'ServerHandshakeOptions', () => answerConnect(fields, false, wrong)],
  ['accept', 'AcceptOptions', () => answerConnect(fields, false, {}, wrong)],
  ['compress', 'CompressOptions', () => establishDeflate('server', '', wrong, codec)],
  ['compress', 'CompressOptions', () => Connection.server({ now: 0, sink, codec, compress: wrong })],
  ['Resources', 'ResourcesOptions', () => new Resources(wrong)],
  ['encodeFrame', 'FrameInit', () => encodeFrame(1, new Uint8Array(), wrong)],

  ['createTopics', 'TopicsOptions', () => createTopics(wrong)],
  ['createTopics: limits', 'TopicsLimits', () => createTopics({ limits: wrong })],
  ['subscribe', 'SubscribeOptions', () => hub.subscribe({} as never, 'news', wrong)],
  ['publish', 'PublishOptions', () => hub.publish('news', 'x', wrong)],
  ['history', 'HistoryOptions', () => hub.history('news', wrong)],
  ['createPresence', 'PresenceOptions', () => createPresence(hub, wrong)],
  ['createPresence: limits', 'PresenceLimits', () => createPresence(hub, { limits: wrong })],
  ['memoryEngine', 'MemoryLogOptions', () => memoryEngine(wrong)],
  ['redisEngine', 'RedisEngineOptions', () => redisEngine(redis as never, wrong)],
  ['natsEngine', 'NatsEngineOptions', () => natsEngine(nats as never, wrong)],
  ['topicsClient', 'TopicsClientOptions', () => topicsClient(nobody(), wrong)],
  ['subscribe', 'TopicsClient', () => topicsClient(nobody()).subscribe('news', () => {}, wrong)],
  ['publish', 'TopicsClient', () => topicsClient(nobody()).publish('news', 'x', wrong)],
];

test.each(DOORS)('%s refuses a %s that has what it does not', async (of, _type, call) => {
  const error: unknown = await new Promise((resolve) => resolve(call())).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toContain(`${of}: unknown option maxPaylod`);
});

/** Whose options are others': the engine's of whoever writes one, the standard's for an event, Node's for TLS, and what is only read. */
const OTHERS = ['EnginePublishOptions', 'ListenerOptions', 'SecureContextOptions', 'WebSocketStreamOpening', 'Opening'];

test('every function that takes options is one of those above', () => {
  const folder = join(ROOT, 'test/api');
  // The options of `ws` are as that package has them, which passes over what it doesn't know.
  const reports = readdirSync(folder).filter((name) => name !== 'ws.api.md');
  const types = new Set<string>();
  for (const report of reports) {
    for (const line of readFileSync(join(folder, report), 'utf8').split('\n')) {
      if (line.includes('('))
        for (const [type] of line.matchAll(/\b\w+(Options|Opening|Rejection)\b(?!\()/g)) types.add(type);
    }
  }
  const known = new Set([...DOORS.map(([, type]) => type), ...OTHERS]);
  expect([...types].filter((type) => !known.has(type))).toEqual([]);
});

type Ends = Awaited<ReturnType<typeof connected>>;

/** Every option that any way to send has, with a value that is right. */
const SEND_OPTIONS = {
  compress: false,
  except: [],
  onSent: () => {},
  signal: new AbortController().signal,
  slow: 'send',
  slowTimeout: 1000,
  text: true,
  timeout: 1000,
  wait: true,
};

/** Every way to send, and which of them are its own. */
const WAYS: readonly (readonly [
  name: string,
  of: string,
  own: string,
  send: (ends: Ends, options: never) => unknown,
])[] = [
  ['send', 'send', 'compress onSent', ({ socket }, options) => socket.send('x', options)],
  ['sendText', 'send', 'compress onSent', ({ socket }, options) => socket.sendText(new Uint8Array(1), options)],
  [
    'sendPrepared',
    'send',
    'compress onSent',
    ({ socket }, options) => socket.sendPrepared(socket.prepare('x'), options),
  ],
  ['sendFragment', 'send', 'compress onSent text', ({ socket }, options) => socket.sendFragment('x', true, options)],
  ['ping', 'send', 'onSent', ({ socket }, options) => socket.ping(undefined, options)],
  ['pong', 'send', 'onSent', ({ socket }, options) => socket.pong(undefined, options)],
  ['send of the promise API', 'send', 'compress signal', ({ ws }, options) => ws.send('x', options)],
  ['its fragments', 'send', 'compress signal', ({ ws }, options) => ws.send(['x', 'y'], options)],
  ['trySend', 'send', 'compress', ({ ws }, options) => ws.trySend('x', options)],
  [
    'broadcast of a server',
    'broadcast',
    'compress except slow slowTimeout',
    ({ server }, options) => server.broadcast('x', options),
  ],
  [
    'broadcast of a listener',
    'broadcast',
    'compress except onSent slow slowTimeout',
    ({ listener }, options) => listener.broadcast('x', options),
  ],
];

test.each(WAYS)('%s takes its own options, and refuses each of the others', async (_name, of, own, send) => {
  for (const [option, value] of Object.entries(SEND_OPTIONS)) {
    const sending = (async () => void (await send(await connected(), { [option]: value } as never)))();
    if (own.split(' ').includes(option)) await sending;
    else await expect(sending).rejects.toThrow(`${of}: unknown option ${option}: `);
  }
});

test('a word that is nearly right is named', async () => {
  const { ws, server } = await connected();
  await expect(ws.receive({ timout: 5 } as never)).rejects.toThrow(
    'receive: unknown option timout: did you mean timeout?',
  );
  await expect(server.close({ codes: 1 } as never)).rejects.toThrow('close: unknown option codes: did you mean code?');
  await server.close();
});
