import { afterEach, describe, expect, test } from 'vitest';
import { listen, type Server, type WebSocket as ServerSocket } from '../../../drivers/index.ts';
import { WebSocket, WebSocketStream } from '../../../drivers/web/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ timeout: 1 });
});

async function serveWith(handler: (ws: ServerSocket) => Promise<unknown>, subprotocols?: string[]): Promise<string> {
  const server = await listen({ host: '127.0.0.1', port: 0, subprotocols }, handler);
  servers.push(server);
  return server.url;
}

const echo = async (ws: ServerSocket) => {
  for await (const message of ws) await ws.send(message);
};

const next = (target: EventTarget, type: string) =>
  new Promise<any>((resolve) => target.addEventListener(type, resolve, { once: true }));

/** The name of the DOMException that a call throws. */
function nameOfThrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).name;
  }
  return 'nothing';
}

describe('the constructor', () => {
  test.each(['', 'no url', 'ftp://a/', 'mailto:a', 'ws://a/#', 'ws://a/#b', 'wss://a:99999'])(
    'throws a SyntaxError for %j',
    (url) => expect(nameOfThrown(() => new WebSocket(url))).toBe('SyntaxError'),
  );

  test.each([[['a', 'a']], [['a', 'A']], [['']], [['a b']], [['a,b']], [['é']], ['a/b']])(
    'throws a SyntaxError for the protocols %j',
    (protocols) => expect(nameOfThrown(() => new WebSocket('ws://127.0.0.1:1/', protocols))).toBe('SyntaxError'),
  );

  test('takes http and https for ws and wss', async () => {
    const url = await serveWith(echo);
    const socket = new WebSocket(url.replace('ws:', 'http:'));
    expect(socket.url).toBe(`${url}/`);
    await next(socket, 'open');
    socket.close();
    await next(socket, 'close');
  });

  test('has the constants, on itself and on its prototype', () => {
    const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;
    expect(names.map((name) => WebSocket[name])).toEqual([0, 1, 2, 3]);
    expect(names.map((name) => (WebSocket.prototype as any)[name])).toEqual([0, 1, 2, 3]);
  });
});

describe('a connection', () => {
  test('goes from CONNECTING to OPEN to CLOSING to CLOSED, with an event at each turn', async () => {
    const socket = new WebSocket(await serveWith(echo, ['chat']), ['chat']);
    const seen: [string, number][] = [];
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, () => seen.push([type, socket.readyState]));
    }
    expect([socket.readyState, socket.protocol, socket.extensions]).toEqual([0, '', '']);
    await next(socket, 'open');
    expect(socket.protocol).toBe('chat');
    socket.send('hello');
    const { data, origin } = await next(socket, 'message');
    expect([data, origin]).toEqual(['hello', new URL(socket.url).origin]);
    socket.close(3001, 'bye');
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    expect(await next(socket, 'close')).toMatchObject({ wasClean: true, code: 3001, reason: 'bye' });
    expect(seen).toEqual([
      ['open', 1],
      ['message', 1],
      ['close', 3],
    ]);
  });

  test('bytes come as what binaryType says', async () => {
    const socket = new WebSocket(await serveWith(echo));
    await next(socket, 'open');
    expect(socket.binaryType).toBe('blob');
    socket.send(new Uint16Array([0x0102, 0x0304]).subarray(1));
    expect(new Uint8Array(await (await next(socket, 'message')).data.arrayBuffer())).toEqual(new Uint8Array([4, 3]));
    (socket as any).binaryType = 'nonsense';
    expect(socket.binaryType).toBe('blob');
    socket.binaryType = 'arraybuffer';
    socket.send(new ArrayBuffer(3));
    expect((await next(socket, 'message')).data).toEqual(new ArrayBuffer(3));
    socket.close();
    await next(socket, 'close');
  });

  test('blobs are sent in order with everything else', async () => {
    const socket = new WebSocket(await serveWith(echo));
    socket.binaryType = 'arraybuffer';
    await next(socket, 'open');
    const bytes = new Uint8Array([7]);
    socket.send(new Blob(['one']));
    socket.send('two');
    socket.send(bytes);
    expect(socket.bufferedAmount).toBe(3 + 3 + 1);
    bytes[0] = 0; // what is sent is what was there
    socket.close();
    const messages: unknown[] = [];
    const url = socket.url;
    socket.onmessage = ({ data }) => messages.push(data);
    await next(socket, 'close');
    expect(messages).toEqual([]); // nothing is delivered once it is CLOSING
    expect(url).toBe(socket.url);
  });

  test('send throws an InvalidStateError while CONNECTING, and counts what it drops after the close', async () => {
    const socket = new WebSocket(await serveWith(echo));
    expect(nameOfThrown(() => socket.send('early'))).toBe('InvalidStateError');
    await next(socket, 'open');
    socket.close();
    socket.send('é');
    socket.send(new Uint8Array(5));
    await next(socket, 'close');
    expect(socket.bufferedAmount).toBe(7);
  });

  test('what is neither text nor bytes is sent as its string, with lone surrogates replaced', async () => {
    const socket = new WebSocket(await serveWith(echo));
    await next(socket, 'open');
    for (const [value, text] of [
      [null, 'null'],
      [12, '12'],
      [{}, '[object Object]'],
      ['a\ud800', 'a\ufffd'],
    ]) {
      socket.send(value as string);
      expect((await next(socket, 'message')).data).toBe(text);
    }
    socket.close();
    await next(socket, 'close');
  });

  test.each([0, 999, 1001, 1005, 2999, 5000, NaN])('close throws an InvalidAccessError for the code %s', (code) => {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    expect(nameOfThrown(() => socket.close(code))).toBe('InvalidAccessError');
    socket.close();
  });

  test('close throws a SyntaxError for a reason over 123 bytes', () => {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    expect(nameOfThrown(() => socket.close(1000, 'é'.repeat(62)))).toBe('SyntaxError');
    socket.close();
  });

  test('close without a code sends none, and 1005 is what is told', async () => {
    let tell!: (info: unknown) => void;
    const told = new Promise((resolve) => (tell = resolve));
    const socket = new WebSocket(await serveWith(async (ws) => tell(await ws.closed)));
    await next(socket, 'open');
    socket.close();
    expect(await next(socket, 'close')).toMatchObject({ wasClean: true, code: 1005, reason: '' });
    expect(await told).toMatchObject({ code: 1005 });
  });

  test('close while CONNECTING fails it: error, then close with 1006, and no event within the call', async () => {
    const socket = new WebSocket(await serveWith(echo));
    const seen: string[] = [];
    for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => seen.push(type));
    socket.close();
    expect([socket.readyState, seen]).toEqual([WebSocket.CLOSING, []]);
    expect(await next(socket, 'close')).toMatchObject({ wasClean: false, code: 1006 });
    expect(seen).toEqual(['error', 'close']);
  });

  test('a server that is not there: error, then close with 1006', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    const seen: string[] = [];
    socket.onerror = () => seen.push('error');
    socket.onclose = ({ code }) => seen.push(`close ${code}`);
    await next(socket, 'close');
    expect(seen).toEqual(['error', 'close 1006']);
  });
});

describe('event handler attributes', () => {
  test('take their turn where they were first set, and are replaced in place', async () => {
    const socket = new WebSocket(await serveWith(echo));
    const seen: string[] = [];
    socket.onopen = () => seen.push('replaced');
    socket.addEventListener('open', () => seen.push('listener'));
    const handler = function (this: unknown) {
      seen.push(this === socket ? 'handler' : 'wrong this');
    };
    socket.onopen = handler;
    expect(socket.onopen).toBe(handler);
    await next(socket, 'open');
    expect(seen).toEqual(['handler', 'listener']);
    socket.onopen = 'no function' as never;
    expect(socket.onopen).toBeNull();
    socket.close();
    await next(socket, 'close');
  });
});

test('the reactions to one message are done before the next comes, also where the first has ended the connection', async () => {
  const names = ['m0', 'm1', 'm2', 'm3'];
  const url = await serveWith(async (ws) => {
    for (const name of names) void ws.send(name);
    await ws.closed;
  });
  const socket = new WebSocket(url, [], { sendLimit: 10 });
  const seen: string[] = [];
  socket.onmessage = async ({ data }) => {
    seen.push(data);
    if (data === 'm1') for (let i = 0; i < 2; i++) socket.send('x'.repeat(4 * 1024 * 1024));
    await null;
    seen.push('after');
  };
  await next(socket, 'close');
  expect(seen).toEqual(names.flatMap((name) => [name, 'after']));
});

describe('the members as WebIDL has them', () => {
  test('take as many arguments as they need, by their length', () => {
    expect([WebSocket.length, WebSocket.prototype.close.length, WebSocket.prototype.send.length]).toEqual([1, 0, 1]);
    expect([WebSocketStream.length, WebSocketStream.prototype.close.length]).toEqual([1, 0]);
  });

  test('more arguments than there are are ignored, and options that are none are not', async () => {
    const url = await serveWith(echo);
    for (const third of ['a', 1, null]) {
      const socket = new WebSocket(url, [], third as never);
      await next(socket, 'open');
      socket.close();
    }
    expect(() => new WebSocket(url, [], { nothing: 1 } as never)).toThrow(TypeError);
  });

  test.each<[string, () => unknown]>([
    ['close, with a code that may not be sent', () => WebSocket.prototype.close.call(null as never, 1)],
    ['close, of another object', () => WebSocket.prototype.close.call({} as never)],
    ['send', () => WebSocket.prototype.send.call({} as never, 'a')],
    ['a value that binaryType does not have', () => Reflect.set(WebSocket.prototype, 'binaryType', 'nothing', {})],
    ['readyState', () => Reflect.get(WebSocket.prototype, 'readyState', {})],
    ['the close of a WebSocketStream', () => WebSocketStream.prototype.close.call({} as never, { closeCode: 1 })],
  ])('on what is no WebSocket are a TypeError: %s', (_, call) => {
    expect(call).toThrow(TypeError);
  });
});
