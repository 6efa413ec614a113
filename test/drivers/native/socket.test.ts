/** The promise API over a WebSocket of the runtime's, here one that does what the test says. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fromWebSocket, open } from '../../../drivers/native/index.ts';

/** What a page has, as the WHATWG's interface shows it: the test is its network. */
class FakeWebSocket extends EventTarget {
  static last: FakeWebSocket;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  readonly url = 'ws://a.example/';
  readonly protocol = '';
  readonly extensions = '';
  readonly sent: unknown[] = [];
  readonly closes: unknown[][] = [];

  constructor() {
    super();
    FakeWebSocket.last = this;
  }

  open(): this {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
    return this;
  }

  receive(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean: code !== 1006 }));
  }

  send(data: unknown): void {
    this.sent.push(data);
    this.bufferedAmount += (data as string).length;
  }

  close(...args: [number?, string?]): void {
    if (args[0] !== undefined && args[0] !== 1000 && args[0] < 3000) throw new DOMException('', 'InvalidAccessError');
    this.closes.push(args);
    this.readyState = 2;
  }
}

beforeEach(() => {
  vi.stubGlobal('WebSocket', FakeWebSocket);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a WebSocket that is open already is taken as it is, and bytes come as Uint8Array', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw);
  expect(raw.binaryType).toBe('arraybuffer');
  raw.receive(new Uint8Array([1, 2]).buffer);
  expect(await ws.receive()).toEqual(new Uint8Array([1, 2]));
  expect(ws.state).toBe('open');
});

test('a send waits while more than `sendHighWater` is buffered, and goes on when all has left', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { sendHighWater: 4 });
  let sent = false;
  const sending = ws.send('12345').then(() => (sent = true));
  await vi.advanceTimersByTimeAsync(100);
  expect(sent).toBe(false);
  raw.bufferedAmount = 0;
  await vi.advanceTimersByTimeAsync(20);
  await sending;
  expect(sent).toBe(true);
});

test('what nobody receives is held up to a limit, then the connection is ended', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { receiveQueue: 1, receiveLimit: 10 });
  for (let i = 0; i < 3; i++) raw.receive('12345');
  expect(ws.state).toBe('open');
  raw.receive('6');
  expect(await ws.closed).toMatchObject({ code: 1006, clean: false, error: { name: 'ConnectionLostError' } });
  expect(raw.closes).toEqual([[1000, '']]);
});

test('a message larger than `maxMessageSize` ends the connection', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { maxMessageSize: 4 });
  raw.receive('12345');
  expect(await ws.closed).toMatchObject({ error: { name: 'ProtocolError', code: 1009 } });
});

test('messages that came before the end are received before it, however slowly', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { receiveQueue: 1 });
  for (const message of ['a', 'b', 'c']) raw.receive(message);
  raw.end(1000);
  const got: unknown[] = [];
  for await (const message of ws) got.push(message);
  expect(got).toEqual(['a', 'b', 'c']);
});

test('a code that the runtime does not send goes out as a Close frame without one', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw);
  const closed = ws.close(1011, 'broken');
  expect(raw.closes).toEqual([[]]);
  raw.end(1005);
  expect(await closed).toMatchObject({ clean: true, first: 'sent', sent: { code: 1005 } });
});

test('a peer that does not answer the Close frame is given up after `closeTimeout`', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { closeTimeout: 1000 });
  const closed = ws.close();
  await vi.advanceTimersByTimeAsync(1001); // a task of its own, behind those that are waiting
  expect(await closed).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
});

test('an opening handshake that takes longer than `handshakeTimeout` is given up', async () => {
  const opening = open('ws://a.example/', { handshakeTimeout: 1000 });
  const failed = expect(opening).rejects.toMatchObject({ name: 'TimeoutError' });
  await vi.advanceTimersByTimeAsync(1001);
  await failed;
  expect(FakeWebSocket.last.readyState).toBe(2);
});

test('what waits behind a deadline’s timer is heard before it is judged: a page stood still', async () => {
  const opening = open('ws://a.example/', { handshakeTimeout: 1000 });
  const raw = FakeWebSocket.last;
  setTimeout(() => raw.open(), 1000);
  await vi.advanceTimersByTimeAsync(1001);
  const ws = await opening;
  expect(ws.state).toBe('open');
  raw.end(1000);
});

test('pings are refused, for the runtime sends none', async () => {
  const ws = await fromWebSocket(new FakeWebSocket().open());
  await expect(ws.ping()).rejects.toThrow("the runtime's WebSocket sends no pings of ours");
});

test('where there is no WebSocket, the error says so', async () => {
  vi.stubGlobal('WebSocket', undefined);
  await expect(open('ws://a.example/')).rejects.toThrow('Node has one from version 22 on');
});

test('empty messages that nobody receives are held to a limit too', async () => {
  const raw = new FakeWebSocket().open();
  const ws = await fromWebSocket(raw, { receiveQueue: 1, receiveLimit: 100_000 });
  let received = 0;
  while (ws.state === 'open' && received < 5000) {
    raw.receive('');
    received++;
  }
  expect(received).toBeLessThan(1000);
  expect(await ws.closed).toMatchObject({ code: 1006, error: { name: 'ConnectionLostError' } });
});

test.each([
  ['a Blob', new Blob(['text'])],
  ['a Number', 7],
  ['an Object', {}],
  ['null', null],
])(
  'what the runtime gives for a message that is none ends the connection, and is never an empty one: %s',
  async (_what, data) => {
    const raw = new FakeWebSocket().open();
    const ws = await fromWebSocket(raw);
    raw.receive('before');
    raw.receive(data);
    expect(await ws.receive()).toBe('before');
    await expect(ws.receive()).rejects.toThrow('a message that is neither a string nor bytes');
    expect(raw.closes).toEqual([[1000, '']]);
  },
);

test.each([null, undefined, 5, {}, new EventTarget()])('what is no WebSocket is named: %o', async (wrong) => {
  const error = new TypeError('fromWebSocket takes a WebSocket of the runtime');
  await expect(fromWebSocket(wrong as never)).rejects.toThrow(error);
});

test('over a WebSocketStream what is sent counts until it has left, empty messages as well', async () => {
  let write = (): void => {};
  const written: unknown[] = [];
  class FakeStream {
    readonly url = 'ws://a.example/';
    readonly closed = new Promise<never>(() => {});
    readonly opened = Promise.resolve({
      readable: new ReadableStream(),
      writable: new WritableStream({
        write: (chunk) => new Promise<void>((resolve) => ((write = resolve), void written.push(chunk))),
      }),
      protocol: '',
      extensions: '',
    });
    close(): void {}
  }
  vi.stubGlobal('WebSocketStream', FakeStream);
  const ws = await open('ws://a.example/', { sendHighWater: 1000 });
  const sends = Array.from({ length: 20 }, () => ws.send(''));
  expect(ws.bufferedAmount).toBeGreaterThan(0);
  let isLast = false;
  void sends.at(-1)!.then(() => (isLast = true));
  await vi.advanceTimersByTimeAsync(1);
  expect(isLast).toBe(false);
  while (!isLast) {
    write();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(written.every((message) => message === '')).toBe(true);
});

test('a signal that has fired already opens nothing', async () => {
  FakeWebSocket.last = undefined!;
  const reason = new Error('not any more');
  await expect(open('ws://a.example/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(FakeWebSocket.last).toBeUndefined();
});

test('a signal gives up what is being opened, and holds nothing of what is open or over', async () => {
  const shared = new AbortController();
  const add = vi.spyOn(shared.signal, 'addEventListener');
  const remove = vi.spyOn(shared.signal, 'removeEventListener');
  const listeners = () => add.mock.calls.length - remove.mock.calls.length;
  const opening = Array.from({ length: 20 }, () => {
    const opened = open('ws://a.example/', { signal: shared.signal });
    return { opened, raw: FakeWebSocket.last };
  });
  expect(listeners()).toBe(1);
  const [first, second, ...others] = opening;
  first.raw.open();
  second.raw.end(1006);
  const ws = await first.opened;
  await expect(second.opened).rejects.toMatchObject({ name: 'HandshakeError', kind: 'connect', isTemporary: true });
  const reason = new Error('enough');
  shared.abort(reason);
  for (const { opened, raw } of others) {
    await expect(opened).rejects.toBe(reason);
    expect(raw.closes).toHaveLength(1);
  }
  expect(ws.state).toBe('open');
  const later = new AbortController();
  const removed = vi.spyOn(later.signal, 'removeEventListener');
  const last = open('ws://a.example/', { signal: later.signal });
  FakeWebSocket.last.open();
  await last;
  expect(removed).toHaveBeenCalledOnce();
});

test('the errors of its ends have the kinds that those of other connections have', async () => {
  const opening = open('ws://a.example/', { sendLimit: 10, sendHighWater: 1000 });
  const raw = FakeWebSocket.last.open();
  const ws = await opening;
  await ws.send('more than ten bytes');
  await expect(ws.send('and more')).rejects.toMatchObject({ kind: 'send-limit' });
  expect((await ws.closed).error).toMatchObject({ kind: 'send-limit' });
  expect(raw.closes).toHaveLength(1);
  const other = await fromWebSocket(new FakeWebSocket().open());
  other.terminate();
  expect((await other.closed).error).toMatchObject({ kind: 'terminated' });
});

describe('a WebSocket whose constructor throws', () => {
  // Firefox, where a Content-Security-Policy rules the server out: an exception of its own, which is no Error.
  const blocked = { name: 'NS_ERROR_CONTENT_BLOCKED', message: '' };
  const throwing = (error: unknown) =>
    vi.stubGlobal(
      'WebSocket',
      vi.fn(function () {
        throw error;
      }),
    );

  test('what is no Error is a handshake that failed, with it as the cause', async () => {
    throwing(blocked);
    const failed = expect(open('ws://b.example/')).rejects.toMatchObject({
      name: 'HandshakeError',
      kind: 'connect',
      cause: blocked,
    });
    await vi.advanceTimersByTimeAsync(0);
    await failed;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('`open.reconnecting` tries again after it, and counts it', async () => {
    throwing(blocked);
    const states: string[] = [];
    const opening = open.reconnecting('ws://b.example/', { attempts: 3, onState: ({ state }) => states.push(state) });
    const failed = expect(opening[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: 'HandshakeError',
      cause: blocked,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await failed;
    expect(globalThis.WebSocket).toHaveBeenCalledTimes(3);
    expect(states.filter((state) => state === 'connecting')).toHaveLength(3);
  });

  test('a URL that is none is the error that it is', async () => {
    const error = new DOMException('no URL', 'SyntaxError');
    throwing(error);
    await expect(open('nowhere')).rejects.toBe(error);
  });
});

describe('a connection that this side ends has its own error', () => {
  test.each([
    ['terminate', {}, 'terminated'],
    ['a message that is too large', { maxMessageSize: 4 }, 'message-size'],
    ['more than `sendLimit`', { sendLimit: 4, sendHighWater: 1 }, 'send-limit'],
  ])('by %s, in a runtime that tells of the end within `close()`', async (_, options, kind) => {
    const raw = new FakeWebSocket().open();
    raw.close = (code = 1005) => raw.end(code);
    const ws = await fromWebSocket(raw, options);
    if (kind === 'terminated') ws.terminate();
    else if (kind === 'message-size') raw.receive('12345');
    else for (let i = 0; i < 3; i++) void ws.send('12345').catch(() => {});
    expect(await ws.closed).toMatchObject({ code: 1006, clean: false, error: { kind } });
  });

  test('by terminate, when the peer has ended it already behind messages that nobody has received', async () => {
    const raw = new FakeWebSocket().open();
    const ws = await fromWebSocket(raw, { receiveQueue: 1 });
    for (const message of ['a', 'b', 'c']) raw.receive(message);
    raw.end(1000);
    ws.terminate();
    await vi.advanceTimersByTimeAsync(0);
    expect(ws.state).toBe('closed');
    expect(await ws.closed).toMatchObject({ clean: false, error: { kind: 'terminated' } });
  });

  test('by close and terminate of a WebSocket that throws whenever it is closed', async () => {
    for (const end of ['close', 'terminate'] as const) {
      const raw = new FakeWebSocket().open();
      const cause = new Error('no');
      raw.close = () => {
        throw cause;
      };
      const ws = await fromWebSocket(raw);
      void ws[end]();
      expect(await ws.closed).toMatchObject({ clean: false, error: { name: 'ConnectionLostError' } });
      if (end === 'close') expect((await ws.closed).error!.cause).toBe(cause);
      await vi.advanceTimersByTimeAsync(0);
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});
