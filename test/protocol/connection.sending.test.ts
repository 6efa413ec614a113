/** What a connection sends, byte for byte, and how it ends: RFC 6455 §5, §6.1 and §7, in both roles. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { Connection, InvalidStateError, PreparedMessage, Resources } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { hex, openEndpoint, ROLES, type Endpoint } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, PING, PONG, TEXT } from '../support/frames.ts';

const HOUR = 3_600_000;

/** Everything that can be sent, once; small payloads and large ones. */
function sendEverything({ connection }: Endpoint): void {
  connection.sendText('text');
  connection.sendText('é'.repeat(1000));
  connection.sendBinary(Uint8Array.of(1, 2, 3));
  connection.sendBinary(new Uint8Array(70_000).fill(7));
  connection.sendPrepared(new PreparedMessage('prepared'));
  connection.sendFragment('one', false);
  connection.sendFragment('', false);
  connection.sendFragment('two', true);
  connection.ping(Uint8Array.of(4));
  connection.pong();
  connection.close(1000, 'bye');
}

describe.each(ROLES)('a %s', (role) => {
  test(
    role === 'client' ? '§5.1: MUST mask all frames that it sends' : '§5.1: MUST NOT mask any frames that it sends',
    () => {
      const endpoint = openEndpoint(role);
      endpoint.receive(endpoint.peer({ opcode: PING, payload: 'ping' }));
      sendEverything(endpoint);
      const frames = endpoint.sentFrames();
      expect(frames).toHaveLength(12);
      expect(frames.filter(({ masked }) => masked)).toHaveLength(role === 'client' ? 12 : 0);
    },
  );

  if (role === 'client') {
    test('§5.3: MUST pick a fresh masking key for each frame', () => {
      const endpoint = openEndpoint(role);
      const keys = new Set<string>();
      for (let i = 0; i < 50; i++) {
        endpoint.connection.sendBinary(new Uint8Array(i % 2 === 0 ? 8 : 2000));
        const bytes = endpoint.sentBytes();
        keys.add(hex(i % 2 === 0 ? bytes.subarray(2, 6) : bytes.subarray(4, 8)));
      }
      expect(keys.size).toBe(50);
    });

    test('§10.3: what an application does to its data once it is sent changes nothing on the wire', () => {
      for (const length of [8, 2000, 70_000]) {
        const endpoint = openEndpoint(role);
        const data = new Uint8Array(length).fill(7);
        endpoint.connection.sendBinary(data);
        endpoint.connection.sendPrepared(new PreparedMessage(data));
        endpoint.connection.sendFragment(data, false);
        endpoint.connection.sendFragment(data, true);
        endpoint.connection.ping(data.subarray(0, 8));
        endpoint.connection.pong(data.subarray(0, 8));
        data.fill(0);
        const payloads = endpoint.sentFrames().map(({ payload }) => payload);
        expect(payloads.map((payload) => payload.length)).toEqual([length, length, length, length, 8, 8]);
        expect(payloads.every((payload) => payload.every((byte) => byte === 7))).toBe(true);
      }
    });
  }

  test('§5.2: sets no reserved bit, and encodes each length in the minimal number of bytes', () => {
    const forms = [
      [0, [0]],
      [125, [125]],
      [126, [126, 0, 126]],
      [65_535, [126, 255, 255]],
      [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
    ] as const;
    for (const [length, form] of forms) {
      const endpoint = openEndpoint(role);
      endpoint.connection.sendBinary(new Uint8Array(length));
      const [first, ...rest] = endpoint.sentBytes();
      expect(first).toBe(0x80 | BINARY);
      expect(rest.slice(0, form.length)).toEqual([form[0] | (role === 'client' ? 0x80 : 0), ...form.slice(1)]);
    }
  });

  test('§6.1: the first frame MUST have the opcode of the message’s kind, and the last its FIN bit set', () => {
    const endpoint = openEndpoint(role);
    const shape = (): [number, boolean][] => endpoint.sentFrames().map(({ opcode, fin }) => [opcode, fin]);
    endpoint.connection.sendText('a');
    endpoint.connection.sendBinary(Uint8Array.of(1));
    endpoint.connection.sendFragment('a', false);
    endpoint.connection.sendFragment('b', false);
    endpoint.connection.sendFragment('c', true);
    endpoint.connection.sendFragment(Uint8Array.of(1), false);
    endpoint.connection.sendFragment(Uint8Array.of(2), true);
    expect(shape()).toEqual([
      [TEXT, true],
      [BINARY, true],
      [TEXT, false],
      [CONTINUATION, false],
      [CONTINUATION, true],
      [BINARY, false],
      [CONTINUATION, true],
    ]);
  });

  test('§6.1: data is sent only while the connection is OPEN', () => {
    const connecting =
      role === 'server'
        ? Connection.server({ now: 0, sink: {} })
        : Connection.client({ url: 'ws://example.com/' }, { now: 0, sink: {} });
    connecting.takeOutput();
    const closed = openEndpoint(role);
    closed.connection.terminate();
    for (const connection of [connecting, closed.connection]) {
      expect(() => connection.sendText('x')).toThrow(InvalidStateError);
      expect(() => connection.sendBinary(Uint8Array.of(1))).toThrow(InvalidStateError);
      expect(() => connection.sendFragment('x', true)).toThrow(InvalidStateError);
      expect(() => connection.ping()).toThrow(InvalidStateError);
      expect(connection.takeOutput()).toEqual([]);
    }
  });

  test('§6.1: a message that is being sent is not gone on with once the connection is no longer OPEN', () => {
    const ends: ((endpoint: Endpoint) => void)[] = [
      ({ connection }) => connection.close(1000),
      (endpoint) => endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) })),
      (endpoint) => endpoint.receive(endpoint.peer({ opcode: 3 })),
      ({ connection }) => connection.terminate(),
    ];
    const sent = ends.map((end) => {
      const endpoint = openEndpoint(role);
      endpoint.connection.sendFragment('one', false);
      end(endpoint);
      expect(() => endpoint.connection.sendFragment('two', true)).toThrow(InvalidStateError);
      return endpoint.sent();
    });
    const begun = 'TEXT+ "one"';
    expect(sent).toEqual([
      [begun, 'CLOSE 1000 ""'],
      [begun, 'CLOSE 1000 ""'],
      [begun, 'CLOSE 1002 "a reserved opcode"'],
      [],
    ]);
  });

  test('§7.1.1: the server ends the transport first, and the client once it has waited for that', () => {
    const endpoint = openEndpoint(role, { closeTimeout: 100 });
    endpoint.connection.close(1000, 'bye', 0);
    expect(endpoint.action).toBe('KEEP');
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }));
    expect(endpoint.action).toBe(role === 'server' ? 'END' : 'KEEP');
    endpoint.advanceTo(100);
    expect(endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT' });
    expect(endpoint.closed).toMatchObject({ code: 1000, clean: true });
  });

  test('§7.1.2: to start the closing handshake, an endpoint MUST send a Close frame', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.close(4000, 'why');
    expect(endpoint.outcome()).toMatchObject({ sent: ['CLOSE 4000 "why"'], phase: 'CLOSING', action: 'KEEP' });
  });

  test('§7.1.7: a failed connection is closed with the fitting code, and the error says what the peer did', () => {
    const endpoint = openEndpoint(role);
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: [0xff] }));
    expect(endpoint.outcome()).toMatchObject({ sent: [expect.stringMatching('^CLOSE 1007')], action: 'END' });
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'late' }), endpoint.peer({ opcode: CLOSE }));
    expect(endpoint.outcome()).toMatchObject({ events: [], sent: [], phase: 'CLOSING' });
    endpoint.receiveEof();
    expect(endpoint.closed!.error).toMatchObject({ name: 'ProtocolError', code: 1007 });
  });

  test('§7.2.1: a transport that is lost unexpectedly fails the connection, with 1006', () => {
    const lost = openEndpoint(role);
    lost.call(() => lost.connection.transportLost(0, new Error('reset')));
    expect(lost.outcome()).toMatchObject({ events: ['closed 1006 "", ConnectionLostError 1006'], phase: 'CLOSED' });
    const ended = openEndpoint(role);
    ended.receiveEof();
    expect(ended.outcome()).toMatchObject({ events: ['closed 1006 "", ConnectionLostError 1006'], action: 'ABORT' });
  });

  test('§7.2: by itself it closes nothing that is in order, however long that lasts', () => {
    const endpoint = openEndpoint(role, { pingInterval: HOUR, pongTimeout: HOUR });
    for (let hour = 0; hour < 24; hour++) {
      endpoint.advanceTo((hour + 1) * HOUR);
      for (const { payload } of endpoint.sentFrames()) endpoint.receive(endpoint.peer({ opcode: PONG, payload }));
      endpoint.receive(endpoint.peer({ opcode: TEXT, payload: `${hour}` }));
    }
    expect(endpoint.outcome()).toMatchObject({ phase: 'OPEN', action: 'KEEP', sent: [] });
  });
});

/** Long enough for memory of their own, and such that hardly anything is left of them when they are cut. */
function longBytes(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24);
}

describe.each(ROLES)('for want of memory, a %s', (role) => {
  const other = role === 'server' ? 'client' : 'server';
  const codec = createZlibCodec();
  const makeDeflate = (isServer: boolean) => {
    const deflate = new PermessageDeflate(isServer, { threshold: 0 }, codec);
    deflate.establish({ name: 'permessage-deflate', params: [] });
    return deflate;
  };

  /** Sends a bit of everything with memory for so many pieces, and from the next on again. Returns whether it ran out. */
  function run(pieces: number, compressed: boolean, maxFrameSize: number): boolean {
    let left = pieces;
    const allocate = (size: number) => {
      if (left-- === 0) throw new RangeError('Array buffer allocation failed');
      return new Uint8Array(size);
    };
    const { connection } = openEndpoint(role, {
      resources: new Resources({ allocate }),
      maxFrameSize,
      ...(compressed ? { deflate: makeDeflate(role === 'server') } : {}),
    });
    const peer = openEndpoint(other, compressed ? { deflate: makeDeflate(role !== 'server') } : {});
    const expected: string[] = [];
    const attempt = (told: string, send: () => void): boolean => {
      try {
        send();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return false;
      }
      expected.push(told);
      return true;
    };
    for (const text of ['short', 'é'.repeat(20_000), 'x'.repeat(50_000), 'é'.repeat(20_001)]) {
      attempt(`text ${JSON.stringify(text)}`, () => connection.sendText(text));
    }
    for (let seed = 1; seed <= 3; seed++) {
      const bytes = longBytes(seed, 9000);
      attempt(`binary ${hex(bytes)}`, () => connection.sendBinary(bytes));
      attempt(`binary ${hex(bytes)}`, () => connection.sendPrepared(new PreparedMessage(bytes)));
      // A fragment that could not be sent may be sent again.
      const cuts = [0, 100, 6000, 9000];
      for (let i = 1; i < cuts.length; i++) {
        const send = () => connection.sendFragment(bytes.subarray(cuts[i - 1], cuts[i]), i === 3);
        if (!attempt('', send)) attempt('', send);
      }
      expected.push(`binary ${hex(bytes)}`);
    }
    // Or never: nothing is begun, then. A surrogate waits for its other half all the same.
    const halves = [`${'é'.repeat(20_000)}\ud83d`, `\ude00${'é'.repeat(20_000)}`];
    if (attempt('', () => connection.sendFragment(halves[0], false))) {
      if (!attempt('', () => connection.sendFragment(halves[1], true))) connection.sendFragment(halves[1], true);
      expected.push(`text ${JSON.stringify(halves.join(''))}`);
    }
    attempt('text "last"', () => connection.sendText('last'));
    peer.receive(...connection.takeOutput());
    expect(peer.events()).toEqual(expected.filter((told) => told !== ''));
    expect(peer.phase).toBe('OPEN');
    return left < 0;
  }

  test.each([
    [false, Infinity],
    [true, Infinity],
    [false, 5000],
    [true, 5000],
  ])('sends all of a message or fragment, or throws and sends none (compressed: %s, maxFrameSize: %d)', (...how) => {
    let pieces = 0;
    while (run(pieces, ...how)) pieces++;
    expect(pieces).toBeGreaterThan(2);
  });
});
