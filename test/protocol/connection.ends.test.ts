/** The ends of a connection that no frame brings about: before it was open, by misuse, by deadlines and limits. */
import { describe, expect, test } from 'vitest';
import {
  Connection,
  EventQueue,
  PreparedMessage,
  type DeflateCodec,
  type EstablishedOptions,
  type ServerConnectionOptions,
  type TracedFrame,
  TransportAction,
} from '../../protocol/index.ts';
import { PermessageDeflate, resolveLimits } from '../../protocol/internal.ts';

const encode = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const decode = (chunks: readonly Uint8Array[]) => chunks.map((chunk) => String.fromCharCode(...chunk)).join('');

const REQUEST =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A server with its events. */
function server(options: Partial<ServerConnectionOptions> = {}) {
  const events = new EventQueue();
  const connection = Connection.server({ now: 0, sink: events, ...options });
  return { connection, events };
}

const lastOf = (events: EventQueue) => events.take().at(-1) as { type: 'closed'; info: { error: Error; code: number } };

describe('closed before it was open', () => {
  test('a server answers with 503 and Retry-After, whether or not a request has come', () => {
    for (const request of ['', 'GET / HT', REQUEST]) {
      const { connection, events } = server();
      connection.receive(encode(request), 0);
      connection.close();
      expect(decode(connection.takeOutput())).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: \d+\r\n/);
      expect(connection.transportAction).toBe(TransportAction.ABORT);
      expect(lastOf(events).info.error).toMatchObject({ name: 'HandshakeError' });
    }
  });

  test('a client just goes', () => {
    const events = new EventQueue();
    const connection = Connection.client({ url: 'ws://a/' }, { now: 0, sink: events });
    connection.close();
    expect(connection.takeOutput()).toEqual([]);
    expect(connection.transportAction).toBe(TransportAction.ABORT);
    expect(lastOf(events).info).toMatchObject({ code: 1006, error: { name: 'HandshakeError' } });
  });

  test('by the sink itself, when the request comes', () => {
    const sink = { onRequest: () => connection.close(), onClosed: () => ends++ };
    let ends = 0;
    const connection: Connection = Connection.server({ now: 0, sink });
    connection.receive(encode(REQUEST), 0);
    expect(ends).toBe(1);
    expect(decode(connection.takeOutput())).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('at the deadline: 408 while the request is waited for, 503 while it is decided on', () => {
    for (const [request, status] of [
      ['GET / HT', 408],
      [REQUEST, 503],
    ] as const) {
      const { connection, events } = server({ handshakeTimeout: 100 });
      connection.receive(encode(request), 0);
      connection.handleTimeout(99);
      expect(connection.takeOutput()).toEqual([]);
      connection.handleTimeout(100);
      expect(decode(connection.takeOutput())).toContain(`HTTP/1.1 ${status} `);
      expect(lastOf(events).info.error).toMatchObject({ name: 'TimeoutError' });
    }
  });
});

describe('bytes that come too early or too late', () => {
  test('64 KiB are kept while the request is decided on, and one more is refused with 400', () => {
    const { connection } = server();
    connection.receive(encode(REQUEST), 0);
    connection.receive(new Uint8Array(64 * 1024), 0);
    expect(connection.takeOutput()).toEqual([]);
    connection.resume(0); // changes nothing: the decision is waited for
    connection.receive(new Uint8Array(1), 0);
    expect(decode(connection.takeOutput())).toMatch(/^HTTP\/1\.1 400 /);
    expect(connection.transportAction).toBe(TransportAction.END);
  });

  test('what comes after the end is discarded up to 64 MiB', () => {
    const { connection, events } = server();
    connection.receive(encode('nonsense\r\n\r\n'), 0);
    const chunk = new Uint8Array(16 * 1024 * 1024);
    for (let i = 0; i < 4; i++) connection.receive(chunk, 0);
    expect(connection.transportAction).toBe(TransportAction.END);
    connection.receive(chunk, 0);
    expect(connection.transportAction).toBe(TransportAction.ABORT);
    connection.receive(chunk, 0);
    connection.terminate(0);
    expect(events.take().filter(({ type }) => type === 'closed')).toHaveLength(1);
  });

  test('a fault after our own Close sends no second one (RFC 6455 §5.5.1)', () => {
    const { connection } = open();
    connection.close(1000, '', 0);
    connection.takeOutput();
    connection.receive(new Uint8Array([0xff, 0x80, 0, 0, 0, 0]), 0);
    expect(connection.takeOutput()).toEqual([]);
    expect(connection.transportAction).toBe(TransportAction.END);
  });

  test('a transport lost after both Close frames ends it cleanly', () => {
    const { connection, events } = open();
    connection.receive(new Uint8Array([0x88, 0x80, 0, 0, 0, 0]), 0);
    connection.transportLost(0, new Error('reset'));
    expect(events.take().at(-1)).toMatchObject({ type: 'closed', info: { clean: true, code: 1005, error: undefined } });
  });
});

describe('misuse', () => {
  test('throws before anything changes', () => {
    const { connection } = server();
    const head = { method: 'GET', target: '/', version: '1.1', rawHeaders: [] };
    expect(() => connection.accept()).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    expect(() => open().connection.reject({ status: 400 })).toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
    expect(() => open().connection.receiveHead(head, 0)).toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
    expect(() => Connection.server({ now: '0' as never, sink: {} })).toThrow(TypeError);
    expect(() => Connection.server({ now: 0, sink: undefined as never })).toThrow(TypeError);
    expect(() => Connection.server({ now: 0, sink: {}, compress: true })).toThrow(TypeError);
    expect([connection.isServer, connection.latency]).toEqual([true, NaN]);
  });

  test('a request may be rejected before it has come, with a cause that the end tells', () => {
    const { connection, events } = server();
    const cause = new Error('no time');
    connection.reject({ status: 503 }, 0, cause);
    connection.receive(encode(REQUEST), 0);
    expect(decode(connection.takeOutput())).toMatch(/^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n\r\n$/);
    connection.receiveEof(0);
    expect(events.take()).toMatchObject([{ type: 'closed', info: { error: { name: 'HandshakeError', cause } } }]);
  });

  test.each([
    ['was given up', (connection: Connection) => connection.close(1000, '', 1)],
    ['was rejected already', (connection: Connection) => connection.reject({ status: 404 }, 1)],
    ['took too long', (connection: Connection) => connection.handleTimeout(connection.nextTimeout())],
    ['was ended', (connection: Connection) => connection.terminate(1)],
    ['was lost', (connection: Connection) => connection.transportLost(1)],
  ])('a request that comes to one that %s is passed over, as bytes are, whatever has parsed it', (_, end) => {
    const come = [
      (connection: Connection) => connection.receive(encode(REQUEST), 20_000),
      (connection: Connection) =>
        connection.receiveHead({ method: 'GET', target: '/', version: '1.1', rawHeaders: [] }, 20_000),
      (connection: Connection) => connection.receiveFields([':method', 'CONNECT'], false, 20_000),
    ].map((request) => {
      const { connection, events } = server();
      end(connection);
      const before = [connection.state, decode(connection.takeOutput()), events.take().length];
      request(connection);
      return [before, connection.state, decode(connection.takeOutput()), events.take().length];
    });
    expect(come).toEqual([come[0], come[0], come[0]]);
    expect(come[0].slice(1)).toEqual([(come[0][0] as string[])[0], '', 0]);
  });

  test('pause before it is open holds the first message', () => {
    const { connection, events } = server();
    connection.pause();
    connection.receive(encode(REQUEST), 0);
    connection.accept();
    connection.receive(new Uint8Array([0x81, 0x81, 0, 0, 0, 0, 0x61]), 0);
    expect(events.take().map(({ type }) => type)).toEqual(['request', 'open']);
    connection.resume(0);
    expect(events.take()).toEqual([{ type: 'text', text: 'a' }]);
  });
});

describe('sinks', () => {
  test('what onRequest, onPlainRequest and onOpen throw comes out of the call that led to it', () => {
    const raise = (text: string) => () => {
      throw new Error(text);
    };
    const plain = Connection.server({ now: 0, sink: { onPlainRequest: raise('plain') } });
    expect(() => plain.receive(encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0)).toThrow('plain');
    const opened = Connection.server({ now: 0, sink: { onOpen: raise('open') } });
    expect(() => opened.receive(encode(REQUEST), 0)).toThrow('open');
    const asked = Connection.server({ now: 0, sink: { onRequest: raise('request') } });
    expect(() => asked.receive(encode(REQUEST), 0)).toThrow('request');
  });

  test('an EventQueue can be counted and walked through', () => {
    const { events } = open();
    events.onText('one');
    events.onText('two');
    expect(events.length).toBe(2);
    expect([...events].map((event) => (event as { text: string }).text)).toEqual(['one', 'two']);
    expect(events.length).toBe(0);
  });
});

describe('both sides together', () => {
  test('a server that has resolved its limits before opens with a client, and they talk', () => {
    const limits = resolveLimits({ maxMessageSize: 3 });
    const { connection, events } = server({ limits });
    const theirs = new EventQueue();
    const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: theirs });
    for (const chunk of client.takeOutput()) connection.receive(chunk.slice(), 0);
    connection.accept();
    for (const chunk of connection.takeOutput()) client.receive(chunk.slice(), 0);
    client.sendText('hey');
    client.sendText('hello');
    for (const chunk of client.takeOutput()) connection.receive(chunk.slice(), 0);
    connection.receiveEof(0);
    expect(theirs.take().map(({ type }) => type)).toEqual(['open']);
    expect(events.take().slice(2)).toMatchObject([{ text: 'hey' }, { info: { error: { code: 1009 } } }]);
  });
});

/** Not touched before the first message that has a byte. */
/** One that can do nothing. */
const failing = (): never => {
  throw new Error('the codec failed');
};
const codec: DeflateCodec = { createDeflater: failing, createInflater: failing };

describe('compression as an option', () => {
  test('is offered by a client, plainly or as asked', () => {
    const plain = Connection.client({ url: 'ws://a/' }, { now: 0, sink: {}, compress: true, codec });
    expect(decode(plain.takeOutput())).toContain('\r\nSec-WebSocket-Extensions: permessage-deflate');
    const asked = Connection.client(
      { url: 'ws://a/' },
      { now: 0, sink: {}, compress: { serverMaxWindowBits: 10 }, codec },
    );
    expect(decode(asked.takeOutput())).toContain('server_max_window_bits=10');
  });

  test('is not used by a client whose server has not accepted it (RFC 6455 §9.1)', () => {
    const { connection, events } = server();
    const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: {}, compress: { threshold: 0 }, codec });
    for (const chunk of client.takeOutput()) connection.receive(chunk.slice(), 0);
    connection.accept();
    for (const chunk of connection.takeOutput()) client.receive(chunk.slice(), 0);
    // The codec of this test can do nothing: what was to be compressed would throw.
    client.sendText('plain');
    for (const chunk of client.takeOutput()) connection.receive(chunk.slice(), 0);
    expect(events.take().at(-1)).toMatchObject({ text: 'plain' });
  });
});

describe('a streamed message without a byte', () => {
  test('is a start and an end, compressed as well (RFC 7692 §7.2.3.6)', () => {
    const deflate = new PermessageDeflate(true, {}, codec);
    deflate.accept([{ name: 'permessage-deflate', params: [] }]);
    const { connection, events } = open({ deflate });
    for (const first of [0xc1, 0x81]) {
      connection.streamNext();
      connection.receive(new Uint8Array([first, 0x80, 0, 0, 0, 0]), 0);
      expect(events.take().map(({ type }) => type)).toEqual(['messageStart', 'messageEnd']);
    }
  });
});

describe('a trace', () => {
  test('tells of every frame, sent and received, without its payload', () => {
    const frames: TracedFrame[] = [];
    const { connection } = open({ trace: (entry) => 'opcode' in entry && frames.push(entry) });
    connection.receive(new Uint8Array([0x89, 0x81, 0, 0, 0, 0, 0x61]), 0);
    connection.receive(new Uint8Array([0x01, 0x81, 0, 0, 0, 0, 0x61]), 0);
    for (const length of [5, 300, 70_000]) connection.sendPrepared(new PreparedMessage(new Uint8Array(length)));
    connection.sendFragment(new Uint8Array(3), false);
    connection.sendFragment(new Uint8Array(0), true);
    expect(frames.map((frame) => `${frame.sent ? '>' : '<'} ${frame.opcode} ${frame.fin} ${frame.length}`)).toEqual([
      '< 9 true 1',
      '> 10 true 1',
      '< 1 false 1',
      '> 2 true 5',
      '> 2 true 300',
      '> 2 true 70000',
      '> 2 false 3',
      '> 0 true 0',
    ]);
  });

  test('tells of every change of state, and what it came from', () => {
    const changes: string[] = [];
    const { connection } = open({
      trace: (entry) => 'cause' in entry && changes.push(`${entry.from} ${entry.cause} ${entry.to}`),
    });
    connection.sendText('no change');
    connection.receive(new Uint8Array([0x88, 0x80, 0, 0, 0, 0]), 0);
    connection.receiveEof(0);
    expect(changes).toEqual([
      'OPEN closeFrame CLOSE_RECEIVED',
      'CLOSE_RECEIVED conclude LINGERING',
      'LINGERING eof CLOSED',
    ]);
  });
});

function open(options: Partial<EstablishedOptions> = {}) {
  const events = new EventQueue();
  return { connection: Connection.established('server', { now: 0, sink: events, ...options }), events };
}
