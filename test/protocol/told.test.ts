/** The words of errors: what a caller, and a log, are told. */
import { describe, expect, test } from 'vitest';
import {
  checkClose,
  Connection,
  ConnectionLostError,
  encodeFrame,
  HandshakeError,
  InvalidStateError,
  parseWebSocketUrl,
  Phase,
  PreparedMessage,
  ProtocolError,
  type Refusal,
  Resources,
  retryAfter,
  TimeoutError,
  WebSocketError,
} from '../../protocol/index.ts';
import { portableText } from '../../protocol/text/text-codec.ts';
import { frame, KEY } from '../support/frames.ts';

const encode = (text: string): Buffer => Buffer.from(text, 'latin1');
const REQUEST = encode(
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
);

const open = (options = {}): Connection => Connection.established('server', { now: 0, sink: {}, ...options });
const serving = (sink = {}): Connection => Connection.server({ now: 0, sink: { onRequest() {}, ...sink } });
const connecting = (): Connection => Connection.client({ url: 'ws://a.example/' }, { now: 0, sink: {} });
const texts = (fin: boolean): Uint8Array => frame({ opcode: 1, fin, payload: 'abc', key: KEY });

describe('a call at the wrong time says what is missing', () => {
  test.each<[string, () => void]>([
    ['no request is waited for', () => open().receiveHead({} as never, 0)],
    ['no fields are waited for', () => open().receiveFields([], false, 0)],
    ['there is no request to send', () => open().useHttp2()],
    ['no request to answer', () => open().accept()],
    ['no request to answer', () => open().reject({ status: 400 })],
    ['the connection is not open', () => connecting().sendText('x')],
    ['the connection is not open', () => connecting().ping()],
    [
      'a sink method must not call this',
      () => {
        const connection: Connection = serving({ onRequest: () => connection.receive(REQUEST, 0) });
        connection.receive(REQUEST, 0);
      },
    ],
    [
      'a fragmented message is being sent',
      () => {
        const connection = open();
        connection.sendFragment('x', false);
        connection.sendText('y');
      },
    ],
  ])('%s', (message, call) => {
    expect(call).toThrow(new InvalidStateError(message));
  });
});

describe('a wrong value is named', () => {
  const none = 'a message must be a string, an ArrayBuffer, a typed array or a DataView';
  test.each<[Error, () => void]>([
    [new TypeError(`${none}, not the number 5`), () => open().sendBinary(5 as never)],
    [new TypeError(`${none}, not an object`), () => open().sendBinary({ byteLength: 3 } as never)],
    [new TypeError(`${none}, not an Error`), () => open().sendText(new Error('x') as never)],
    [
      new TypeError('bytes were detached from their memory before they were sent'),
      () => {
        const connection = open();
        const bytes = new Uint8Array(10_000);
        connection.sendBinary(bytes);
        structuredClone(bytes, { transfer: [bytes.buffer] });
        connection.takeOutput();
      },
    ],
    [
      new TypeError('bytes must be an ArrayBuffer, a typed array or a DataView, not a string'),
      () => encodeFrame(1, 'hello' as never),
    ],
    [new RangeError('an opcode is an integer from 0 to 15'), () => encodeFrame(16, new Uint8Array())],
    [new RangeError('an opcode is an integer from 0 to 15'), () => encodeFrame('1' as never, new Uint8Array())],
    [new TypeError('expected a Resources, not an object'), () => new PreparedMessage('x', {} as never)],
    [new RangeError('the close reason is longer than 123 bytes of UTF-8'), () => checkClose(1000, 'é'.repeat(62))],
    [new SyntaxError('a WebSocket URL has no fragment'), () => parseWebSocketUrl(new URL('ws://a/#b'))],
    [new SyntaxError('a WebSocket URL begins with ws:// or wss://'), () => parseWebSocketUrl(null as never)],
    [
      new TypeError('Connection.client: the request must be an object that has a url, not a string'),
      () => Connection.client('ws://a/' as never, { now: 0, sink: {} }),
    ],
    [
      new TypeError('Connection.client: the request must be an object that has a url, not a URL'),
      () => Connection.client(new URL('ws://a/') as never, { now: 0, sink: {} }),
    ],
    [
      new TypeError('Connection.client: the request must have a url, or a host and a path'),
      () => Connection.client({} as never, { now: 0, sink: {} }),
    ],
    [
      new TypeError('a Connection is made by Connection.server, Connection.client or Connection.established'),
      () => new (Connection as unknown as new () => unknown)(),
    ],
    [new RangeError('a control frame has at most 125 bytes'), () => open().ping(new Uint8Array(126))],
    [
      new TypeError('Connection.established: maxMessageSize must be a number or false, not a string'),
      () => open({ maxMessageSize: '1' }),
    ],
    [new RangeError('maxMessageSize must not be negative or NaN'), () => open({ maxMessageSize: -1 })],
    [
      new TypeError('Connection.established: now must be a number of milliseconds, not a string'),
      () => open({ now: '0' }),
    ],
    [new TypeError('now must be a number of milliseconds'), () => open({ now: undefined })],
    [new TypeError('the sink must be an object'), () => open({ sink: undefined })],
    [
      new TypeError('compress needs a codec: the option of that name'),
      () => Connection.server({ now: 0, sink: {}, compress: true }),
    ],
    [
      new TypeError('the fragments of a message must be all text or all bytes'),
      () => {
        const connection = open();
        connection.sendFragment('x', false);
        connection.sendFragment(new Uint8Array(1), true);
      },
    ],
  ])('%s', (error, call) => {
    expect(call).toThrow(error);
  });
});

describe('an end says what has happened', () => {
  const outwait = (connection: Connection): void => {
    while (connection.nextTimeout() < Infinity) connection.handleTimeout(connection.nextTimeout());
  };
  const cause = Object.assign(new Error('secret'), { code: 'ECONNRESET' });

  test.each<[string, () => Connection, (connection: Connection) => void]>([
    [
      'no pong, nor anything else, came within 8 ms of a ping (pongTimeout)',
      () => open({ pingInterval: 1, pongTimeout: 8 }),
      outwait,
    ],
    [
      'the closing handshake did not end within 9 ms (closeTimeout)',
      () => open({ closeTimeout: 9 }),
      (connection) => {
        connection.close(1000, '', 0);
        outwait(connection);
      },
    ],
    ['the opening handshake did not end within 10000 ms (handshakeTimeout)', connecting, outwait],
    ['the transport was lost without a Close frame', open, (connection) => connection.transportLost(1)],
    [
      'the transport was lost (ECONNRESET) without a Close frame',
      open,
      (connection) => connection.transportLost(1, cause),
    ],
    ['the peer ended the transport without a Close frame', open, (connection) => connection.receiveEof(1)],
    ['the transport was lost before the connection was open', serving, (connection) => connection.transportLost(1)],
    ['closed before the connection was open', connecting, (connection) => connection.close()],
    [
      'the request was refused with 403',
      serving,
      (connection) => {
        connection.receive(REQUEST, 0);
        connection.reject({ status: 403 });
        connection.receiveEof(0);
      },
    ],
    ['terminated', open, (connection) => connection.terminate()],
    [
      '1009 (message too big): one of 3 bytes or more, and maxMessageSize is 2',
      () => open({ maxMessageSize: 2 }),
      (connection) => {
        connection.receive(texts(true), 0);
        connection.receiveEof(0);
      },
    ],
    [
      '1008 (too many fragments): a message of more than maxFragments, 1',
      () => open({ maxFragments: 1 }),
      (connection) => {
        connection.receive(texts(false), 0);
        connection.receive(frame({ opcode: 0, payload: 'abc', key: KEY }), 0);
        connection.receiveEof(0);
      },
    ],
    [
      '1002 (protocol error): a Close frame with a bad code or length',
      open,
      (connection) => {
        connection.receive(frame({ opcode: 8, payload: [3], key: KEY }), 0);
        connection.receiveEof(0);
      },
    ],
    [
      '1007 (invalid payload data): a close reason that is not UTF-8',
      open,
      (connection) => {
        connection.receive(frame({ opcode: 8, payload: [3, 232, 255], key: KEY }), 0);
        connection.receiveEof(0);
      },
    ],
    [
      'read on while paused',
      open,
      (connection) => {
        connection.pause();
        const bytes = frame({ opcode: 2, payload: new Uint8Array(65_536), key: KEY });
        for (let i = 0; i < 40; i++) connection.receive(bytes, 0);
      },
    ],
  ])('%s', (message, make, end) => {
    const connection = make();
    end(connection);
    expect(connection.closeInfo?.error?.message).toBe(message);
  });

  test('and of what kind it is', () => {
    const kinds = [
      new WebSocketError(1000),
      new HandshakeError('x'),
      new HandshakeError('x', { kind: 'dns' }),
      new ProtocolError(1002),
      new ProtocolError(1002, '', { kind: 'utf8' }),
      new TimeoutError('x'),
      new TimeoutError('x', { kind: 'slow-timeout' }),
      new ConnectionLostError('x'),
      new ConnectionLostError('x', { kind: 'terminated' }),
    ].map(({ kind, reason }) => [kind, reason]);
    expect(kinds).toEqual([
      ['closed', ''],
      ['bad-response', ''],
      ['dns', ''],
      ['protocol', ''],
      ['utf8', ''],
      ['open-timeout', ''],
      ['slow-timeout', ''],
      ['lost', ''],
      ['terminated', ''],
    ]);
    expect(Object.keys(new WebSocketError(1000).toJSON())).toEqual(['name', 'kind', 'code', 'reason', 'message']);
    expect(Object.keys(new TimeoutError('x').toJSON())).not.toContain('timer');
  });

  test('with the code of a system’s error, where it is one', () => {
    const told = (code: unknown): string => {
      const connection = open();
      connection.transportLost(1, { code });
      return connection.closeInfo!.error!.message;
    };
    expect(told('EPIPE')).toBe('the transport was lost (EPIPE) without a Close frame');
    for (const code of [5, 'E', 'epipe', 'x EPIPE', 'EPIPE x', `E${'X'.repeat(61)}`, undefined]) {
      expect(told(code)).toBe('the transport was lost without a Close frame');
    }
  });

  test('a codec that fails costs this connection, with 1011', () => {
    const failing = (): never => {
      throw new Error('of the codec');
    };
    const text = new Proxy(portableText, {
      get: (target, name) => {
        if (name === 'decode') return failing;
        return Reflect.get(target, name) as unknown;
      },
    });
    const connection = open({ resources: new Resources({ text }) });
    connection.receive(texts(true), 0);
    connection.receive(frame({ opcode: 8, payload: [3, 232, 65], key: KEY }), 0);
    connection.receiveEof(0);
    expect(connection.closeInfo?.error).toMatchObject({ code: 1011, reason: '', kind: 'internal' });
  });

  test('a sink without any method hears of nothing, and nothing is thrown', () => {
    const connection = open();
    const parts = [
      texts(true),
      frame({ opcode: 2, payload: 'abc', key: KEY }),
      frame({ opcode: 9, payload: 'p', key: KEY }),
      frame({ opcode: 10, payload: 'p', key: KEY }),
      frame({ opcode: 8, payload: [3, 232], key: KEY }),
    ];
    for (const part of parts) connection.receive(part, 0);
    expect(connection.closeInfo).toBeUndefined();
    connection.receiveEof(0);
    expect(connection.closeInfo).toMatchObject({ code: 1000, clean: true });
    const asBytes = open({ text: 'bytes' });
    asBytes.receive(texts(true), 0);
    asBytes.streamNext();
    asBytes.receive(texts(false), 0);
    asBytes.receive(frame({ opcode: 0, payload: 'abc', key: KEY }), 0);
    expect(asBytes.phase).toBe(Phase.OPEN);
  });
});

describe('a refusal is told with its kind, its response and the request', () => {
  const refusals: Refusal[] = [];
  const watched = (options = {}): Connection => {
    refusals.length = 0;
    return Connection.server({ now: 0, sink: { onRefused: (refusal) => void refusals.push(refusal) }, ...options });
  };
  const asked = Buffer.from(
    REQUEST.toString().replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: a\r\nOrigin: https://b.example\r\n\r\n'),
  );

  test.each<[string, number, boolean, () => void]>([
    ['bad-request', 400, false, () => watched().receive(encode('GET / HTTP/1.1\r\n\r\n'), 0)],
    ['no-upgrade', 426, true, () => watched().receive(encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0)],
    [
      'no-upgrade',
      405,
      true,
      () => {
        const fields = [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '/'];
        watched().receiveFields(fields, true, 0);
      },
    ],
    ['origin', 403, true, () => watched({ allowedOrigins: [] }).receive(asked, 0)],
    [
      'error',
      500,
      true,
      () => {
        const selectSubprotocol = () => {
          throw new Error('mine');
        };
        watched({ selectSubprotocol, allowedOrigins: '*' }).receive(asked, 0);
      },
    ],
    ['closing', 503, false, () => watched().close()],
    ['timeout', 408, false, () => watched({ handshakeTimeout: 1 }).handleTimeout(1)],
  ])('%s', (kind, status, hasRequest, refuse) => {
    refuse();
    expect(refusals).toEqual([
      {
        kind,
        response: expect.objectContaining({ status }),
        request: hasRequest ? expect.anything() : undefined,
        ...(kind === 'error' ? { cause: new Error('mine') } : {}),
      },
    ]);
  });

  test.each([new Error('mine'), undefined])('with what allowedOrigins threw: %s', (cause) => {
    const allowedOrigins = () => {
      throw cause;
    };
    watched({ allowedOrigins }).receive(asked, 0);
    const request = { path: '/' };
    expect(refusals).toMatchObject([{ kind: 'error', response: { status: 500 }, request, cause }]);
    expect(refusals[0]).toHaveProperty('cause');
  });

  test('and its error has a cause only where there is one', () => {
    const errorOf = (cause?: unknown): unknown => {
      const connection = serving();
      connection.receive(REQUEST, 0);
      connection.reject({ status: 400 }, 0, cause);
      connection.receiveEof(0);
      return connection.closeInfo!.error;
    };
    expect(errorOf()).toMatchObject({ kind: 'refused' });
    expect(errorOf()).not.toHaveProperty('cause');
    expect(errorOf('mine')).toMatchObject({ kind: 'refused', cause: 'mine' });
  });

  test('a client that gives up says so', () => {
    const connection = connecting();
    connection.close();
    expect(connection.closeInfo!.error).toMatchObject({ kind: 'gave-up', isTemporary: false });
  });
});

test('what comes in pieces is told to its end when nothing more comes, whoever pauses at each of them', () => {
  const told: string[] = [];
  const sink = {
    onMessageChunk: () => {
      told.push('chunk');
      connection.pause();
    },
    onMessageEnd: () => {
      told.push('end');
      connection.streamNext();
    },
    onClosed: () => void told.push('closed'),
  };
  const connection: Connection = open({ sink });
  connection.streamNext();
  connection.pause();
  const rest = frame({ opcode: 0, payload: 'def', key: KEY });
  for (const part of [texts(false), rest, texts(false), rest, texts(false), rest]) connection.receive(part, 0);
  expect(told).toEqual([]);
  connection.receiveEof(0);
  const message = ['chunk', 'chunk', 'end'];
  expect(told).toEqual([...message, ...message, ...message, 'closed']);
});

test('the small things take what they are said to take', () => {
  expect(checkClose(1000, 'é'.repeat(61))).toBeUndefined();
  expect(parseWebSocketUrl(new URL('wss://a:81/b?c'))).toMatchObject({ secure: true, host: 'a:81', path: '/b?c' });
  expect([
    retryAfter(undefined),
    retryAfter({ 'retry-after': ['5'] } as never),
    retryAfter({ 'retry-after': '5' }),
  ]).toEqual([undefined, undefined, 5000]);
});
