/**
 * The cases of web-platform-tests for `WebSocket` that apply outside a browser, under the names of their files, over ws
 * and wss. docs/conformance.md lists all files.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CloseEvent, WebSocket } from '../../../../drivers/web/index.ts';
import { next, openSite, thrown, type Site } from './site.ts';

describe.each(['ws', 'wss'] as const)('%s', (scheme) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(scheme);
  });
  afterAll(() => site.close());

  async function opened(path = '/echo', protocols: string | string[] = []): Promise<WebSocket> {
    const socket = site.connect(path, protocols);
    await next(socket, 'open');
    return socket;
  }

  /** Opens, closes so, and gives the CloseEvent. */
  async function closedWith(...args: Parameters<WebSocket['close']>): Promise<CloseEvent> {
    const socket = await opened();
    socket.close(...args);
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    const event = await next(socket, 'close');
    expect(socket.readyState).toBe(WebSocket.CLOSED);
    return event;
  }

  /** Sends, and gives what comes back. */
  async function echoOf(data: Parameters<WebSocket['send']>[0], binaryType: 'blob' | 'arraybuffer' = 'arraybuffer') {
    const socket = await opened();
    socket.binaryType = binaryType;
    expect(socket.send(data)).toBeUndefined();
    const event = await next(socket, 'message');
    socket.close();
    await next(socket, 'close');
    return event.data;
  }

  /** That a view comes back as the bytes that it shows, and no others of its buffer. */
  async function expectView(view: ArrayBufferView): Promise<void> {
    const shown = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    expect(new Uint8Array(await echoOf(view))).toEqual(new Uint8Array(shown));
  }

  /** The test of a property of the prototype: it comes back, or nothing does. */
  function withoutProperty(prototype: object, name: string, then: () => void): void {
    const property = Object.getOwnPropertyDescriptor(prototype, name)!;
    delete (prototype as any)[name];
    try {
      then();
    } finally {
      Object.defineProperty(prototype, name, property);
    }
  }

  /** What writes do, in strict mode or not: nothing. */
  function assign(target: object, name: string, value: unknown): void {
    Reflect.set(target, name, value);
  }

  describe('close', () => {
    test('Close-1000.any.js', async () => expect(await closedWith(1000)).toMatchObject({ wasClean: true, code: 1000 }));
    test('Close-1000-reason.any.js', async () =>
      expect(await closedWith(1000, 'Clean Close')).toMatchObject({ wasClean: true }));
    test('Close-1000-verify-code.any.js', async () =>
      expect(await closedWith(1000, 'Clean Close')).toMatchObject({ code: 1000, reason: 'Clean Close' }));
    test('Close-1005.any.js', async () => {
      const socket = await opened();
      expect(thrown(() => socket.close(1005, '1005'))).toBe('InvalidAccessError');
      socket.close();
    });
    test('Close-1005-verify-code.any.js', async () => expect(await closedWith()).toMatchObject({ code: 1005 }));
    test('Close-2999-reason.any.js', async () => {
      const socket = await opened();
      expect(thrown(() => socket.close(2999, 'Close not in range 3000-4999'))).toBe('InvalidAccessError');
      socket.close();
    });
    test('Close-3000-reason.any.js', async () =>
      expect(await closedWith(3000, 'Clean Close with code - 3000')).toMatchObject({ wasClean: true }));
    test('Close-3000-verify-code.any.js', async () =>
      expect(await closedWith(3000, 'Clean Close')).toMatchObject({ code: 3000 }));
    test('Close-4999-reason.any.js', async () =>
      expect(await closedWith(4999, 'Clean Close with code - 4999')).toMatchObject({ wasClean: true, code: 4999 }));
    test('Close-Reason-124Bytes.any.js', async () => {
      const socket = await opened();
      expect(thrown(() => socket.close(1000, 'x'.repeat(124)))).toBe('SyntaxError');
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.close();
    });
    test('Close-delayed.any.js', async () => {
      const socket = await opened('/delayed-passive-close');
      let isClosed = false;
      socket.onclose = () => (isClosed = true);
      socket.close();
      const other = await opened(); // a round trip later
      expect([isClosed, socket.readyState]).toEqual([false, WebSocket.CLOSING]);
      site.answerCloses();
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
      other.close();
    });
    test('Close-onlyReason.any.js', async () => {
      const socket = await opened();
      expect(thrown(() => socket.close('Close with only reason' as never))).toBe('InvalidAccessError');
      socket.close();
    });
    test('Close-readyState-Closed.any.js', async () => {
      const socket = await opened();
      socket.close();
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
      expect(socket.readyState).toBe(3);
    });
    test('Close-readyState-Closing.any.js', async () => {
      const socket = await opened();
      socket.close();
      expect(socket.readyState).toBe(2);
    });
    test('Close-reason-unpaired-surrogates.any.js', async () =>
      expect(await closedWith(1000, '\uD807')).toMatchObject({ wasClean: true, reason: '\uFFFD' }));
    test('Close-server-initiated-close.any.js', async () => {
      const socket = await opened();
      socket.send('Goodbye');
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
    });
    test('Close-undefined.any.js', async () => {
      expect(await closedWith(undefined)).toMatchObject({ wasClean: true, code: 1005 });
      expect(await closedWith(undefined, undefined)).toMatchObject({ wasClean: true, code: 1005 });
    });
    test('close-invalid.any.js', async () => {
      const socket = await opened();
      for (const code of [0, 500, NaN, 'string', null, 2 ** 16 + 1000]) {
        expect(
          thrown(() => socket.close(code as never)),
          String(code),
        ).toBe('InvalidAccessError');
      }
      socket.close();
    });
    test('closing-handshake/002.html', async () => {
      const socket = await opened('/echo_raw');
      socket.send(Uint8Array.of(0x88, 0));
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
    });
    test('closing-handshake/003.html', async () => expect(await closedWith()).toMatchObject({ wasClean: true }));
    test('closing-handshake/004.html', async () => {
      const socket = await opened('/echo_close_data');
      const seen: string[] = [];
      for (const type of ['message', 'error']) socket.addEventListener(type, () => seen.push(type));
      socket.send('Goodbye');
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
      expect(seen).toEqual([]);
    });
    test('interfaces/WebSocket/close/close-basic.html', async () => {
      const socket = site.connect('/');
      socket.close();
      expect(socket.readyState).toBe(WebSocket.CLOSING);
      const event = await next(socket, 'close');
      expect(event).toBeInstanceOf(CloseEvent);
      assign(event, 'wasClean', true);
      expect(event.wasClean).toBe(false);
      delete event.wasClean;
      expect(event.wasClean).toBe(false);
      withoutProperty(CloseEvent.prototype, 'wasClean', () => expect(event.wasClean).toBeUndefined());
    });
    test('interfaces/WebSocket/close/close-connecting.html', async () => {
      const socket = site.connect('/handshake_sleep');
      const seen: string[] = [];
      for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => seen.push(type));
      socket.close();
      expect(socket.readyState).toBe(WebSocket.CLOSING);
      expect(await next(socket, 'close')).toMatchObject({ wasClean: false, code: 1006 });
      expect(seen).toEqual(['error', 'close']);
    });
    test('interfaces/WebSocket/close/close-connecting-async.any.js', async () => {
      const socket = site.connect('/handshake_sleep');
      const seen: string[] = [];
      socket.onerror = () => seen.push('error');
      socket.onclose = () => seen.push('close');
      expect(socket.readyState).toBe(WebSocket.CONNECTING);
      socket.close();
      expect(seen).toEqual([]);
      await Promise.resolve(); // nor in the promise reactions of this turn: a task of its own
      expect(seen).toEqual([]);
      await next(socket, 'close');
      expect(seen).toEqual(['error', 'close']);
    });
    test('interfaces/WebSocket/close/close-multiple.html', async () => {
      const socket = await opened();
      let count = 0;
      socket.onclose = () => count++;
      socket.close();
      socket.close();
      await next(socket, 'close');
      socket.close();
      await opened().then((other) => other.close());
      expect(count).toBe(1);
    });
    test('interfaces/WebSocket/close/close-nested.html', async () => {
      const socket = await opened();
      let count = 0;
      socket.onclose = () => {
        count++;
        expect(socket.readyState).toBe(WebSocket.CLOSED);
        socket.close();
        expect(socket.readyState).toBe(WebSocket.CLOSED);
      };
      socket.close();
      await next(socket, 'close');
      expect(count).toBe(1);
    });
    test('interfaces/WebSocket/close/close-replace.html', () => {
      const socket = site.connect('/');
      socket.close();
      (socket as any).close = 5;
      expect(socket.close).toBe(5);
    });
    test('interfaces/WebSocket/close/close-return.html', () => {
      const socket = site.connect('/');
      expect(socket.close()).toBeUndefined();
      expect(socket.close()).toBeUndefined();
    });
  });

  describe('create', () => {
    test('Create-asciiSep-protocol-string.any.js', () => {
      for (const separator of [
        '(',
        ')',
        '<',
        '>',
        '@',
        ',',
        ';',
        ':',
        '\\',
        '"',
        '/',
        '[',
        ']',
        '?',
        '=',
        '{',
        '}',
        ' ',
      ]) {
        expect(
          thrown(() => site.connect('/', `/echo${separator}`)),
          separator,
        ).toBe('SyntaxError');
      }
      expect(thrown(() => site.connect('/', 'echo\t'))).toBe('SyntaxError');
    });
    test('Create-extensions-empty.any.js', async () => expect((await opened()).extensions).toBe(''));
    test('Create-http-urls.any.js', () => {
      const { host } = new URL(site.base);
      for (const [given, url] of [
        [`http://${host}/`, `ws://${host}/`],
        [`https://${host}/`, `wss://${host}/`],
      ]) {
        const socket = new WebSocket(given);
        expect(socket.url).toBe(url);
        socket.close();
      }
    });
    test('Create-invalid-urls.any.js', () => {
      const urls = ['ws://foo bar.com/', 'wss://foo bar.com/', 'ftp://a/', 'mailto:example@example.org', 'about:blank'];
      for (const url of [...urls, `${site.base}/#`, `${site.base}/#test`, '#test']) {
        expect(
          thrown(() => new WebSocket(url)),
          url,
        ).toBe('SyntaxError');
      }
    });
    test('Create-non-absolute-url.any.js: without a document there is nothing to be relative to', () => {
      for (const url of ['test', '?', null, 123]) {
        expect(
          thrown(() => new WebSocket(url as string)),
          String(url),
        ).toBe('SyntaxError');
      }
    });
    test('Create-nonAscii-protocol-string.any.js', () =>
      expect(thrown(() => site.connect('/', '\u0080echo'))).toBe('SyntaxError'));
    test('Create-protocol-with-space.any.js', () =>
      expect(thrown(() => site.connect('/', 'ec ho'))).toBe('SyntaxError'));
    test('Create-protocols-repeated.any.js', () =>
      expect(thrown(() => site.connect('/', ['echo', 'echo']))).toBe('SyntaxError'));
    test('Create-protocols-repeated-case-insensitive.any.js', () =>
      expect(thrown(() => site.connect('/', ['echo', 'eCho']))).toBe('SyntaxError'));
    test('Create-url-with-space.any.js', () =>
      expect(thrown(() => new WebSocket(`${scheme}://web platform.test/`))).toBe('SyntaxError'));
    test('Create-url-with-windows-1252-encoding.html: percent-encoding is in UTF-8', () => {
      const socket = site.connect('/?\u2025');
      expect(socket.url).toBe(`${site.base}/?%E2%80%A5`);
      socket.close();
    });
    test('Create-valid-url.any.js', async () => {
      const socket = await opened();
      socket.close();
      expect(await next(socket, 'close')).toMatchObject({ wasClean: true });
    });
    test('Create-valid-url-array-protocols.any.js', async () => {
      const socket = await opened('/echo', ['echo', 'chat']);
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.close();
    });
    test('Create-valid-url-binaryType-blob.any.js', async () => expect((await opened()).binaryType).toBe('blob'));
    test('Create-valid-url-protocol.any.js', async () => {
      const socket = await opened('/echo', 'chat');
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.close();
    });
    test('Create-valid-url-protocol-empty.any.js', () => {
      const socket = site.connect('/', 'chat');
      expect(socket.protocol).toBe('');
      socket.close();
    });
    test('Create-valid-url-protocol-setCorrectly.any.js', async () =>
      expect((await opened('/echo', 'chat')).protocol).toBe('chat'));
    test('Create-valid-url-protocol-string.any.js', async () =>
      expect((await opened('/protocol', ['foobar'])).protocol).toBe('foobar'));
    test('binaryType-wrong-value.any.js', async () => {
      const socket = await opened();
      socket.binaryType = 'notBlobOrArrayBuffer' as never;
      expect(socket.binaryType).toBe('blob');
      socket.close();
    });
    test('constructor.any.js: too many arguments do not matter', () => {
      const socket = new (WebSocket as any)(`${site.base}/`, [], site.options, 'more', 'and more') as WebSocket;
      expect(socket.readyState).toBe(WebSocket.CONNECTING);
      socket.close();
    });
    test('basic-auth.any.js', async () => {
      const { host } = new URL(site.base);
      const socket = new WebSocket(`${scheme}://foo:bar@${host}/basic_auth`, [], site.options);
      expect((await next(socket, 'message')).data).toBe(`Basic ${btoa('foo:bar')}`);
      socket.close();
    });
    test('referrer.any.js', async () => {
      const socket = site.connect('/referrer');
      expect((await next(socket, 'message')).data).toBe('MISSING AS PER FETCH: true');
      socket.close();
    });
    test('a server that takes none of the subprotocols offered fails the connection', async () => {
      const socket = site.connect('/no_protocol', 'chat');
      const seen: string[] = [];
      for (const type of ['open', 'error']) socket.addEventListener(type, () => seen.push(type));
      expect(await next(socket, 'close')).toMatchObject({ wasClean: false, code: 1006 });
      expect(seen).toEqual(['error']);
    });
  });

  describe('send', () => {
    test('Send-0byte-data.any.js', async () => expect(await echoOf('')).toBe(''));
    test('Send-65K-data.any.js', async () => expect(await echoOf('c'.repeat(65_000))).toBe('c'.repeat(65_000)));
    test('Send-before-open.any.js', () => {
      const socket = site.connect('/');
      expect(thrown(() => socket.send('Message to send'))).toBe('InvalidStateError');
      socket.close();
    });
    test('Send-binary-65K-arraybuffer.any.js', async () =>
      expect((await echoOf(new ArrayBuffer(65_000))).byteLength).toBe(65_000));
    test('Send-binary-arraybuffer.any.js', async () =>
      expect(await echoOf(new ArrayBuffer(15))).toEqual(new ArrayBuffer(15)));
    test.runIf('Float16Array' in globalThis)('Send-binary-arraybufferview-float16.any.js', () =>
      expectView(new (globalThis as any).Float16Array([5, 6, 7, 8])),
    );
    test('Send-binary-arraybufferview-float32.any.js', () => expectView(new Float32Array([5.5, -0, NaN])));
    test('Send-binary-arraybufferview-float64.any.js', () => expectView(new Float64Array([5.5, -0, NaN])));
    test('Send-binary-arraybufferview-int16-offset.any.js', () => expectView(new Int16Array(8).fill(-3).subarray(2)));
    test('Send-binary-arraybufferview-int32.any.js', () => expectView(new Int32Array([1, -2, 3])));
    test('Send-binary-arraybufferview-int8.any.js', () => expectView(new Int8Array([1, -2, 3])));
    test('Send-binary-arraybufferview-uint16-offset-length.any.js', () =>
      expectView(new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)));
    test('Send-binary-arraybufferview-uint32-offset.any.js', () =>
      expectView(new Uint32Array(new Uint32Array([1, 2, 3]).buffer, 4)));
    test('Send-binary-arraybufferview-uint8-offset.any.js', () =>
      expectView(new Uint8Array(Uint8Array.of(1, 2, 3).buffer, 2)));
    test('Send-binary-arraybufferview-uint8-offset-length.any.js', () =>
      expectView(new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 2, 1)));
    test('Send-binary-blob.any.js', async () =>
      expect((await echoOf(new Blob(['x'.repeat(65_000)]), 'blob')).size).toBe(65_000));
    test('Send-data.any.js', async () => expect(await echoOf('Message to send')).toBe('Message to send'));
    test('Send-null.any.js', async () => expect(await echoOf(null as never)).toBe('null'));
    test('Send-paired-surrogates.any.js', async () => expect(await echoOf('\uD801\uDC07')).toBe('\uD801\uDC07'));
    test('Send-unicode-data.any.js', async () => expect(await echoOf('¥¥¥¥¥¥')).toBe('¥¥¥¥¥¥'));
    test('Send-unpaired-surrogates.any.js', async () => expect(await echoOf('\uD807')).toBe('\uFFFD'));
    test('binary/001.html', async () => {
      const blob = await echoOf(
        Uint8Array.from({ length: 15 }, (_, i) => i),
        'blob',
      );
      expect(blob).toBeInstanceOf(Blob);
      expect(blob.size).toBe(15);
    });
    test('binary/002.html', async () => expect((await echoOf(new ArrayBuffer(65_000), 'blob')).size).toBe(65_000));
    test('binary/004.html', async () => expect((await echoOf(new ArrayBuffer(65_000))).byteLength).toBe(65_000));
    test('binary/005.html', async () => expect(await echoOf(new ArrayBuffer(15))).toBeInstanceOf(ArrayBuffer));
    test('extended-payload-length.html', async () => {
      for (const length of [125, 126, 0xffff, 0x10000]) expect(await echoOf('a'.repeat(length))).toHaveLength(length);
    });
    test('send-many-64K-messages-with-backpressure.any.js', async () => {
      const socket = site.connect('/flood');
      const sizes: number[] = [];
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) => sizes.push(data.byteLength);
      await next(socket, 'open');
      for (let i = 0; i < 50; i++) socket.send(new Uint8Array(65_536));
      await next(socket, 'close');
      expect(sizes).toEqual(Array(50).fill(65_536));
    });
    test('interfaces/WebSocket/send/001.html', () => {
      const socket = site.connect('/');
      expect(thrown(() => (socket as any).send())).toBe('TypeError');
      socket.close();
    });
    test('interfaces/WebSocket/send/002.html', () => {
      const socket = site.connect('/');
      socket.close();
      (socket as any).send = 5;
      expect(socket.send).toBe(5);
    });
    test('interfaces/WebSocket/send/003.html', () => {
      const socket = site.connect('/');
      expect(thrown(() => socket.send('a'))).toBe('InvalidStateError');
      socket.close();
    });
    test('interfaces/WebSocket/send/004.html', () => {
      const socket = site.connect('/');
      for (const text of ['a\uDC00x', 'a\uD800x', 'a\uDC00\uD800x']) {
        expect(thrown(() => socket.send(text))).toBe('InvalidStateError');
      }
      socket.close();
    });
    test('interfaces/WebSocket/send/005.html', async () => {
      const socket = await opened();
      expect(socket.send('test')).toBeUndefined();
      socket.close();
    });
    test('interfaces/WebSocket/send/006.html', async () =>
      expect(await echoOf('a\uDC00xb\uD800xc\uDC00\uD800x')).toBe('a\uFFFDxb\uFFFDxc\uFFFD\uFFFDx'));
    test('interfaces/WebSocket/send/007.html', async () => {
      const socket = await opened();
      const seen: string[] = [];
      for (const type of ['message', 'error', 'close']) socket.addEventListener(type, () => seen.push(type));
      socket.close();
      expect(socket.send('test')).toBeUndefined();
      await next(socket, 'close');
      expect(seen).toEqual(['close']);
    });
    test('interfaces/WebSocket/send/008.html', async () => {
      const socket = site.connect('/');
      socket.close();
      await next(socket, 'close');
      expect(socket.send('test')).toBeUndefined();
    });
    test('interfaces/WebSocket/send/009.html', async () => {
      const socket = site.connect('/empty-message');
      await next(socket, 'open');
      socket.send('');
      const closed = next(socket, 'close');
      expect((await next(socket, 'message')).data).toBe('pass');
      expect(await closed).toMatchObject({ wasClean: true });
    });
    test('interfaces/WebSocket/send/010.html', async () => {
      for (const data of ['a'.repeat(70_000), new ArrayBuffer(70_000), new Uint8Array(3), new Blob(['a'])]) {
        const socket = await opened();
        socket.close();
        socket.send(data);
        await next(socket, 'close');
        expect(socket.bufferedAmount).toBeGreaterThan(0);
      }
    });
    test('interfaces/WebSocket/send/011.html', async () =>
      expect(await echoOf('\u00E5 a\u030A \uD801\uDC7E')).toBe('\u00E5 a\u030A \uD801\uDC7E'));
    test('interfaces/WebSocket/send/012.html', async () => expect(await echoOf('\0\n\0')).toBe('\0\n\0'));
  });

  describe('bufferedAmount', () => {
    /** What it is right after a send, in the same turn; and that it goes back to zero. */
    async function amountAfter(data: Parameters<WebSocket['send']>[0]): Promise<number> {
      const socket = await opened();
      socket.send(data);
      const amount = socket.bufferedAmount;
      await next(socket, 'message');
      expect(socket.bufferedAmount).toBe(0);
      socket.close();
      return amount;
    }

    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-arraybuffer.html', async () =>
      expect(await amountAfter(new ArrayBuffer(10))).toBe(10));
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-blob.html', async () =>
      expect(await amountAfter(new Blob(['x'.repeat(10)]))).toBe(10));
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-large.html', async () =>
      expect(await amountAfter('a'.repeat(100_000))).toBe(100_000));
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-unicode.html', async () =>
      expect(await amountAfter('¥¥¥¥¥¥')).toBe(12));
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-getting.html', async () => {
      const socket = await opened();
      expect(socket.bufferedAmount).toBe(0);
      socket.send('x');
      socket.send('xy');
      expect(socket.bufferedAmount).toBe(3);
      socket.close();
    });
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-initial.html', () => {
      const socket = site.connect('/');
      expect(socket.bufferedAmount).toBe(0);
      socket.close();
    });
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-readonly.html', () => {
      const socket = site.connect('/');
      assign(socket, 'bufferedAmount', 5);
      expect(socket.bufferedAmount).toBe(0);
      socket.close();
    });
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-defineProperty-getter.html', () => {
      const socket = site.connect('/');
      Object.defineProperty(socket, 'bufferedAmount', { get: () => 'foo' });
      expect(socket.bufferedAmount).toBe('foo');
      socket.close();
    });
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-defineProperty-setter.html', () => {
      const socket = site.connect('/');
      const seen: unknown[] = [];
      Object.defineProperty(socket, 'bufferedAmount', { set: (value) => seen.push(value) });
      assign(socket, 'bufferedAmount', 5);
      expect([seen, socket.bufferedAmount]).toEqual([[5], undefined]);
      socket.close();
    });
    test('interfaces/WebSocket/bufferedAmount/bufferedAmount-deleting.html', () => {
      const socket = site.connect('/');
      delete (socket as any).bufferedAmount;
      expect(socket.bufferedAmount).toBe(0);
      withoutProperty(WebSocket.prototype, 'bufferedAmount', () => expect(socket.bufferedAmount).toBeUndefined());
      socket.close();
    });
    test('bufferedAmount-unchanged-by-sync-xhr.any.js: nor by anything else in one turn', async () => {
      const socket = await opened();
      socket.send('a'.repeat(100_000)); // which leaves at once
      await Promise.resolve();
      expect(socket.bufferedAmount).toBe(100_000);
      socket.close();
      await next(socket, 'close');
      expect(socket.bufferedAmount).toBe(0);
    });
  });

  describe('events', () => {
    const attributes = ['onopen', 'onmessage', 'onerror', 'onclose'] as const;
    /** A text frame, then one with a reserved opcode, which fails the connection. */
    const TEXT_THEN_NONSENSE = Uint8Array.of(129, 4, 116, 101, 115, 116, 131, 3, 76, 79, 76);

    function idle(): WebSocket {
      const socket = site.connect('/');
      socket.close();
      return socket;
    }

    /** The four events of a connection that fails, in order, as a listener gets them. */
    async function eventsOf(socket: WebSocket, look: (event: Event, self: unknown) => void): Promise<Event[]> {
      const events: Event[] = [];
      for (const name of attributes) {
        socket.addEventListener(name.slice(2), function (this: unknown, event: Event) {
          events.push(event);
          look(event, this);
        });
      }
      await next(socket, 'open');
      socket.send(TEXT_THEN_NONSENSE);
      await next(socket, 'close');
      return events;
    }

    test('eventhandlers.any.js', () => {
      const socket = idle();
      for (const name of attributes) {
        expect(socket[name]).toBeNull();
        socket[name] = () => {};
        socket[name] = 2 as never;
        expect(socket[name]).toBeNull();
      }
    });
    test('interfaces/WebSocket/events/001.html', () => {
      for (const name of attributes) expect(idle()[name]).toBeNull();
    });
    test('interfaces/WebSocket/events/002.html', () => {
      const socket = idle();
      for (const name of attributes) {
        const handler = () => {};
        socket[name] = handler;
        expect(socket[name]).toBe(handler);
      }
    });
    test.each([
      ['interfaces/WebSocket/events/003.html', 'onopen'],
      ['interfaces/WebSocket/events/007.html', 'onmessage'],
      ['interfaces/WebSocket/events/008.html', 'onerror'],
      ['interfaces/WebSocket/events/009.html', 'onclose'],
    ] as const)('%s', (_, name) => {
      const socket = idle();
      const seen: unknown[] = [];
      socket[name] = (event: Event) => seen.push((event as CustomEvent).detail);
      socket.dispatchEvent(new CustomEvent(name.slice(2), { detail: 5 }));
      expect(seen).toEqual([5]);
    });
    test('interfaces/WebSocket/events/004.html', () => {
      const socket = idle();
      let count = 0;
      socket.addEventListener('close', () => count++);
      socket.dispatchEvent(new Event('close'));
      expect(count).toBe(1);
    });
    test('interfaces/WebSocket/events/006.html', () => {
      for (const name of attributes) expect(name in idle()).toBe(true);
    });
    test.each([
      ['interfaces/WebSocket/events/010.html', undefined],
      ['interfaces/WebSocket/events/011.html', 1],
      ['interfaces/WebSocket/events/012.html', ';'],
      ['interfaces/WebSocket/events/014.html', null],
    ])('%s', (_, value) => {
      const socket = idle();
      for (const name of attributes) {
        socket[name] = () => {};
        socket[name] = value as never;
        expect(socket[name]).toBeNull();
      }
    });
    test('interfaces/WebSocket/events/013.html', () => {
      const socket = idle();
      for (const name of attributes) {
        const handler = { handleEvent: () => expect.unreachable() };
        socket[name] = handler as never;
        expect(socket[name]).toBe(handler);
        socket.dispatchEvent(new Event(name.slice(2)));
      }
    });
    test('interfaces/WebSocket/events/015.html', async () => {
      const states: number[] = [];
      const socket = site.connect('/echo_raw');
      const events = await eventsOf(socket, () => states.push(socket.readyState));
      const [open, message, error, close] = events;
      expect(events.every((event) => event instanceof Event)).toBe(true);
      expect(message).toBeInstanceOf(MessageEvent);
      expect(close).toBeInstanceOf(CloseEvent);
      expect([open.type, error.type, ...states]).toEqual(['open', 'error', 1, 1, 3, 3]);
    });
    test('interfaces/WebSocket/events/016.html', async () => {
      const socket = site.connect('/echo');
      const seen: number[] = [];
      for (const [i, type] of (['open', 'message', 'close'] as const).entries()) {
        socket.addEventListener(type, () => seen.push(3 * i + 1));
        socket[`on${type}`] = () => void seen.push(3 * i + 2);
        socket.addEventListener(type, () => seen.push(3 * i + 3));
      }
      await next(socket, 'open');
      socket.send('Goodbye');
      await next(socket, 'close');
      expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
    test('interfaces/WebSocket/events/017.html', async () => {
      const socket = site.connect('/echo_raw');
      const wrong: unknown[] = [];
      await eventsOf(socket, (event, self) => {
        const { target, currentTarget, eventPhase } = event;
        if (![self, target, currentTarget].every((one) => one === socket) || eventPhase !== 2) wrong.push(event);
      });
      expect(wrong).toEqual([]);
    });
    test('interfaces/WebSocket/events/018.html', async () => {
      const events = await eventsOf(site.connect('/echo_raw'), () => {});
      const tags = events.map((event) => `${event} ${event.bubbles} ${event.cancelable}`);
      const plain = '[object Event] false false';
      expect(tags).toEqual([plain, `${new MessageEvent('')} false false`, plain, '[object CloseEvent] false false']);
    });
    test('interfaces/WebSocket/events/019.html', () => {
      const socket = idle();
      for (const name of attributes) {
        withoutProperty(WebSocket.prototype, name, () => expect(socket[name]).toBeUndefined());
      }
    });
    test('interfaces/WebSocket/events/020.html', async () => {
      const socket = new WebSocket(`${scheme}://127.0.0.1:1/`);
      expect(await next(socket, 'error')).toBeInstanceOf(Event);
    });
    test('each message has a turn of its own: whoever awaits one and then listens for the next misses none', async () => {
      const socket = site.connect('/all_at_once');
      const seen: string[] = [];
      const receive = async () => (await next(socket, 'message')).data as string;
      for (let i = 0; i < 3; i++) seen.push(await receive());
      expect(seen).toEqual(['a', 'b', 'c']);
      await next(socket, 'close');
    });
    test('a transport that is lost once open: close alone, and not clean', async () => {
      const socket = site.connect('/remote-close?abrupt=1');
      const seen: string[] = [];
      for (const type of ['open', 'error']) socket.addEventListener(type, () => seen.push(type));
      expect(await next(socket, 'close')).toMatchObject({ wasClean: false, code: 1006 });
      expect(seen).toEqual(['open']);
    });
    test('more than sendLimit waits: error, then close', async () => {
      const socket = site.connect('/echo', [], { sendLimit: 100_000 });
      const seen: string[] = [];
      for (const type of ['error', 'close']) socket.addEventListener(type, () => seen.push(type));
      await next(socket, 'open');
      // What waits is what the network does not take, so much that it can't.
      for (let i = 0; i < 20; i++) socket.send(new Uint8Array(1_000_000));
      const amount = socket.bufferedAmount;
      await next(socket, 'close');
      expect(seen).toEqual(['error', 'close']);
      expect(socket.bufferedAmount).toBe(amount);
    });
  });

  describe('the interface', () => {
    const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
    const names = Object.keys(constants);

    test('idlharness.any.js: what holds of the classes without a browser', () => {
      const members = ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol', 'close', 'binaryType', 'send'];
      const all = [...members, 'onopen', 'onerror', 'onclose', 'onmessage', ...names];
      expect([WebSocket.name, WebSocket.length, CloseEvent.name, CloseEvent.length]).toEqual([
        'WebSocket',
        1,
        'CloseEvent',
        1,
      ]);
      expect(Object.keys(WebSocket.prototype).sort()).toEqual(all.sort());
      expect(Object.keys(CloseEvent.prototype).sort()).toEqual(['code', 'reason', 'wasClean']);
      expect(Object.getPrototypeOf(WebSocket.prototype)).toBe(EventTarget.prototype);
      expect(Object.prototype.toString.call(WebSocket.prototype)).toBe('[object WebSocket]');
      expect([WebSocket.prototype.close.length, WebSocket.prototype.send.length]).toEqual([0, 1]);
      expect(thrown(() => (WebSocket.prototype as any).url)).toBe('TypeError');
      // The object is looked at before the values that it is given.
      expect(thrown(() => (WebSocket.prototype as any).close.call(null, 1))).toBe('TypeError');
      const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'binaryType')!;
      for (const value of ['blob', 'nonsense']) expect(thrown(() => set!.call({}, value))).toBe('TypeError');
      expect(thrown(() => new (WebSocket as any)())).toBe('TypeError');
      expect(thrown(() => (WebSocket as any)('ws://localhost/'))).toBe('TypeError');
    });
    test('interfaces/CloseEvent/clean-close.html', async () => {
      const event = await closedWith();
      assign(event, 'wasClean', false);
      expect(event.wasClean).toBe(true);
      withoutProperty(CloseEvent.prototype, 'wasClean', () => expect(event.wasClean).toBeUndefined());
    });
    test('interfaces/CloseEvent/constructor.html', () => {
      const plain = new CloseEvent('foo');
      expect([plain.type, plain.bubbles, plain.cancelable]).toEqual(['foo', false, false]);
      expect(plain).toMatchObject({ wasClean: false, code: 0, reason: '' });
      const event = new CloseEvent('foo', { bubbles: true, cancelable: true, wasClean: true, code: 7, reason: 'x' });
      expect([event.bubbles, event.cancelable]).toEqual([true, true]);
      expect(event).toMatchObject({ wasClean: true, code: 7, reason: 'x' });
    });
    test('interfaces/CloseEvent/historical.html', () => expect('initCloseEvent' in CloseEvent.prototype).toBe(false));
    test('interfaces/WebSocket/constants/001.html', () => expect({ ...WebSocket }).toMatchObject(constants));
    test('interfaces/WebSocket/constants/002.html', () => {
      for (const name of names) assign(WebSocket, name, 5);
      expect({ ...WebSocket }).toMatchObject(constants);
    });
    test('interfaces/WebSocket/constants/003.html', () => {
      for (const name of names) Reflect.deleteProperty(WebSocket, name);
      expect({ ...WebSocket }).toMatchObject(constants);
    });
    test('interfaces/WebSocket/constants/004.html', () => {
      const socket = site.connect('/');
      socket.close();
      for (const name of names) {
        expect([(WebSocket.prototype as any)[name], (socket as any)[name]]).toEqual(
          Array(2).fill((constants as any)[name]),
        );
      }
    });
    test('interfaces/WebSocket/constants/005.html', () => {
      for (const name of names)
        expect(thrown(() => Object.defineProperty(WebSocket, name, { get: () => 5 }))).toBe('TypeError');
    });
    test('interfaces/WebSocket/constants/006.html', () => {
      for (const name of names)
        expect(thrown(() => Object.defineProperty(WebSocket, name, { set: () => {} }))).toBe('TypeError');
    });
    test('interfaces/WebSocket/extensions/001.html', () => {
      const socket = site.connect('/');
      expect(socket.extensions).toBe('');
      assign(socket, 'extensions', 'x');
      expect(socket.extensions).toBe('');
      socket.close();
    });
    test('interfaces/WebSocket/protocol/protocol-initial.html', () => {
      const socket = site.connect('/');
      expect(socket.protocol).toBe('');
      assign(socket, 'protocol', 'x');
      expect(socket.protocol).toBe('');
      socket.close();
    });
    test('interfaces/WebSocket/readyState/001.html', () => {
      const socket = site.connect('/');
      expect(socket.readyState).toBe(0);
      socket.close();
    });
    test('interfaces/WebSocket/readyState/002.html', () => {
      const socket = site.connect('/');
      assign(socket, 'readyState', 5);
      expect(socket.readyState).toBe(0);
      socket.close();
    });
    test('interfaces/WebSocket/readyState/003.html', () => {
      const socket = site.connect('/');
      delete (socket as any).readyState;
      expect(socket.readyState).toBe(0);
      withoutProperty(WebSocket.prototype, 'readyState', () => expect(socket.readyState).toBeUndefined());
      socket.close();
    });
    test('interfaces/WebSocket/readyState/004.html', () => {
      const socket = site.connect('/');
      Object.defineProperty(socket, 'readyState', { get: () => 'foo' });
      expect(socket.readyState).toBe('foo');
      socket.close();
    });
    test('interfaces/WebSocket/readyState/005.html', () => {
      const socket = site.connect('/');
      const seen: unknown[] = [];
      Object.defineProperty(socket, 'readyState', { set: (value) => seen.push(value) });
      assign(socket, 'readyState', 5);
      expect(seen).toEqual([5]);
      socket.close();
    });
    test('interfaces/WebSocket/readyState/006.html', async () => expect((await opened()).readyState).toBe(1));
    test('interfaces/WebSocket/readyState/007.html', async () => {
      const socket = await opened();
      socket.close();
      expect(socket.readyState).toBe(2);
    });
    test('interfaces/WebSocket/readyState/008.html', async () => {
      const socket = await opened();
      socket.close();
      await next(socket, 'close');
      expect(socket.readyState).toBe(3);
    });
    test('interfaces/WebSocket/url/001.html', () => {
      const socket = site.connect('/');
      expect(socket.url).toBe(`${site.base}/`);
      socket.close();
      expect(socket.url).toBe(`${site.base}/`);
    });
    test('interfaces/WebSocket/url/002.html', () => {
      const socket = site.connect('/');
      assign(socket, 'url', `${site.base}/test`);
      expect(socket.url).toBe(`${site.base}/`);
      socket.close();
    });
    test('interfaces/WebSocket/url/003.html', () => {
      const socket = site.connect('/');
      delete (socket as any).url;
      expect(socket.url).toBe(`${site.base}/`);
      withoutProperty(WebSocket.prototype, 'url', () => expect(socket.url).toBeUndefined());
      socket.close();
    });
    test('interfaces/WebSocket/url/004.html', () => {
      const socket = site.connect('/');
      expect('url' in socket).toBe(true);
      socket.close();
    });
    test('interfaces/WebSocket/url/005.html', () => {
      const socket = site.connect('/');
      Object.defineProperty(socket, 'url', { get: () => 'foo' });
      expect(socket.url).toBe('foo');
      socket.close();
    });
    test('interfaces/WebSocket/url/006.html', () => {
      const socket = site.connect('/');
      const seen: unknown[] = [];
      Object.defineProperty(socket, 'url', { set: (value) => seen.push(value) });
      assign(socket, 'url', 'x');
      expect(seen).toEqual(['x']);
      socket.close();
    });
    test('interfaces/WebSocket/url/resolve.html', () => {
      const socket = site.connect('/echo?foo%20bar baz');
      expect(socket.url).toBe(`${site.base}/echo?foo%20bar%20baz`);
      socket.close();
    });
  });

  describe('the opening handshake', () => {
    async function expectFailure(path: string): Promise<void> {
      const socket = site.connect(path);
      const seen: string[] = [];
      for (const type of ['open', 'message', 'error']) socket.addEventListener(type, () => seen.push(type));
      expect(await next(socket, 'close')).toMatchObject({ wasClean: false, code: 1006, reason: '' });
      expect(seen).toEqual(['error']);
    }

    test('opening-handshake/001.html', () => expectFailure('/invalid'));
    test('opening-handshake/002.html', async () => expect((await opened()).readyState).toBe(1));
    test('opening-handshake/003.html: the origin is an option here', async () => {
      const socket = site.connect('/origin', [], { origin: site.base.replace('ws', 'http') });
      expect((await next(socket, 'message')).data).toBe(site.base.replace('ws', 'http'));
      socket.close();
    });
    test('opening-handshake/005.html', async () => {
      const socket = await opened('/echo', 'foobar');
      expect(socket.protocol).toBe('foobar');
      socket.close();
    });
    test('opening-handshake/006.html', async () => {
      for (let i = 0; i < 3; i++) await expectFailure('/invalid');
      expect(await closedWith()).toMatchObject({ wasClean: true });
    });
    test('opening-handshake/received-301-code.html', () => expectFailure('/301'));
    test('security/001.html', () => expectFailure('/wrong_accept_key'));
    test('security/002.html', async () => {
      const before = site.requests.length;
      (await opened()).close();
      const key = String(site.requests[before].headers['sec-websocket-key']);
      expect(Buffer.from(key, 'base64')).toHaveLength(16);
      expect(Buffer.from(key, 'base64').toString('base64')).toBe(key);
    });
    test('keeping-connection-open/001.html: pings keep it, however idle it is', async () => {
      const socket = site.connect('/echo', [], { pingInterval: 5 });
      await next(socket, 'open');
      const other = site.connect('/echo', [], { pingInterval: 5 });
      await next(other, 'open');
      for (let i = 0; i < 20; i++) {
        other.send('time passes');
        await next(other, 'message');
      }
      socket.send('test');
      expect((await next(socket, 'message')).data).toBe('test');
      socket.close();
      other.close();
    });
  });
});
