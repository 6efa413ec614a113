/** The closing handshake (RFC 6455 §5.5.1, §7), keepalive and the answering of pings, in both roles. */
import { describe, expect, test } from 'vitest';
import { type Connection, InvalidStateError, PreparedMessage } from '../../protocol/index.ts';
import { openEndpoint, outcomeOf, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, PING, PONG, TEXT } from '../support/frames.ts';

describe.each(ROLES)('a %s', (role) => {
  const action = role === 'server' ? 'END' : 'KEEP';

  test('§5.5.1: on receiving a Close frame without having sent one, an endpoint MUST send one in response', () => {
    const echoed = outcomeOf(role, [{ opcode: CLOSE, payload: closePayload(1001, 'bye') }]);
    expect(echoed).toMatchObject({
      events: ['close 1001 "bye"'],
      sent: ['CLOSE 1001 "bye"'],
      phase: 'CLOSING',
      action,
    });
    expect(outcomeOf(role, [{ opcode: CLOSE }])).toMatchObject({ events: ['close 1005 ""'], sent: ['CLOSE'], action });
  });

  test('§5.5.1: a body of one byte, a code that may not stand there, a reason that is not UTF-8', () => {
    const failed = (payload: Uint8Array) => outcomeOf(role, [{ opcode: CLOSE, payload }]).sent;
    expect(failed(Uint8Array.of(3))).toEqual([expect.stringMatching('^CLOSE 1002')]);
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]) {
      expect(failed(closePayload(code))).toEqual([expect.stringMatching('^CLOSE 1002')]);
    }
    expect(failed(closePayload(1000, Uint8Array.of(0xff)))).toEqual([expect.stringMatching('^CLOSE 1007')]);
  });

  test('§5.5.1: no data frame MUST be sent after a Close frame', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.close(1000, 'bye');
    expect(() => endpoint.connection.sendText('late')).toThrow(InvalidStateError);
    expect(() => endpoint.connection.sendBinary(new Uint8Array(1))).toThrow(InvalidStateError);
    expect(() => endpoint.connection.sendFragment('late', true)).toThrow(InvalidStateError);
    expect(() => endpoint.connection.ping()).toThrow(InvalidStateError);
    expect(() => endpoint.connection.pong()).toThrow(InvalidStateError);
    endpoint.connection.close(1001);
    expect(endpoint.sent()).toEqual(['CLOSE 1000 "bye"']);
  });

  test('messages that come after our Close frame and before theirs are delivered; a ping is not answered any more', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.close(1000);
    endpoint.receive(
      endpoint.peer({ opcode: TEXT, payload: 'late' }),
      endpoint.peer({ opcode: PING }),
      endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }),
    );
    expect(endpoint.events()).toEqual(['text "late"', 'ping ', 'close 1000 ""']);
    expect(endpoint.sent()).toEqual(['CLOSE 1000 ""']);
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({ code: 1000, clean: true, first: 'sent', error: undefined });
  });

  test('§7.1.4: both closing at once is a clean close', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.close(1001, 'mine');
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(4000, 'theirs') }));
    expect(endpoint.outcome()).toMatchObject({ sent: ['CLOSE 1001 "mine"'], phase: 'CLOSING', action });
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({
      clean: true,
      first: 'sent',
      sent: { code: 1001, reason: 'mine' },
      received: { code: 4000, reason: 'theirs' },
    });
  });

  test('a Close frame that is never answered ends at the deadline, which data does not put off', () => {
    const endpoint = openEndpoint(role, { closeTimeout: 100 });
    endpoint.connection.close(1000, '', 0);
    for (let now = 10; now < 100; now += 10) {
      endpoint.now = now;
      endpoint.receive(endpoint.peer({ opcode: BINARY }));
      expect(endpoint.connection.nextTimeout()).toBe(100);
    }
    endpoint.advanceTo(99);
    expect(endpoint.phase).toBe('CLOSING');
    endpoint.advanceTo(100);
    expect(endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT', nextTimeout: Infinity });
    expect(endpoint.closed).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
  });

  test('§7.1.1: the transport ends a second after both Close frames, if the peer does not end it', () => {
    for (const closeTimeout of [5000, 300, false] as const) {
      const endpoint = openEndpoint(role, { closeTimeout });
      endpoint.connection.close(1000, '', 0);
      endpoint.now = 100;
      endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }));
      const due = closeTimeout === 300 ? 300 : 1100;
      expect(endpoint.connection.nextTimeout()).toBe(due);
      expect(endpoint.action).toBe(action);
      endpoint.advanceTo(due);
      expect(endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT' });
      expect(endpoint.closed).toMatchObject({ code: 1000, clean: true, error: undefined });
    }
  });

  test('§7.1.1: output that waits behind a slow peer may take up to closeTimeout', () => {
    const endpoint = openEndpoint(role, { closeTimeout: 2500 });
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }));
    const { connection } = endpoint;
    for (const due of [1000, 2000, 2500]) {
      expect(connection.nextTimeout()).toBe(due);
      expect(endpoint.phase).toBe('CLOSING');
      connection.handleTimeout(due, true);
    }
    expect(endpoint.phase).toBe('CLOSED');
  });

  test('a bad code or reason throws before anything changes', () => {
    const endpoint = openEndpoint(role);
    for (const code of [999, 1004, 1006, 1015, 2999, 5000, 1000.5]) {
      expect(() => endpoint.connection.close(code)).toThrow(RangeError);
    }
    expect(() => endpoint.connection.close(1005, 'with a reason')).toThrow(RangeError);
    expect(() => endpoint.connection.close(1000, 'x'.repeat(124))).toThrow(RangeError);
    expect(() => endpoint.connection.close(1000, '\ud800')).toThrow(TypeError);
    expect(endpoint.outcome()).toMatchObject({ events: [], sent: [], phase: 'OPEN' });
    endpoint.connection.close(1005);
    expect(endpoint.sent()).toEqual(['CLOSE']);
  });

  test('misuse of send, ping and pong throws, and nothing is written', () => {
    const { connection } = openEndpoint(role);
    for (const wrong of [1, null, undefined, {}, [1]]) {
      expect(() => connection.sendText(wrong as never)).toThrow(TypeError);
      expect(() => connection.sendBinary(wrong as never)).toThrow(TypeError);
      expect(() => connection.sendFragment(wrong as never, true)).toThrow(TypeError);
      if (wrong !== undefined) expect(() => connection.ping(wrong as never)).toThrow(TypeError);
      if (wrong !== undefined) expect(() => connection.pong(wrong as never)).toThrow(TypeError);
    }
    expect(() => connection.ping(new Uint8Array(126))).toThrow(RangeError);
    expect(() => connection.pong(new Uint8Array(126))).toThrow(RangeError);
    expect(connection.bufferedAmount).toBe(0);
  });

  test('a ping flood from a peer that does not read: one pending pong, the latest', () => {
    const endpoint = openEndpoint(role);
    const { connection } = endpoint;
    connection.sendText('not taken');
    const waiting = connection.bufferedAmount;
    for (let i = 0; i < 1000; i++) connection.receive(endpoint.peer({ opcode: PING, payload: [i >> 8, i & 255] }), 0);
    expect(connection.bufferedAmount).toBe(waiting);
    expect(endpoint.sent()).toEqual(['TEXT "not taken"', 'PONG 03e7']);
    for (let i = 0; i < 1000; i++) endpoint.receive(endpoint.peer({ opcode: PONG }));
    expect(connection.bufferedAmount).toBe(0);
  });

  test.each<[string, (connection: Connection) => void]>([
    ['terminate', (connection) => connection.terminate(0)],
    ['outputLost', (connection) => connection.outputLost(0)],
  ])('a pending pong goes nowhere after %s, as nothing does', (_, end) => {
    const endpoint = openEndpoint(role);
    const { connection } = endpoint;
    connection.sendText('not taken');
    connection.receive(endpoint.peer({ opcode: PING }), 0);
    end(connection);
    expect([connection.bufferedAmount, connection.takeOutput()]).toEqual([0, []]);
  });

  test('a pending pong goes before the Close frame', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.sendText('x');
    endpoint.connection.receive(endpoint.peer({ opcode: PING, payload: 'p' }), 0);
    endpoint.connection.close();
    expect(endpoint.sent()).toEqual(['TEXT "x"', 'PONG 70', 'CLOSE 1000 ""']);
  });

  test('keepalive: a ping after silence; any byte is a sign of life, a part of a frame too', () => {
    const endpoint = openEndpoint(role, { pingInterval: 50, pongTimeout: 20 });
    const message = endpoint.peer({ opcode: TEXT, payload: 'slow' });
    endpoint.advanceTo(60);
    expect(endpoint.sent()).toEqual(['PING 00000001']);
    expect(endpoint.connection.nextTimeout()).toBe(70);
    endpoint.receive(message.slice(0, 1));
    expect(endpoint.connection.nextTimeout()).toBe(110);
    endpoint.advanceTo(129);
    endpoint.receive(endpoint.peer({ opcode: PONG, payload: [0, 0, 0, 2] }).slice(0, 0), message.slice(1));
    expect(endpoint.events()).toEqual(['text "slow"']);
    endpoint.advanceTo(1000);
    expect(endpoint.closed).toMatchObject({ code: 1006, error: { name: 'TimeoutError' } });
    expect(String(endpoint.closed!.error)).toContain('pong');
  });

  test('keepalive: to go on where nothing was paused is no sign of life', () => {
    const endpoint = openEndpoint(role, { pingInterval: 50 });
    endpoint.advanceTo(40);
    endpoint.connection.resume(40);
    expect(endpoint.connection.nextTimeout()).toBe(50);
  });

  test('the round trip of a ping', () => {
    const endpoint = openEndpoint(role, { pingInterval: 0 });
    expect(endpoint.connection.latency).toBeNaN();
    const id = endpoint.connection.ping(undefined, 100);
    expect(endpoint.connection.ping(Uint8Array.of(7), 110)).toBe(id + 1);
    endpoint.now = 130;
    endpoint.receive(endpoint.peer({ opcode: PONG, payload: [7] }));
    expect(endpoint.events()).toEqual([`pong 07 #${id + 1} 20 ms`]);
    expect(endpoint.connection.latency).toBe(20);
  });

  test('§5.4: control frames go between the fragments that are sent, and messages don’t', () => {
    const endpoint = openEndpoint(role);
    const { connection } = endpoint;
    connection.sendFragment('one \ud83d', false);
    connection.pong(Uint8Array.of(1));
    for (const length of [1, 5000]) {
      expect(() => connection.sendText('n'.repeat(length))).toThrow(InvalidStateError);
      expect(() => connection.sendText(new Uint8Array(length))).toThrow(InvalidStateError);
      expect(() => connection.sendBinary(new Uint8Array(length))).toThrow(InvalidStateError);
      expect(() => connection.sendPrepared(new PreparedMessage('n'.repeat(length)))).toThrow(InvalidStateError);
    }
    expect(() => connection.sendFragment(new Uint8Array(1), true)).toThrow(TypeError);
    connection.sendFragment('\ude00 two', true);
    connection.sendText('next');
    expect(endpoint.sent()).toEqual(['TEXT+ "one "', 'PONG 01', 'CONTINUATION f09f98802074776f', 'TEXT "next"']);
  });

  test('every length of what is sent, with its form of the length', () => {
    for (const length of [0, 1, 31, 32, 125, 126, 341, 342, 1023, 1024, 1025, 4096, 32_768, 32_769, 65_535, 65_536]) {
      for (const unit of ['x', 'é', '€']) {
        const endpoint = openEndpoint(role);
        endpoint.connection.sendText(unit.repeat(length));
        endpoint.connection.sendBinary(new Uint8Array(length).fill(7));
        const [text, binary] = endpoint.sentFrames();
        expect(new TextDecoder().decode(text.payload) === unit.repeat(length)).toBe(true);
        expect(binary.payload.length).toBe(length);
        expect(binary.payload.every((byte) => byte === 7)).toBe(true);
      }
    }
  });

  test('streaming: a message in pieces, whatever its size, text cut between code points', () => {
    const text = 'a\u00e9\u20ac\u{1f600}'.repeat(5);
    const bytes = new TextEncoder().encode(text);
    const stream = { maxMessageSize: 4, on: streaming };
    const wire = [
      { opcode: PING },
      { opcode: TEXT, fin: false, payload: bytes.subarray(0, 8) },
      { opcode: CONTINUATION, fin: false },
      { opcode: CONTINUATION, payload: bytes.subarray(8) },
      { opcode: BINARY, payload: [1] },
    ];
    expect(outcomeOf(role, wire, stream).events).toEqual([
      'ping ',
      'start of text',
      `chunk ${JSON.stringify(text)}`,
      'end',
      'binary 01',
    ]);
    const endpoint = openEndpoint(role, stream);
    endpoint.receive(endpoint.peer({ opcode: PING }));
    endpoint.receive(endpoint.peer({ opcode: TEXT, fin: false, payload: [0x61, 0xff] }));
    expect(endpoint.sent().at(-1)).toMatch(/^CLOSE 1007/);
  });

  test('streaming begins in the midst of a message with what has come of it', () => {
    const wire = [
      { opcode: BINARY, fin: false, payload: [1, 2] },
      { opcode: PING },
      { opcode: CONTINUATION, payload: [3] },
      { opcode: TEXT },
    ];
    const { events } = outcomeOf(role, wire, { on: streaming });
    expect(events).toEqual(['ping ', 'start of bytes', 'chunk 010203', 'end', 'text ""']);
  });
});

/** Asks for a stream at every ping. */
function streaming(endpoint: ReturnType<typeof openEndpoint>) {
  return { onPing: () => endpoint.connection.streamNext() };
}
