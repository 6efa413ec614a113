/**
 * What people get wrong, each with an error that says what to do instead: its class, its kind, its text, and a line of the
 * caller's in its stack.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  attach,
  broadcast,
  Http2Pool,
  isUpgrade,
  listen,
  open,
  type Server,
  toDuplex,
  toStreams,
  upgrade,
  WebSocket,
} from '../../drivers/index.ts';
import {
  acceptUpgrade,
  attach as attachEvents,
  broadcast as broadcastEvents,
  connect,
  createAcceptor,
  serve,
} from '../../drivers/node/index.ts';
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { createNetwork } from '../../drivers/pipe/index.ts';
import { Connection } from '../../protocol/index.ts';
import { makeCertificate } from '../support/certificates.ts';

const LOCAL = { host: '127.0.0.1', port: 0 } as const;
let server: Server;
let secure: Server;
let picky: Server;
let moved: NetServer;
let silent: NetServer;
let proxy: NetServer;
let taken: number;

/** A server that says one thing to everybody. */
const saying = (answer: string): NetServer =>
  createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => (answer === '' ? undefined : socket.end(answer)));
  }).listen(0, '127.0.0.1');
const portOf = (of: NetServer): number => (of.address() as AddressInfo).port;

beforeAll(async () => {
  const { cert, key } = makeCertificate('DNS:localhost');
  const onError = () => {};
  server = await listen({ ...LOCAL, onError, maxMessageSize: 1000 }, async (ws) => {
    if (ws.request!.path === '/closes') return void (await ws.close(4000, 'enough'));
    if (ws.request!.path === '/drops') return void (await ws.receive(), ws.terminate());
    for await (const message of ws) await ws.send(message);
  });
  secure = await listen({ ...LOCAL, onError, tls: { cert, key } }, (ws) => ws.closed);
  picky = await listen({ ...LOCAL, onError, authorize: () => undefined as never }, (ws) => ws.closed);
  moved = saying(
    'HTTP/1.1 301 Moved\r\nLocation: wss://user:secret@new.example/path?token=secret\r\nContent-Length: 0\r\n\r\n',
  );
  silent = saying('');
  proxy = saying('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  await new Promise(setImmediate);
  taken = server.port;
});

afterAll(async () => {
  await Promise.all([server, secure, picky].map((one) => one.close({ timeout: 0 })));
  for (const one of [moved, silent, proxy]) one.close();
});

const nothing = async (): Promise<void> => {};

type Mistake = [what: string, make: () => unknown, name: string, kind: string | undefined, text: RegExp];

/** What is wrong with an option is told where it is given, and not by the first client that comes. */
const COMPRESS_MISTAKES = [
  { level: 10 },
  { memLevel: 0 },
  { threshold: NaN },
  { asyncAbove: -1 },
  { serverMaxWindowBits: 7 },
];
const http = createHttpServer();

const mistakes: Mistake[] = [
  // Options.
  ...COMPRESS_MISTAKES.flatMap((compress): Mistake[] => {
    const text = new RegExp(Object.keys(compress)[0]!);
    return Object.entries({
      listen: () => listen({ ...LOCAL, compress }, nothing),
      attach: () => attach(http, { compress }, nothing),
      createAcceptor: () => createAcceptor({ compress }, {}),
      open: () => open(server.url, { compress }),
      pipe: () => createNetwork({ codec: zlibCodec() }).listen({ compress }, nothing),
    }).map(([face, make]) => [
      `${Object.keys(compress)[0]} out of range, for ${face}`,
      make,
      'RangeError',
      undefined,
      text,
    ]);
  }),
  [
    'compress in a network without a codec',
    () => createNetwork().listen({ compress: true }, nothing),
    'TypeError',
    undefined,
    /compress needs a codec: .*createNetwork/,
  ],
  [
    'the same, of a client',
    async () => {
      const network = createNetwork();
      await network.listen({}, nothing);
      await network.open('ws://server', { compress: true });
    },
    'TypeError',
    undefined,
    /compress needs a codec: .*createNetwork/,
  ],
  [
    'a path without a slash',
    () => listen({ ...LOCAL, path: 'chat' }, nothing),
    'TypeError',
    undefined,
    /begin with a slash/,
  ],
  [
    'one among others, for attach',
    () => attach(http, { path: ['/chat', 'news'] }, nothing),
    'TypeError',
    undefined,
    /begin with a slash/,
  ],
  [
    'an option of ws',
    () => open(server.url, { maxPayload: 1 } as never),
    'TypeError',
    undefined,
    /it is called maxMessageSize here/,
  ],
  [
    'perMessageDeflate',
    () => listen({ perMessageDeflate: true } as never, nothing),
    'TypeError',
    undefined,
    /it is called compress here/,
  ],
  [
    'verifyClient',
    () => listen({ verifyClient: () => true } as never, nothing),
    'TypeError',
    undefined,
    /it is called authorize here/,
  ],
  [
    'handleProtocols',
    () => listen({ handleProtocols: () => 'x' } as never, nothing),
    'TypeError',
    undefined,
    /selectSubprotocol here/,
  ],
  [
    'followRedirects',
    () => open(server.url, { followRedirects: true } as never),
    'TypeError',
    undefined,
    /it is called maxRedirects here/,
  ],
  [
    'noServer',
    () => listen({ noServer: true } as never, nothing),
    'TypeError',
    undefined,
    /use upgrade\(request, socket, head, options\)/,
  ],
  [
    'server',
    () => listen({ server: {} } as never, nothing),
    'TypeError',
    undefined,
    /use attach\(server, options, handler\)/,
  ],
  ['clientTracking', () => serve({ clientTracking: true } as never, {}), 'TypeError', undefined, /server\.connections/],
  [
    'a certificate outside of tls',
    () => open('wss://x/', { rejectUnauthorized: false } as never),
    'TypeError',
    undefined,
    /tls: \{ rejectUnauthorized/,
  ],
  [
    'a misspelling',
    () => open(server.url, { pingIntervall: 5 } as never),
    'TypeError',
    undefined,
    /did you mean pingInterval\?/,
  ],
  [
    'a server’s option to a client',
    () => open(server.url, { authorize: () => true } as never),
    'TypeError',
    undefined,
    /an option of a server that listens/,
  ],
  [
    'a client’s option to a server',
    () => listen({ proxy: 'env' } as never, nothing),
    'TypeError',
    undefined,
    /an option of a client/,
  ],
  [
    'a size in words',
    () => open(server.url, { maxMessageSize: '10mb' } as never),
    'TypeError',
    undefined,
    /maxMessageSize must be a number or false, not a string/,
  ],
  [
    'a subprotocol by itself',
    () => open(server.url, { subprotocols: 'chat' } as never),
    'TypeError',
    undefined,
    /subprotocols must be a list of strings/,
  ],
  [
    'an AbortController',
    () => open(server.url, { signal: new AbortController() } as never),
    'TypeError',
    undefined,
    /signal must be an AbortSignal/,
  ],
  [
    'handlers among the options',
    () => connect(server.url, { message() {} } as never, {}),
    'TypeError',
    undefined,
    /handlers are an argument of their own/,
  ],
  [
    'an option of compress outside of it',
    () => open(server.url, { threshold: 0 } as never),
    'TypeError',
    undefined,
    /compress: \{ threshold/,
  ],
  [
    'a negative limit',
    () => open(server.url, { closeTimeout: -1 }),
    'RangeError',
    undefined,
    /closeTimeout must not be negative/,
  ],
  [
    'Origins turned off by false',
    () => listen({ allowedOrigins: false } as never, nothing),
    'TypeError',
    undefined,
    /'\*' for all/,
  ],
  [
    'an Origin with a path',
    () => listen({ allowedOrigins: ['https://x.example/'] }, nothing),
    'TypeError',
    undefined,
    /serialised origins, such as/,
  ],
  [
    'tls without a certificate',
    () => listen({ tls: {} }, nothing),
    'TypeError',
    undefined,
    /give it cert and key, or pfx/,
  ],
  [
    'a Unix socket as a path',
    () => listen({ path: '/tmp/x.sock' }, nothing),
    'TypeError',
    undefined,
    /a Unix socket is socketPath/,
  ],
  ...['/chat?room=1', '/chat#top', '/caf\u00e9', '/a b'].map((path): Mistake => [
    `a path that no request has: ${path}`,
    () => attach(http, { path }, nothing),
    'TypeError',
    undefined,
    /without a query or fragment/,
  ]),
  ['no handler', () => listen(0, undefined as never), 'TypeError', undefined, /the handler must be a function/],
  [
    'no handler to attach',
    () => attach(createHttpServer(), {}, undefined as never),
    'TypeError',
    undefined,
    /the handler must be a function/,
  ],
  [
    'a port and options beside one another',
    () => listen(8080, { host: '127.0.0.1' } as never),
    'TypeError',
    undefined,
    /listen\(\{ port: 8080, … \}, handler\)/,
  ],
  [
    'options behind the handler of attach',
    () => (attach as (...given: unknown[]) => unknown)(http, nothing, { path: '/chat' }),
    'TypeError',
    undefined,
    /the handler is the last argument: attach\(httpServer, options, handler\)/,
  ],
  [
    'options behind the handler of open',
    () => (open as (...given: unknown[]) => unknown)(server.url, nothing, { subprotocols: ['chat'] }),
    'TypeError',
    undefined,
    /the handler is the last argument: open\(url, options, handler\)/,
  ],
  ...(
    [
      ['of Express', Object.assign(() => {}, { on() {}, listen() {} }), 'a function'],
      ['of Koa', { on() {}, listen() {}, callback() {} }, 'an object'],
      ['of Fastify', { server: http, listen() {}, addresses() {} }, 'an object'],
      ['that is none', undefined, 'undefined'],
    ] as const
  ).flatMap(([whose, app, found]): Mistake[] => {
    const text = new RegExp(
      `attach: expected a server of node:http, https or http2, not ${found}: .*createServer\\(app\\)`,
    );
    return Object.entries({
      attach: () => attach(app as never, nothing),
      'attach of the event face': () => attachEvents(app as never, {}, {}),
    }).map(([face, make]) => [`an app ${whose} given to ${face}`, make, 'TypeError', undefined, text]);
  }),
  [
    'the options of receiveJson in the place of validate',
    () => open(server.url, (ws) => ws.receiveJson({ timeout: 5 } as never)),
    'TypeError',
    undefined,
    /receiveJson: validate must be a function, not an object: the options come after it/,
  ],
  ...[toDuplex, toStreams].flatMap((make): Mistake[] =>
    [undefined, null, 5, {}, 'ws://127.0.0.1'].map((what) => [
      `${String(what)} in the place of a WebSocket, for ${make.name}`,
      () => make(what as never),
      'TypeError',
      undefined,
      new RegExp(`${make.name}: expected a WebSocket, not `),
    ]),
  ),
  ['a port that is taken', () => listen({ ...LOCAL, port: taken }, nothing), 'Error', undefined, /EADDRINUSE/],
  [
    'an HTTP server given to listen',
    () => listen(createHttpServer() as never, nothing),
    'TypeError',
    undefined,
    /attach\(httpServer, options, handler\) serves the upgrades of yours/,
  ],
  [
    'new, for a WebSocket of the promise API',
    () => new (WebSocket as unknown as new (url: string) => unknown)('ws://a.example'),
    'TypeError',
    undefined,
    /use `await open\(url\)`; the browser's WebSocket is in sansocket\/web/,
  ],
  [
    'an origin with a path',
    () => listen({ ...LOCAL, allowedOrigins: ['https://A.example/'] }, nothing),
    'TypeError',
    undefined,
    /did you mean https:\/\/a\.example\?$/,
  ],
  [
    'a host in the place of an origin',
    () => listen({ ...LOCAL, allowedOrigins: ['a.example'] }, nothing),
    'TypeError',
    undefined,
    /did you mean https:\/\/a\.example\?$/,
  ],
  [
    'all origins, in a list',
    () => listen({ ...LOCAL, allowedOrigins: ['*'] }, nothing),
    'TypeError',
    undefined,
    /for all, it is '\*' by itself/,
  ],
  [
    'an option of a send that ws has',
    () => open(server.url, (ws) => ws.send('x', { binary: true } as never)),
    'TypeError',
    undefined,
    /send: unknown option binary/,
  ],
  [
    'a callback of a send',
    () => open(server.url, (ws) => ws.send('x', (() => {}) as never)),
    'TypeError',
    undefined,
    /send: the options must be an object, not a function/,
  ],
  [
    'an option of trySend that there isn’t',
    () => open(server.url, (ws) => ws.trySend('x', { compres: true } as never)),
    'TypeError',
    undefined,
    /send: unknown option compres: did you mean compress\?/,
  ],
  [
    'a handler that is called otherwise',
    () => serve(LOCAL, { onmessage() {} } as never),
    'TypeError',
    undefined,
    /serve: unknown handler onmessage: it is called message here/,
  ],
  [
    'an event of ws as a handler',
    () => serve(LOCAL, { connection() {} } as never),
    'TypeError',
    undefined,
    /serve: unknown handler connection: it is called open here/,
  ],
  [
    'a handler that sounds like another',
    () => serve(LOCAL, { closed() {} } as never),
    'TypeError',
    undefined,
    /serve: unknown handler closed: it is called close here/,
  ],
  [
    'a handler that is misspelt',
    () => connect('ws://127.0.0.1:9', {}, { mesage() {} } as never),
    'TypeError',
    undefined,
    /connect: unknown handler mesage: did you mean message\?/,
  ],
  [
    'a handler that is no function',
    () => connect('ws://127.0.0.1:9', {}, { message: 'log' } as never),
    'TypeError',
    undefined,
    /connect: the handler message must be a function, not a string/,
  ],
  [
    'no handlers at all',
    () => attach(createHttpServer(), {}, undefined as never),
    'TypeError',
    undefined,
    /the handler must be a function/,
  ],
  [
    'a server in the place of its connections',
    () => broadcast(server as never, 'x'),
    'TypeError',
    undefined,
    /server\.connections/,
  ],
  [
    'a Map in the place of its values',
    () => broadcast(new Map([['ada', {}]]) as never, 'x'),
    'TypeError',
    undefined,
    /expected a WebSocket of this package, not an array: a Map of them has them in its values\(\)/,
  ],
  [
    'the same, for the event face',
    () => broadcastEvents(new Map([['ada', {}]]) as never, 'x'),
    'TypeError',
    undefined,
    /Sockets of the event face: a Map of them has them in its values\(\)/,
  ],
  [
    'a WebSocket of somebody else’s',
    () => broadcast([new (class WebSocket {})()] as never, 'x'),
    'TypeError',
    undefined,
    /another library, or of a second copy of sansocket/,
  ],
  [
    'no sockets at all, of the event face',
    () => broadcastEvents(undefined as never, 'x'),
    'TypeError',
    undefined,
    /server\.connections, or a list, not undefined/,
  ],
  ...(
    [
      ['upgrade', (...given) => upgrade(...given)],
      ['acceptUpgrade', (...given) => acceptUpgrade(...given, {}, {})],
      ['createAcceptor', (...given) => createAcceptor({}, {}).accept(...given)],
    ] as [string, (...given: [never, never, never]) => unknown][]
  ).flatMap(([name, call]): Mistake[] => [
    [
      `${name} of no request`,
      () => call({} as never, {} as never, new Uint8Array() as never),
      'TypeError',
      undefined,
      /expected the request of an HTTP server's 'upgrade' event, not an object/,
    ],
    [
      `${name} without a socket`,
      () => call({ headers: {}, rawHeaders: [] } as never, undefined as never, new Uint8Array() as never),
      'TypeError',
      undefined,
      /expected the socket of an HTTP server's 'upgrade' event, not undefined/,
    ],
  ]),
  [
    'isUpgrade of no request',
    () => isUpgrade(undefined as never),
    'TypeError',
    undefined,
    /the request .* not undefined/,
  ],
  ['what is no WebSocket at all', () => broadcast('ab' as never, 'x'), 'TypeError', undefined, /expected a WebSocket/],
  ['the same, for serve', () => serve({ ...LOCAL, port: taken }, {}), 'Error', undefined, /EADDRINUSE/],
  [
    'connecting again and again to nobody',
    async () => {
      for await (const _ of open.reconnecting('ws://127.0.0.1:9/', { attempts: 1 }));
    },
    'HandshakeError',
    'connect',
    /could not connect to 127\.0\.0\.1:9 \(ECONNREFUSED\): ws:\/\/127\.0\.0\.1:9\/$/,
  ],
  [
    'sending through a loop that is over',
    async () => {
      const connections = open.reconnecting('ws://127.0.0.1:9/');
      await connections.return?.();
      await connections.send('x');
    },
    'InvalidStateError',
    'invalid-state',
    /not sent: the loop over the connections is over/,
  ],
  [
    'options of a pool',
    () => new Http2Pool({ maxSessions: 2 } as never),
    'TypeError',
    undefined,
    /there are idleTimeout/,
  ],
  [
    'options of a stream',
    () => toDuplex({} as never, { objectmode: true } as never),
    'TypeError',
    undefined,
    /did you mean objectMode\?/,
  ],
  [
    'a policy that is none',
    () => broadcast([], 'x', { slow: 'drop' } as never),
    'TypeError',
    undefined,
    /slow must be 'wait'/,
  ],
  [
    'options of the core',
    () => Connection.server({ now: 0, sink: {}, maxPayload: 1 } as never),
    'TypeError',
    undefined,
    /maxMessageSize here/,
  ],
  // Addresses.
  ['http:', () => open('http://127.0.0.1/'), 'SyntaxError', undefined, /ws/],
  ['a URL with a fragment', () => open('ws://127.0.0.1/#x'), 'SyntaxError', undefined, /fragment/],
  [
    'a name that there is not',
    () => open('ws://nowhere.invalid/'),
    'HandshakeError',
    'dns',
    /could not connect to nowhere\.invalid:80 \((ENOTFOUND|EAI_AGAIN)\): ws:\/\/nowhere\.invalid\//,
  ],
  [
    'a port where nobody is',
    () => open('ws://user:secret@127.0.0.1:9/path?token=secret'),
    'HandshakeError',
    'connect',
    /could not connect to 127\.0\.0\.1:9 \(ECONNREFUSED\): ws:\/\/127\.0\.0\.1:9\/path$/,
  ],
  [
    'ws: where TLS is spoken',
    () => open(secure.url.replace('wss', 'ws')),
    'HandshakeError',
    'lost',
    /where the server speaks TLS, the URL begins with wss:/,
  ],
  [
    'wss: where it is not',
    () => open(server.url.replace('ws', 'wss')),
    'HandshakeError',
    'tls',
    /no TLS is spoken there, and a URL with ws: leads/,
  ],
  [
    'a certificate that nobody vouches for',
    () => open(secure.url),
    'HandshakeError',
    'tls',
    /TLS handshake with .* failed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  ],
  [
    'a redirect',
    () => open(`ws://127.0.0.1:${portOf(moved)}/`),
    'HandshakeError',
    'response',
    /status 301 .* maxRedirects is 0, and its Location is/,
  ],
  [
    'a proxy that says no',
    () => open(server.url, { proxy: `http://127.0.0.1:${portOf(proxy)}` }),
    'HandshakeError',
    'proxy',
    /the proxy refused the tunnel with status 403/,
  ],
  [
    'a proxy that is not there',
    () => open(server.url, { proxy: 'http://127.0.0.1:9' }),
    'HandshakeError',
    'proxy',
    /could not connect to the proxy 127\.0\.0\.1:9/,
  ],
  [
    'a server that is slow',
    () => open(`ws://127.0.0.1:${portOf(silent)}/`, { handshakeTimeout: 20 }),
    'TimeoutError',
    'open-timeout',
    /within 20 ms \(handshakeTimeout\), waiting for the response: ws:/,
  ],
  ['an authorize that returns nothing', () => open(picky.url), 'HandshakeError', 'response', /status 500/],
  [
    'an Origin that is not listed',
    () => open(server.url, { origin: 'http://localhost:5173' }),
    'HandshakeError',
    'response',
    /status 403/,
  ],
  [
    'subprotocols that the server does not know',
    () => open(server.url, ['chat']),
    'HandshakeError',
    'subprotocol',
    /requireSubprotocol: false/,
  ],
  // Messages.
  [
    'a promise as a message',
    () => open(server.url, (ws) => ws.send(Promise.resolve('x') as never)),
    'TypeError',
    undefined,
    /a Promise: await it/,
  ],
  [
    'an object as a message',
    () => open(server.url, (ws) => ws.send({ hello: 1 } as never)),
    'TypeError',
    undefined,
    /an object: JSON\.stringify it/,
  ],
  [
    'a number as a message',
    () => open(server.url, (ws) => ws.send(5 as never)),
    'TypeError',
    undefined,
    /the number 5: String\(it\)/,
  ],
  [
    'a Blob as a message',
    () => open(server.url, (ws) => ws.send(new Blob([]) as never)),
    'TypeError',
    undefined,
    /await its arrayBuffer\(\)/,
  ],
  [
    'a message that is too large',
    () =>
      open(server.url, async (ws) => {
        await ws.send('x'.repeat(2000));
        await ws.receive();
      }),
    'WebSocketError',
    'closed',
    /1009 \(message too big\)/,
  ],
  [
    'waiting for a message that does not come',
    () => open(server.url, (ws) => ws.receive({ timeout: 5 })),
    'WaitTimeoutError',
    'wait-timeout',
    /within 5 ms; the connection goes on/,
  ],
  [
    'receiving after the end',
    () => open(`${server.url}/closes`, (ws) => ws.receive()),
    'WebSocketError',
    'closed',
    /4000 .*enough/,
  ],
  [
    'sending after the end',
    () =>
      open(`${server.url}/closes`, async (ws) => {
        await ws.closed;
        await ws.send('x');
      }),
    'WebSocketError',
    'closed',
    /not sent, for the connection is closed: 4000/,
  ],
  [
    'a connection that is lost',
    () =>
      open(`${server.url}/drops`, async (ws) => {
        await ws.send('x');
        for await (const _ of ws);
      }),
    'ConnectionLostError',
    'lost',
    /without a Close frame/,
  ],
  [
    'a close code that may not be sent',
    () => open(server.url, (ws) => ws.close(1006)),
    'RangeError',
    undefined,
    /1006 is not a close code that may be sent/,
  ],
];

describe('each names the remedy', () => {
  test('there are more than 45 of them', () => expect(mistakes.length).toBeGreaterThanOrEqual(45));

  test.each(mistakes)('%s', async (_, make, name, kind, text) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const error = await mistake(make);
    expect(error.name).toBe(name);
    expect(error.message).toMatch(text);
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain('secret');
    // A line of this file, whenever the error came.
    expect(error.stack).toContain('mistakes.test.ts');
  });
});

async function mistake(make: () => unknown): Promise<Error & { kind?: string }> {
  try {
    await make();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was let pass');
}

test('a second iterator over one connection', async () => {
  const network = createNetwork();
  await network.listen(80, (ws) => ws.closed);
  const ws = await network.open('ws://server/');
  ws[Symbol.asyncIterator]();
  expect(() => ws[Symbol.asyncIterator]()).toThrow('one loop at a time');
  ws.terminate();
});
