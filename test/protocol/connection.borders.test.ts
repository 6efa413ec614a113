/** What lies just at a border, or is to be done once and not at all: each by itself, in few bytes. */
import { describe, expect, test, vi } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { Connection, EventQueue, type Opening, Phase, type ProtocolError, Resources } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { type EndpointOptions, openEndpoint, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, frame, header, PING, TEXT } from '../support/frames.ts';

const encode = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const decode = (chunks: readonly Uint8Array[]): string => chunks.map((one) => String.fromCharCode(...one)).join('');

const REQUEST =
  'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n';

const MIB = 1024 * 1024;

function serving(sink = {}, options = {}): { connection: Connection; events: EventQueue } {
  const events = new EventQueue();
  return { connection: Connection.server({ now: 0, sink: Object.assign(events, sink), ...options }), events };
}

/** An endpoint whose messages of 100 bytes and more are compressed. */
function compressing(role: 'client' | 'server', options: EndpointOptions = {}, codec = createZlibCodec()) {
  const deflate = new PermessageDeflate(role === 'server', { threshold: 100 }, codec);
  const element = { name: 'permessage-deflate', params: [] };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  return openEndpoint(role, { ...options, deflate });
}

describe('the opening', () => {
  test('is there once it has come to something, on either side', () => {
    const { connection } = serving();
    const client = Connection.client({ url: 'ws://a/chat' }, { now: 0, sink: {} });
    expect([connection.opening, client.opening]).toEqual([undefined, undefined]);
    for (const chunk of client.takeOutput()) connection.receive(chunk.slice(), 0);
    connection.accept();
    for (const chunk of connection.takeOutput()) client.receive(chunk.slice(), 0);
    expect(connection.opening?.request?.target).toBe('/chat');
    expect(client.opening?.response?.status).toBe(101);
    expect([client.redirect, connection.redirect]).toEqual([undefined, undefined]);
  });

  test('that ends with a redirect says where it goes on', () => {
    const client = Connection.client({ url: 'ws://a/', maxRedirects: 1 }, { now: 0, sink: {} });
    client.receive(encode('HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'), 0);
    expect(client.redirect).toMatchObject({ url: 'ws://a/b' });
  });

  test('of a server has the extension that it was given', () => {
    const { connection } = serving({}, { compress: true, codec: createZlibCodec() });
    connection.receive(encode(`${REQUEST}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`), 0);
    connection.accept();
    expect(decode(connection.takeOutput())).toContain('Sec-WebSocket-Extensions: permessage-deflate\r\n');
  });

  test('given up by the sink ends when the sink’s method is over', () => {
    const order: string[] = [];
    const { connection } = serving({
      onRequest() {
        connection.close();
        order.push('onRequest');
      },
      onClosed: () => order.push('onClosed'),
    });
    connection.receive(encode(`${REQUEST}\r\n`), 0);
    expect(order).toEqual(['onRequest', 'onClosed']);
  });

  test('may be followed by 64 KiB of frames in the chunk that ends the request', () => {
    const { connection, events } = serving();
    const head = encode(`${REQUEST}\r\n`);
    const chunk = new Uint8Array(head.length + 64 * 1024);
    chunk.set(head);
    connection.receive(chunk, 0);
    expect(events.take().map(({ type }) => type)).toEqual(['request']);
    expect(connection.takeOutput()).toEqual([]);
  });

  test('that is lost may be tried again, as long as nobody says otherwise', () => {
    const errors = [undefined, false].map((isTemporary) => {
      const client = Connection.client({ url: 'ws://a/' }, { now: 0, sink: {} });
      client.transportLost(0, undefined, isTemporary);
      return client.closeInfo!.error;
    });
    expect(errors).toMatchObject([{ isTemporary: true }, { isTemporary: false }]);
    expect(errors[0]!.message).toBe('the transport was lost before the connection was open');
  });

  test.each([
    {},
    { subprotocol: 'chat' },
    { extensions: 'x' },
    { request: { target: '/' } as Opening['request'] },
    { response: { status: 200 } as Opening['response'] },
  ])('that something else has made is what that says: %j', (given) => {
    const { opening } = Connection.established('server', { now: 0, sink: {}, ...given });
    const nothing = { subprotocol: '', extensions: '', request: undefined, response: undefined };
    expect(opening).toStrictEqual({ ...nothing, ...given });
    const another = Connection.established('client', { now: 0, sink: {}, ...given });
    expect(another.opening === opening).toBe(Object.keys(given).length === 0); // nothing agreed on is one object for all
  });

  test('over HTTP/2 that is refused without a body writes none', () => {
    const { connection } = serving({ onRequest: () => connection.reject({ status: 403 }) });
    const fields = [
      ':method',
      'CONNECT',
      ':protocol',
      'websocket',
      ':scheme',
      'https',
      ':path',
      '/',
      ':authority',
      'a',
    ];
    connection.receiveFields([...fields, 'sec-websocket-version', '13'], false, 0);
    expect(connection.takeFields()).toContain('403');
    expect(connection.takeOutput()).toEqual([]);
  });
});

test('a client waits longer for the transport’s end while it has output of its own to write', () => {
  for (const isTaken of [false, true]) {
    const client = Connection.established('client', { now: 0, sink: {}, closeTimeout: 5000 });
    client.receive(frame({ opcode: CLOSE, payload: closePayload(1000) }), 0);
    if (isTaken) client.takeOutput();
    client.handleTimeout(1000);
    expect(client.phase).toBe(isTaken ? Phase.CLOSED : Phase.CLOSING);
    client.handleTimeout(5000);
    expect(client.phase).toBe(Phase.CLOSED);
  }
});

test('a sink may throw more than once in a call, and may lack every method', () => {
  const bare = serving({}, { sink: {} }).connection;
  bare.receive(encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0);
  expect(decode(bare.takeOutput())).toContain('HTTP/1.1 426 ');
  const raise = (): never => {
    throw new Error('of the sink');
  };
  const endpoint = Connection.established('client', { now: 0, sink: { onCloseFrame: raise, onText: raise } });
  const chunk = Uint8Array.of(...frame({ opcode: TEXT, payload: 'a' }), ...frame({ opcode: CLOSE }));
  expect(() => endpoint.receive(chunk, 0)).toThrow('the sink threw more than once');
  expect(() => Connection.established('client', { now: 0, sink: null as never })).toThrow(/sink must be an object/);
});

describe.each(ROLES)('a %s', (role) => {
  test('has a receiver and an outbox while it needs them, and lends them to others then', () => {
    const resources = new Resources();
    const endpoint = openEndpoint(role, { resources });
    const back = vi.spyOn(resources.receivers, 'giveBack');
    const outboxes = vi.spyOn(resources.outboxes, 'giveBack');
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'a' }));
    expect(back).toHaveBeenCalledTimes(1);
    endpoint.receive(endpoint.peer({ opcode: TEXT, fin: false, payload: 'a' }));
    endpoint.receive(endpoint.peer({ opcode: CONTINUATION, payload: 'a' }).subarray(0, 1));
    expect(back).toHaveBeenCalledTimes(1);
    endpoint.receive(endpoint.peer({ opcode: CONTINUATION, payload: 'a' }).subarray(1));
    expect(back).toHaveBeenCalledTimes(2);
    expect(outboxes).not.toHaveBeenCalled();
    endpoint.connection.sendText('a');
    endpoint.sent();
    expect(outboxes).toHaveBeenCalledTimes(1);
    endpoint.connection.sendText('a');
    endpoint.connection.terminate();
    expect(outboxes).toHaveBeenCalledTimes(2);
    expect(back).toHaveBeenCalledTimes(2);
  });

  test('pings with 125 bytes and not with 126', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.ping(new Uint8Array(125));
    expect(() => endpoint.connection.ping(new Uint8Array(126))).toThrow(RangeError);
    expect(endpoint.sentFrames().map(({ payload }) => payload.length)).toEqual([125]);
  });

  test('answers the last of the pings that come while its output waits, with what it said then', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.sendText('x');
    for (const payload of ['one', 'two']) {
      const chunk = endpoint.peer({ opcode: PING, payload });
      endpoint.connection.receive(chunk, 0);
      chunk.fill(0xee); // it is the driver's again
    }
    expect(endpoint.sent()).toEqual(['TEXT "x"', 'PONG 74776f']);
  });

  test('takes of a read buffer only what was read into it, and keeps no more of it while paused', () => {
    const wires = [
      { opcode: TEXT, payload: 'whole' },
      { opcode: PING, payload: 'p' },
      { opcode: BINARY, payload: new Uint8Array(300) },
    ];
    const endpoint = openEndpoint(role);
    const wire = Buffer.concat(wires.map((one) => endpoint.peer(one)));
    for (let cut = 0; cut <= wire.length; cut++) {
      const reader = openEndpoint(role);
      const { connection } = reader;
      // What is left of an earlier read lies behind it.
      const buffer = new Uint8Array(wire.length + 100).fill(0x89);
      for (const piece of [wire.subarray(0, cut), wire.subarray(cut)]) {
        buffer.set(piece);
        connection.receiveFrom(buffer, piece.length, 0);
        buffer.fill(0x89);
      }
      connection.pause();
      buffer.set(wire);
      connection.receiveFrom(buffer, wire.length - 1, 0);
      buffer.fill(0x89);
      connection.resume(0);
      const zeros = expect.stringMatching(/^binary 0+…0+ .300 bytes/) as unknown;
      expect(reader.events()).toEqual(['text "whole"', 'ping 70', zeros, 'text "whole"', 'ping 70']);
      expect(connection.phase).toBe(Phase.OPEN);
    }
  });

  test('compresses what is worth it and what it is told to, of bytes too', () => {
    const endpoint = compressing(role);
    const bytes = new Uint8Array(100);
    endpoint.connection.sendBinary(bytes);
    endpoint.connection.sendBinary(bytes, false);
    endpoint.connection.sendBinary(bytes.subarray(1));
    endpoint.connection.sendText('a'.repeat(100));
    endpoint.connection.sendText('a'.repeat(99));
    expect(endpoint.sentFrames().map(({ rsv1 }) => rsv1)).toEqual([true, false, false, true, false]);
  });

  test('still compresses when the peer has closed and the answer is put off, and frees its contexts at the end', () => {
    let live = 0;
    const zlib = createZlibCodec();
    const counted = <Context extends { release(): void }>(context: Context): Context => {
      live++;
      return Object.assign(context, { release: () => void live-- });
    };
    const codec = {
      createDeflater: (params: Parameters<typeof zlib.createDeflater>[0]) => counted(zlib.createDeflater(params)),
      createInflater: (params: Parameters<typeof zlib.createInflater>[0]) => counted(zlib.createInflater(params)),
    };
    const endpoint = compressing(role, { on: () => ({ onEnding: () => true }) }, codec);
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }));
    endpoint.connection.sendText('a'.repeat(100));
    expect(endpoint.sentFrames().map(({ rsv1 }) => rsv1)).toEqual([true]);
    expect(live).toBe(1);
    endpoint.call(() => endpoint.connection.conclude());
    expect(endpoint.sent()).toEqual(['CLOSE 1000 ""']);
    expect(live).toBe(0);
  });

  test('puts the answer to a Close frame off in a new turn as in the first', () => {
    const endpoint = openEndpoint(role, { turnBudget: 1, on: () => ({ onEnding: () => true }) });
    endpoint.receive(
      endpoint.peer({ opcode: TEXT, payload: 'a' }),
      endpoint.peer({ opcode: TEXT, payload: 'b' }),
      endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }),
    );
    expect(endpoint.connection.wantsTurn).toBe(true);
    endpoint.call(() => endpoint.connection.handleTimeout(0));
    expect(endpoint.events()).toEqual(['text "a"', 'text "b"']);
    expect(endpoint.sent()).toEqual([]);
    endpoint.call(() => endpoint.connection.conclude());
    expect(endpoint.sent()).toEqual(['CLOSE 1000 ""']);
  });

  test('ends with the words of what has happened to its transport', () => {
    const errorOf = (end: (endpoint: ReturnType<typeof openEndpoint>) => void): string => {
      const endpoint = openEndpoint(role);
      endpoint.call(() => end(endpoint));
      return endpoint.closed!.error!.message;
    };
    const [lost, ended] = ['the transport was lost', 'the peer ended the transport'];
    expect(errorOf(({ connection }) => connection.transportLost(0))).toBe(`${lost} without a Close frame`);
    expect(errorOf(({ connection }) => connection.receiveEof(0))).toBe(`${ended} without a Close frame`);
    const both = errorOf(({ connection }) => {
      connection.outputLost(0);
      connection.receiveEof(0);
    });
    expect(both).toBe(`${lost} without a Close frame`);
  });

  test('ends whoever floods it, with 1008 and without a word to the peer', () => {
    const paused = openEndpoint(role);
    paused.connection.pause();
    const chunk = paused.peer({ opcode: BINARY, payload: new Uint8Array(MIB - 16) });
    paused.receive(chunk.slice());
    paused.receive(chunk.slice()); // what was on its way
    paused.receive(new Uint8Array(MIB - chunk.length));
    expect(paused.phase).toBe('OPEN');
    paused.receive(new Uint8Array(1));
    expect(paused.phase).toBe('OPEN'); // one chunk more may come, whatever its size
    paused.receive(new Uint8Array(1));
    const { error } = paused.closed!;
    expect(error).toMatchObject({ code: 1008, reason: '', kind: 'flood', message: 'read on while paused' });
    expect(paused.sent()).toEqual([]);
  });

  test('ends whoever sends on after the end, likewise', () => {
    const endpoint = openEndpoint(role);
    endpoint.receive(Uint8Array.of(0x83)); // a reserved opcode
    const chunk = new Uint8Array(32 * MIB);
    for (let i = 0; i < 2; i++) endpoint.receive(chunk);
    expect(endpoint.phase).toBe('CLOSING');
    endpoint.receive(new Uint8Array(1));
    expect(endpoint.phase).toBe('CLOSED');
    expect(endpoint.closed!.error).toMatchObject({ kind: 'opcode' }); // what came first is told
    const lost = openEndpoint(role);
    lost.call(() => lost.connection.outputLost(0));
    lost.advanceTo(1000);
    lost.receive(chunk.subarray(0, 8 * MIB + 1));
    expect(lost.closed!.error).toMatchObject({ kind: 'lost' });
  });

  test('tells the limit that a message has passed, and by how much, and no cause where there is none', () => {
    const faultOf = (endpoint: ReturnType<typeof openEndpoint>, bytes: Uint8Array): ProtocolError => {
      endpoint.receive(bytes);
      return (endpoint.closed?.error as ProtocolError) ?? (endpoint.receiveEof(), endpoint.closed!.error);
    };
    const limited = openEndpoint(role, { maxMessageSize: 10 });
    const plain = faultOf(
      limited,
      header({ opcode: BINARY, length: 11, key: role === 'server' ? [0, 0, 0, 0] : undefined }),
    );
    expect(plain.message).toBe('1009 (message too big): one of 11 bytes or more, and maxMessageSize is 10');
    expect('cause' in plain).toBe(false);
    const packed = compressing(role, { maxMessageSize: 100 });
    const sender = compressing(role === 'server' ? 'client' : 'server');
    sender.connection.sendBinary(new Uint8Array(101));
    const inflated = faultOf(packed, sender.sentBytes());
    expect(inflated.message).toBe('1009 (message too big): one that inflates to more, and maxMessageSize is 100');
  });
});
