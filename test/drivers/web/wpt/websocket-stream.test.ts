/** The cases of web-platform-tests for `WebSocketStream` and `WebSocketError` (stream/tentative), likewise. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketError } from '../../../../drivers/web/index.ts';
import { openSite, thrown, type Site } from './site.ts';

/** What a promise rejects with. */
const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error,
  );

describe.each(['ws', 'wss'] as const)('%s', (scheme) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(scheme);
  });
  afterAll(() => site.close());

  describe('stream/tentative/constructor.any.js', () => {
    test('no URL, an invalid one, options that are no object, and protocols that are no list are thrown', () => {
      const Constructor = site.stream('/').constructor as any;
      expect(thrown(() => new Constructor())).toBe('TypeError');
      expect(thrown(() => new Constructor('invalid:'))).toBe('SyntaxError');
      expect(thrown(() => new Constructor(`${site.base}/`, true))).toBe('TypeError');
      expect(thrown(() => new Constructor(`${site.base}/`, { protocols: 'hi' }))).toBe('TypeError');
    });
    test('a valid URL opens', async () => {
      const stream = site.stream('/echo');
      const { readable, writable, protocol, extensions } = await stream.opened;
      expect([stream.url, protocol, extensions]).toEqual([`${site.base}/echo`, '', '']);
      expect([readable, writable]).toEqual([expect.any(ReadableStream), expect.any(WritableStream)]);
      stream.close();
    });
    test('a protocol is agreed on', async () => {
      const stream = site.stream('/protocol', { protocols: ['alpha', 'beta'] });
      const { readable, protocol } = await stream.opened;
      expect([protocol, (await readable.getReader().read()).value]).toEqual(['alpha', 'alpha']);
      stream.close();
    });
    test('a failed connection rejects both promises with a WebSocketError', async () => {
      for (const path of ['/404', '/no_protocol']) {
        const stream = site.stream(path, { protocols: ['chat'] });
        expect(await rejection(stream.opened)).toBeInstanceOf(WebSocketError);
        expect(await rejection(stream.closed)).toBeInstanceOf(WebSocketError);
      }
    });
  });

  describe('stream/tentative/abort.any.js', () => {
    test('a signal aborted before prevents the connection', async () => {
      const before = site.requests.length;
      const stream = site.stream('/echo', { signal: AbortSignal.abort() });
      expect(await rejection(stream.opened)).toMatchObject({ name: 'AbortError' });
      expect(await rejection(stream.closed)).toMatchObject({ name: 'AbortError' });
      stream.close();
      await site.stream('/echo').opened; // the server has seen one request since
      expect(site.requests.length).toBe(before + 1);
    });
    test('it gives up the handshake', async () => {
      const giveUp = new AbortController();
      const stream = site.stream('/handshake_sleep', { signal: giveUp.signal });
      setImmediate(() => giveUp.abort());
      expect(await rejection(stream.opened)).toMatchObject({ name: 'AbortError' });
      expect(await rejection(stream.closed)).toMatchObject({ name: 'AbortError' });
    });
    test('afterwards it does nothing', async () => {
      const giveUp = new AbortController();
      const stream = site.stream('/echo', { signal: giveUp.signal });
      const { readable, writable } = await stream.opened;
      giveUp.abort();
      void writable.getWriter().write('connected');
      expect((await readable.getReader().read()).value).toBe('connected');
      stream.close();
    });
  });

  describe('stream/tentative/close.any.js', () => {
    test.each([
      [
        { closeCode: 3456, reason: 'pizza' },
        { closeCode: 3456, reason: 'pizza' },
      ],
      [undefined, { closeCode: 1005, reason: '' }],
      [{}, { closeCode: 1005, reason: '' }],
      [{ reason: '' }, { closeCode: 1005, reason: '' }],
      [{ reason: 'non-empty' }, { closeCode: 1000, reason: 'non-empty' }],
    ])('close(%j) leads to %j', async (given, expected) => {
      const stream = site.stream('/echo');
      await stream.opened;
      stream.close(given);
      expect(await stream.closed).toEqual(expected);
    });
    test('close() throws for what is no object, for a long reason and for codes that may not be sent', async () => {
      const stream = site.stream('/echo');
      await stream.opened;
      expect(thrown(() => stream.close(true as never))).toBe('TypeError');
      expect(thrown(() => stream.close({ closeCode: 65_536 }))).toBe('TypeError');
      expect(thrown(() => stream.close({ reason: '.'.repeat(124) }))).toBe('SyntaxError');
      for (const closeCode of [999, 1001, 2999, 5000]) {
        expect(thrown(() => stream.close({ closeCode }))).toBe('InvalidAccessError');
      }
      stream.close();
    });
    test('close() during the handshake rejects both promises', async () => {
      const stream = site.stream('/handshake_sleep');
      stream.close();
      expect(await rejection(stream.opened)).toBeInstanceOf(WebSocketError);
      expect(await rejection(stream.closed)).toBeInstanceOf(WebSocketError);
    });
    test('closing the writable closes cleanly', async () => {
      const stream = site.stream('/echo');
      void (await stream.opened).writable.getWriter().close();
      expect(await stream.closed).toEqual({ closeCode: 1005, reason: '' });
    });
    test('the writer’s close() does not resolve before the handshake is over', async () => {
      const stream = site.stream('/delayed-passive-close');
      let isClosed = false;
      const closing = (await stream.opened).writable
        .getWriter()
        .close()
        .then(() => (isClosed = true));
      await site.stream('/echo').opened; // a round trip later
      expect(isClosed).toBe(false);
      site.answerCloses();
      await closing;
    });
    test.each(['abort', 'cancel'] as const)('%s closes cleanly, with what a WebSocketError says', async (method) => {
      for (const [reason, closed] of [
        [undefined, { closeCode: 1005, reason: '' }],
        [new WebSocketError('', { closeCode: 3333 }), { closeCode: 3333, reason: '' }],
        [new WebSocketError('', { closeCode: 3456, reason: 'set' }), { closeCode: 3456, reason: 'set' }],
        [new WebSocketError('', { reason: 'specified' }), { closeCode: 1000, reason: 'specified' }],
        [
          { closeCode: 3456, reason: 'set' },
          { closeCode: 1005, reason: '' },
        ],
        [new DOMException('yes', 'DataCloneError'), { closeCode: 1005, reason: '' }],
      ] as const) {
        const stream = site.stream('/echo');
        const { readable, writable } = await stream.opened;
        if (method === 'abort') void writable.abort(reason);
        else void readable.cancel(reason);
        expect(await stream.closed).toEqual(closed);
      }
    });
    test('a WebSocketError whose code came from a server closes without one', async () => {
      const lost = site.stream('/remote-close?abrupt=1');
      const error = await rejection(lost.closed);
      expect(error.closeCode).toBe(1006);
      const stream = site.stream('/echo');
      await (await stream.opened).readable.cancel(error);
      expect(await stream.closed).toEqual({ closeCode: 1005, reason: '' });
    });
  });

  describe('stream/tentative/remote-close.any.js', () => {
    test('a clean close closes the readable and errors the writable', async () => {
      const stream = site.stream('/remote-close?code=1000');
      const { readable, writable } = await stream.opened;
      expect(await stream.closed).toEqual({ closeCode: 1000, reason: '' });
      expect((await readable.getReader().read()).done).toBe(true);
      expect(await rejection(writable.getWriter().ready)).toMatchObject({ name: 'InvalidStateError' });
    });
    test('the code and the reason are the server’s', async () => {
      expect(await site.stream('/remote-close').closed).toEqual({ closeCode: 1005, reason: '' });
      for (const reason of ['robot', 'ロボット']) {
        const stream = site.stream(`/remote-close?code=4000&reason=${encodeURIComponent(reason)}`);
        expect(await stream.closed).toEqual({ closeCode: 4000, reason });
      }
    });
    test('close with unwritten data is not clean', async () => {
      const stream = site.stream('/close_and_leave');
      const { writable } = await stream.opened;
      const writing = rejection(writable.getWriter().write(new Uint8Array(8 * 1024 * 1024)));
      expect(await rejection(stream.closed)).toBeInstanceOf(WebSocketError);
      expect(await writing).toBeInstanceOf(DOMException);
    });
    test('the server’s code and reason count, when both close', async () => {
      const stream = site.stream('/remote-close?code=4222&reason=remote');
      await stream.opened;
      stream.close({ closeCode: 4111, reason: 'local' });
      expect(await stream.closed).toEqual({ closeCode: 4222, reason: 'remote' });
    });
    test('an abrupt end is one error for all three, whose cause tells more', async () => {
      const stream = site.stream('/remote-close?abrupt=1');
      const { readable, writable } = await stream.opened;
      const error = await rejection(stream.closed);
      expect([error.constructor, error.name, error.closeCode]).toEqual([WebSocketError, 'WebSocketError', 1006]);
      expect(error.cause.name).toBe('ConnectionLostError');
      expect(await rejection(readable.getReader().read())).toBe(error);
      expect(await rejection(writable.getWriter().ready)).toBe(error);
    });
  });

  describe('stream/tentative/write.any.js', () => {
    test('a write that was incomplete at close time rejects, and the stream with the same', async () => {
      const stream = site.stream('/close_and_leave');
      const writer = (await stream.opened).writable.getWriter();
      writer.closed.catch(() => {});
      const writing = writer.write(new Uint8Array(8 * 1024 * 1024));
      const error = await rejection(writing);
      expect(error).toBeInstanceOf(WebSocketError);
      expect(await rejection(stream.closed)).toBe(error);
      expect(await rejection(writer.write('word'))).toBe(error);
    });
    test.each([
      ['what can’t be turned into a string', { toString: (): unknown => ({}) }],
      ['a resizable ArrayBuffer', new (ArrayBuffer as any)(8, { maxByteLength: 16 })],
      ['a view on a shared buffer', new Uint8Array(new SharedArrayBuffer(8))],
    ])('%s is rejected', async (_, chunk) => {
      const stream = site.stream('/echo');
      const writer = (await stream.opened).writable.getWriter();
      writer.closed.catch(() => {});
      expect(await rejection(writer.write(chunk))).toBeInstanceOf(TypeError);
      stream.close();
    });
  });

  test('stream/tentative/read.any.js: a binary message is a Uint8Array', async () => {
    const stream = site.stream('/echo');
    const { readable, writable } = await stream.opened;
    void writable.getWriter().write(new Uint8Array(16));
    const { value, done } = await readable.getReader().read();
    expect([done, (value as object).constructor, value!.length]).toEqual([false, Uint8Array, 16]);
    stream.close();
  });

  test('stream/tentative/backpressure-send.any.js: a write waits for a server that does not read', async () => {
    const stream = site.stream('/handshake_and_sleep');
    const writer = (await stream.opened).writable.getWriter();
    let isWritten = false;
    const writing = writer.write(new Uint8Array(8 * 1024 * 1024)).then(() => (isWritten = true));
    await site.stream('/echo').opened; // a round trip later
    expect(isWritten).toBe(false);
    site.wake();
    await writing;
    stream.close();
  });

  test('stream/tentative/backpressure-receive.any.js: a server waits for a readable that nobody reads', async () => {
    const stream = site.stream('/send_until_full');
    const { readable } = await stream.opened;
    await site.full; // the server's socket takes no more
    const reader = readable.getReader();
    let count = 0;
    while (!(await reader.read()).done) count++;
    expect(count).toBe(200);
  });
});

describe('stream/tentative/websocket-error.any.js', () => {
  test('has its defaults', () => {
    const error = new WebSocketError();
    expect([error.code, error.name, error.message, error.closeCode, error.reason]).toEqual([
      0,
      'WebSocketError',
      '',
      null,
      '',
    ]);
    expect([error instanceof WebSocketError, error instanceof DOMException]).toEqual([true, true]);
  });
  test('is made of its arguments', () => {
    const error = new WebSocketError('message', { closeCode: 3456, reason: 'reason' });
    expect(error).toMatchObject({ code: 0, message: 'message', closeCode: 3456, reason: 'reason' });
    expect(new WebSocketError('', { closeCode: 3333 })).toMatchObject({ closeCode: 3333, reason: '' });
  });
  test('a reason alone gets the code 1000', () =>
    expect(new WebSocketError('', { reason: 'specified' })).toMatchObject({ closeCode: 1000, reason: 'specified' }));
  test('throws for a code that may not be sent, and for a long reason', () => {
    for (const closeCode of [999, 1001, 2999, 5000]) {
      expect(thrown(() => new WebSocketError('', { closeCode }))).toBe('InvalidAccessError');
    }
    expect(thrown(() => new WebSocketError('', { closeCode: 1000, reason: 'x'.repeat(124) }))).toBe('SyntaxError');
    expect(thrown(() => new WebSocketError('', { reason: '🔌'.repeat(32) }))).toBe('SyntaxError');
  });
});
