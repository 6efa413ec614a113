/** A connection whose transport is a stream of HTTP/2 (RFC 8441), from its fields to its end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Connection, type Event, EventQueue, InvalidStateError, Phase, TransportAction } from '../../protocol/index.ts';
import type { ConnectionOptions, PlainRequest, ServerConnectionOptions } from '../../protocol/index.ts';

const REQUEST = [
  ...[':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', '/chat'],
  ...[':authority', 'example.com', 'sec-websocket-version', '13'],
];
const GET = [':method', 'GET', ':scheme', 'https', ':path', '/health', ':authority', 'example.com'];

type Options<T> = Partial<Omit<T, 'now' | 'sink'>>;

function serverOf(options: Options<ServerConnectionOptions> = {}): { server: Connection; events: EventQueue } {
  const events = new EventQueue();
  return { server: Connection.server({ ...options, now: 0, sink: events }), events };
}

function clientOf(options: Options<ConnectionOptions> = {}): { client: Connection; events: EventQueue } {
  const events = new EventQueue();
  const client = Connection.client({ url: 'wss://example.com/chat' }, { ...options, now: 0, sink: events });
  client.useHttp2();
  return { client, events };
}

const types = (events: EventQueue) => events.take().map(({ type }) => type);
const joined = (chunks: readonly Uint8Array[]) => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));

describe('a server', () => {
  test('answers with fields, once, and goes on with frames', () => {
    const { server, events } = serverOf();
    server.receiveFields(REQUEST, false, 0);
    expect(types(events)).toEqual(['request']);
    expect(server.takeFields()).toBeUndefined();
    server.accept();
    expect(server.takeFields()).toEqual([':status', '200']);
    expect(server.takeFields()).toBeUndefined();
    expect(server.takeOutput()).toEqual([]);
    expect(server.phase).toBe(Phase.OPEN);
    server.receive(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61), 0);
    expect(types(events)).toEqual(['open', 'text']);
    server.sendText('b');
    expect(joined(server.takeOutput())).toEqual(Uint8Array.of(0x81, 1, 0x62));
  });

  test('answers a Sec-WebSocket-Key, which RFC 8441 has no use for, where one came that is valid', () => {
    const fieldsFor = (...keys: string[]) => {
      const { server } = serverOf();
      server.receiveFields([...REQUEST, ...keys.flatMap((key) => ['sec-websocket-key', key])], false, 0);
      server.accept();
      return server.takeFields();
    };
    const accept = ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='];
    expect(fieldsFor('dGhlIHNhbXBsZSBub25jZQ==')).toEqual([':status', '200', ...accept]);
    expect(fieldsFor('nonsense')).toEqual([':status', '200']);
    expect(fieldsFor('dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ==')).toEqual([':status', '200']);
  });

  test('accepts by itself when its sink does not decide', () => {
    const server = Connection.server({ now: 0, sink: {} });
    server.receiveFields(REQUEST, false, 0);
    expect(server.takeFields()).toEqual([':status', '200']);
  });

  test('keeps frames that come before the answer', () => {
    const { server, events } = serverOf();
    server.receiveFields(REQUEST, false, 0);
    server.receive(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61), 0);
    server.accept();
    expect(types(events)).toEqual(['request', 'open', 'text']);
  });

  test('refuses with fields and a body, and ends its side', () => {
    const { server, events } = serverOf();
    server.receiveFields([...REQUEST, 'origin', 'https://evil.example'], false, 0);
    expect(server.takeFields()!.slice(0, 2)).toEqual([':status', '403']);
    expect(joined(server.takeOutput()).length).toBeGreaterThan(0);
    expect(server.transportAction).toBe(TransportAction.END);
    server.receiveEof(1);
    expect(types(events)).toEqual(['closed']);
  });

  test('answers a plain request whose END_STREAM has come with it, however long that takes', () => {
    const asked: string[] = [];
    const events = Object.assign(new EventQueue(), {
      onPlainRequest: ({ path }: PlainRequest) => void asked.push(path),
    });
    const server = Connection.server({ now: 0, sink: events });
    server.receiveFields(GET, true, 0);
    server.receiveEof(0);
    expect(asked).toEqual(['/health']);
    server.reject({ status: 200, body: 'well' });
    expect(server.takeFields()).toContain('200');
    expect(joined(server.takeOutput())).toHaveLength(4);
    expect(server.transportAction).toBe(TransportAction.END);
    server.transportLost(1);
    expect(types(events)).toEqual(['closed']);
  });

  test('END_STREAM during the decision is the loss of the connection, as FIN is', () => {
    const { server, events } = serverOf();
    server.receiveFields(REQUEST, false, 0);
    server.receiveEof(0);
    expect(types(events)).toEqual(['request', 'closed']);
    expect(server.transportAction).toBe(TransportAction.ABORT);
  });

  test.each([
    ['the deadline passes', (server: Connection) => server.handleTimeout(10_000)],
    ['it gives up', (server: Connection) => server.close()],
  ])('says 503 in fields when %s', (_when, act) => {
    const { server } = serverOf();
    server.receiveFields(REQUEST, false, 0);
    act(server);
    expect(server.takeFields()).toEqual([':status', '503', 'retry-after', '5', 'content-length', '0']);
    expect(server.transportAction).toBe(TransportAction.ABORT);
  });

  test('takes fields once, and a TypeError changes nothing', () => {
    const { server } = serverOf();
    expect(() => server.receiveFields(['odd'], false, 0)).toThrow(TypeError);
    server.receiveFields(REQUEST, false, 0);
    expect(() => server.receiveFields(REQUEST, false, 0)).toThrow(InvalidStateError);
    expect(() => server.useHttp2()).toThrow(InvalidStateError);
  });
});

describe('a client', () => {
  test('sends fields in place of the bytes, taken or not', () => {
    const events = new EventQueue();
    const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: events });
    expect(client.takeOutput()).toHaveLength(1);
    client.useHttp2();
    expect(client.takeFields()!.slice(0, 4)).toEqual([':method', 'CONNECT', ':protocol', 'websocket']);
    expect(clientOf().client.takeOutput()).toEqual([]);
  });

  test('sends none once it has been ended', () => {
    const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: {} });
    client.useHttp2();
    client.terminate();
    expect(client.takeFields()).toBe(undefined);
  });

  test('is open with a 200, and goes on with frames', () => {
    const { client, events } = clientOf();
    client.receiveFields([':status', '103'], false, 0);
    client.receiveFields([':status', '200'], false, 0);
    client.receive(Uint8Array.of(0x81, 1, 0x61), 0);
    expect(types(events)).toEqual(['open', 'text']);
    expect(() => client.receiveFields([':status', '200'], false, 0)).toThrow(InvalidStateError);
  });

  test('takes no fields that it did not ask for', () => {
    const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: {} });
    expect(() => client.receiveFields([':status', '200'], false, 0)).toThrow(InvalidStateError);
    const open = Connection.established('client', { now: 0, sink: {} });
    expect(() => open.receiveFields([':status', '200'], false, 0)).toThrow(InvalidStateError);
  });

  test('drops its stream with the reason when it is refused', () => {
    const { client, events } = clientOf();
    client.receiveFields([':status', '404'], true, 0);
    const [closed] = events.take();
    expect(closed).toMatchObject({ type: 'closed', info: { error: { response: { status: 404 } } } });
    expect(client.transportAction).toBe(TransportAction.ABORT);
  });
});

/** Both ends over one stream, whose DATA is cut as `cut` says. */
function converse(cut: (bytes: Uint8Array) => Uint8Array[]): { client: Event[]; server: Event[]; actions: number[] } {
  const { client, events: atClient } = clientOf();
  const { server, events: atServer } = serverOf();
  const seen = { client: [] as Event[], server: [] as Event[] };
  server.receiveFields(client.takeFields()!, false, 0);
  server.accept();
  client.receiveFields(server.takeFields()!, false, 0);
  const exchange = (): void => {
    for (let moved = true; moved;) {
      moved = false;
      for (const [from, to] of [
        [client, server],
        [server, client],
      ]) {
        const bytes = joined(from.takeOutput());
        if (bytes.length === 0) continue;
        moved = true;
        for (const piece of cut(bytes)) to.receive(piece.slice(), 0);
      }
      seen.client.push(...atClient.take());
      seen.server.push(...atServer.take());
    }
  };
  client.sendText('grüße');
  client.sendBinary(new Uint8Array(300).fill(7));
  server.sendFragment('one ', false);
  server.sendFragment('two', true);
  client.ping();
  exchange();
  client.close(4000, 'bye');
  exchange();
  const actions = [server.transportAction, client.transportAction];
  client.receiveEof(0);
  server.receiveEof(0);
  seen.client.push(...atClient.take());
  seen.server.push(...atServer.take());
  return { ...seen, actions };
}

describe('a conversation', () => {
  test('says the same however DATA is cut, and ends with END_STREAM from both sides', () => {
    const whole = converse((bytes) => [bytes]);
    expect(whole.actions).toEqual([TransportAction.END, TransportAction.END]);
    expect(whole.client.map(({ type }) => type)).toEqual(['open', 'text', 'pong', 'closeFrame', 'closed']);
    expect(whole.server.map(({ type }) => type)).toEqual([
      'request',
      'open',
      'text',
      'binary',
      'ping',
      'closeFrame',
      'closed',
    ]);
    expect(whole.server.at(-1)).toMatchObject({ info: { code: 4000, reason: 'bye', clean: true } });
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sizes) => {
        const cutAny = (bytes: Uint8Array): Uint8Array[] => {
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = sizes.next().value as number;
            pieces.push(bytes.subarray(at, (at += size)));
          }
          return pieces;
        };
        expect(converse(cutAny)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});
