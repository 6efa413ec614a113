/** Frames that a connection receives: RFC 6455 §5, and the catalogue of hostile ones, in both roles. */
import { describe, expect, test } from 'vitest';
import {
  type Endpoint,
  type EndpointOptions,
  hex,
  openEndpoint,
  outcomeOf,
  type Role,
  ROLES,
} from '../support/endpoint.ts';
import {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  frame,
  type FrameSpec,
  header,
  KEY,
  noise,
  PING,
  PONG,
  TEXT,
  utf8,
} from '../support/frames.ts';

type Wire = readonly (FrameSpec | Uint8Array)[];

const CLOSE_TIMEOUT = 10_000;

/**
 * Fail(code): Close(code) is sent and nothing more delivered, however the wire is cut, the transport ends within the
 * close deadline, and one typed error is reported that carries the code; the reported code is 1006 (§7.1.5, §7.1.7).
 */
function expectFail(role: Role, code: number, wire: Wire, before: readonly string[] = [], options?: EndpointOptions) {
  const late: FrameSpec[] = [{ opcode: TEXT, payload: 'late' }, { opcode: PING }, { opcode: CLOSE }];
  const outcome = outcomeOf(role, [...wire, ...late], options);
  expect(outcome).toEqual({
    events: before,
    sent: [expect.stringMatching(new RegExp(`^CLOSE ${code} ".+"$`))],
    phase: 'CLOSING',
    action: 'END',
    nextTimeout: CLOSE_TIMEOUT,
  });
  for (const [action, end] of ENDS) {
    const endpoint = openEndpoint(role, options);
    endpoint.receive(...wire.map((one) => (one instanceof Uint8Array ? one : endpoint.peer(one))));
    end(endpoint);
    expect(endpoint.events()).toEqual([...before, `closed 1006 "", ProtocolError ${code}`]);
    expect(endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action, nextTimeout: Infinity });
  }
}

const ENDS: readonly [action: string, end: (endpoint: Endpoint) => void][] = [
  ['END', (endpoint) => endpoint.receiveEof()],
  ['ABORT', (endpoint) => endpoint.advanceTo(CLOSE_TIMEOUT)],
  ['ABORT', (endpoint) => endpoint.call(() => endpoint.connection.transportLost(5))],
];

describe.each(ROLES)('a %s', (role) => {
  const receiving = (wire: Wire, options?: EndpointOptions) => outcomeOf(role, wire, options);

  describe('§5.1: masking', () => {
    if (role === 'server') {
      test('MUST close the connection upon receiving a frame that is not masked', () => {
        expectFail(role, 1002, [frame({ opcode: TEXT, payload: 'plain' })]);
        expectFail(role, 1002, [frame({ opcode: BINARY })]);
        expectFail(role, 1002, [frame({ opcode: PING })]);
        expectFail(role, 1002, [frame({ opcode: CLOSE, payload: closePayload(1000) })]);
      });
    } else {
      test('MUST close the connection if it detects a masked frame', () => {
        expectFail(role, 1002, [frame({ opcode: TEXT, payload: 'hidden', key: KEY })]);
        expectFail(role, 1002, [frame({ opcode: BINARY, key: KEY })]);
        expectFail(role, 1002, [frame({ opcode: PING, key: KEY })]);
        expectFail(role, 1002, [frame({ opcode: CLOSE, payload: closePayload(1000), key: KEY })]);
      });
    }

    test('after good frames a bad one fails the connection all the same', () => {
      const bad = frame({ opcode: TEXT, payload: 'bad', key: role === 'server' ? undefined : KEY });
      expectFail(role, 1002, [{ opcode: TEXT, payload: 'good' }, bad], ['text "good"']);
    });
  });

  describe('§5.2: the base framing', () => {
    test('RSV1, RSV2 and RSV3 MUST be 0 unless an extension is negotiated that defines them', () => {
      for (const opcode of [TEXT, BINARY, PING, CLOSE]) {
        expectFail(role, 1002, [{ opcode, rsv1: true }]);
        expectFail(role, 1002, [{ opcode, rsv2: true }]);
        expectFail(role, 1002, [{ opcode, rsv3: true }]);
      }
      const first = { opcode: TEXT, fin: false, payload: 'a' };
      expectFail(role, 1002, [first, { opcode: CONTINUATION, rsv1: true, payload: 'b' }]);
    });

    test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('the reserved opcode %i MUST fail the connection', (opcode) => {
      expectFail(role, 1002, [{ opcode }]);
      expectFail(role, 1002, [{ opcode, payload: 'x' }]);
      expectFail(role, 1002, [{ opcode, fin: false, payload: 'x' }]);
    });

    test('the most significant bit of a 64-bit length MUST be 0', () => {
      for (const length of [1n << 63n, (1n << 63n) + 5n, (1n << 64n) - 1n]) {
        const key = role === 'server' ? KEY : undefined;
        expectFail(role, 1002, [header({ opcode: BINARY, lengthForm: 64, length, key })]);
      }
    });

    test('the minimal number of bytes MUST be used to encode the length', () => {
      for (const length of [0, 1, 125]) {
        expectFail(role, 1002, [{ opcode: BINARY, payload: noise(length), lengthForm: 16 }]);
        expectFail(role, 1002, [{ opcode: BINARY, payload: noise(length), lengthForm: 64 }]);
      }
      for (const length of [126, 65535]) {
        const key = role === 'server' ? KEY : undefined;
        expectFail(role, 1002, [header({ opcode: BINARY, lengthForm: 64, length, key })]);
      }
    });

    test.each([0, 1, 2, 47, 48, 49, 124, 125, 126, 127, 128, 200, 300])('a payload of %i bytes', (length) => {
      const { events } = receiving([
        { opcode: BINARY, payload: noise(length) },
        { opcode: TEXT, payload: 'x'.repeat(length) },
        { opcode: TEXT, payload: 'after' },
      ]);
      expect(events).toHaveLength(3);
      expect(events.slice(1)).toEqual([`text "${'x'.repeat(length)}"`, 'text "after"']);
      expect(events[0]).toBe(`binary ${hex(noise(length))}`);
    });

    test.each([65535, 65536, 70000])('a payload of %i bytes', (length) => {
      const endpoint = openEndpoint(role);
      const wire = endpoint.peer({ opcode: BINARY, payload: noise(length) });
      // Every cut of the header, and some of the payload: all 70,000 say nothing more.
      for (const at of [1, 2, 3, 4, 8, 9, 10, 11, 13, 14, 15, 4096, 65535, wire.length - 1]) {
        endpoint.receive(wire.slice(0, at));
        endpoint.receive(wire.slice(at));
        expect(endpoint.events()).toEqual([`binary ${hex(noise(length))}`]);
      }
    });
  });

  describe('§5.4: fragmentation', () => {
    test('the fragments of a message are joined in the order sent', () => {
      const fragments = [
        { opcode: TEXT, fin: false, payload: 'one ' },
        { opcode: CONTINUATION, fin: false, payload: 'two ' },
        { opcode: CONTINUATION, payload: 'three' },
        { opcode: BINARY, fin: false, payload: [1, 2] },
        { opcode: CONTINUATION, payload: [3] },
      ];
      expect(receiving(fragments).events).toEqual(['text "one two three"', 'binary 010203']);
    });

    test('an endpoint MUST be capable of handling control frames in the middle of a fragmented message', () => {
      const outcome = receiving([
        { opcode: BINARY, fin: false, payload: [1] },
        { opcode: PING, payload: 'p' },
        { opcode: CONTINUATION, fin: false, payload: [2] },
        { opcode: PONG, payload: 'q' },
        { opcode: PING },
        { opcode: CONTINUATION, payload: [3] },
      ]);
      expect(outcome.events).toEqual(['ping 70', 'pong 71 #0 0 ms', 'ping ', 'binary 010203']);
      expect(outcome.sent).toEqual(['PONG 70', 'PONG ']);
    });

    test('a Close frame in the middle of a fragmented message ends the connection, and the message never comes', () => {
      const outcome = receiving([
        { opcode: TEXT, fin: false, payload: 'half' },
        { opcode: CLOSE, payload: closePayload(1001) },
        { opcode: CONTINUATION, payload: 'whole' },
      ]);
      expect(outcome.events).toEqual(['close 1001 ""']);
      expect(outcome.sent).toEqual(['CLOSE 1001 ""']);
    });

    test('a continuation frame MUST be preceded by a frame with its FIN bit clear', () => {
      expectFail(role, 1002, [{ opcode: CONTINUATION, payload: 'x' }]);
      expectFail(role, 1002, [{ opcode: CONTINUATION, fin: false }]);
      const whole = { opcode: TEXT, payload: 'whole' };
      expectFail(role, 1002, [whole, { opcode: CONTINUATION, payload: 'x' }], ['text "whole"']);
    });

    test('the fragments of one message MUST NOT be interleaved with those of another', () => {
      for (const opcode of [TEXT, BINARY]) {
        const start = { opcode, fin: false, payload: 'a' };
        expectFail(role, 1002, [start, { opcode: TEXT, payload: 'b' }]);
        expectFail(role, 1002, [start, { opcode: BINARY, payload: 'b' }]);
        expectFail(role, 1002, [start, { opcode: TEXT, fin: false, payload: 'b' }]);
        expectFail(role, 1002, [start, { opcode: CONTINUATION, fin: false }, { opcode: BINARY }]);
      }
    });

    test('empty messages and empty fragments are messages and fragments', () => {
      const outcome = receiving([
        { opcode: TEXT },
        { opcode: BINARY },
        { opcode: TEXT, fin: false },
        { opcode: CONTINUATION },
        { opcode: BINARY, fin: false },
        { opcode: CONTINUATION, fin: false },
        { opcode: CONTINUATION, payload: [7] },
        { opcode: TEXT, fin: false, payload: 'x' },
        { opcode: CONTINUATION },
      ]);
      expect(outcome.events).toEqual(['text ""', 'binary ', 'text ""', 'binary 07', 'text "x"']);
    });
  });

  describe('§5.5: control frames', () => {
    test.each([CLOSE, PING, PONG])('control frame %i MUST have a payload of 125 bytes or less', (opcode) => {
      expectFail(role, 1002, [{ opcode, payload: noise(126) }]);
      const key = role === 'server' ? KEY : undefined;
      expectFail(role, 1002, [header({ opcode, lengthForm: 64, length: 70_000, key })]);
      if (opcode !== CLOSE) expect(receiving([{ opcode, payload: noise(125) }]).events).toHaveLength(1);
    });

    test.each([CLOSE, PING, PONG])('control frame %i MUST NOT be fragmented', (opcode) => {
      expectFail(role, 1002, [{ opcode, fin: false }]);
      expectFail(role, 1002, [{ opcode, fin: false, payload: 'x' }, { opcode: CONTINUATION }]);
    });

    test('upon receipt of a Ping frame, an endpoint MUST send a Pong frame with identical application data', () => {
      for (const length of [0, 1, 4, 31, 32, 48, 125]) {
        const endpoint = openEndpoint(role);
        endpoint.receive(endpoint.peer({ opcode: PING, payload: noise(length) }));
        expect(endpoint.sentFrames()).toEqual([
          { opcode: PONG, fin: true, rsv1: false, masked: role === 'client', payload: noise(length) },
        ]);
        expect(endpoint.rawEvents()).toEqual([{ type: 'ping', payload: noise(length) }]);
      }
      const { sent } = receiving([{ opcode: PING, payload: 'abc' }, { opcode: PING }, { opcode: PING, payload: 'd' }]);
      expect(sent).toEqual(['PONG 616263', 'PONG ', 'PONG 64']);
    });

    test('a response to an unsolicited Pong frame is not expected', () => {
      const { events, sent } = receiving([{ opcode: PONG }, { opcode: PONG, payload: 'x' }]);
      expect(events).toEqual(['pong  #0 0 ms', 'pong 78 #0 0 ms']);
      expect(sent).toEqual([]);
    });
  });

  describe('limits', () => {
    const key = role === 'server' ? KEY : undefined;

    test('a Close frame of one byte fails with 1002 from the header alone (§5.5.1)', () => {
      const endpoint = openEndpoint(role);
      endpoint.receive(header({ opcode: CLOSE, length: 1, key }).subarray(0, 2));
      expect(endpoint.sent()).toEqual(['CLOSE 1002 "a Close frame with a bad code or length"']);
    });

    test('a length over the limit fails with 1009 from the header alone', () => {
      const options = { maxMessageSize: 1000 };
      expect(receiving([{ opcode: BINARY, payload: noise(1000) }], options).events).toHaveLength(1);
      for (const length of [1001, 65535, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 63n - 1n]) {
        for (const opcode of [TEXT, BINARY]) {
          expectFail(role, 1009, [header({ opcode, length, key })], [], options);
          expectFail(role, 1009, [header({ opcode, length, key, fin: false })], [], options);
          // The masking key need not come.
          const lengthEnd = length <= 65535 ? 4 : 10;
          const endpoint = openEndpoint(role, options);
          endpoint.receive(header({ opcode, length, key }).subarray(0, lengthEnd));
          expect(endpoint.sent()).toEqual(['CLOSE 1009 "message too big"']);
        }
      }
    });

    test('a length beyond all numbers fails with 1009, limit or not', () => {
      expectFail(role, 1009, [header({ opcode: BINARY, length: 2n ** 53n, key })], [], { maxMessageSize: false });
      expectFail(role, 1009, [header({ opcode: BINARY, length: 2n ** 63n - 1n, key })], [], { maxMessageSize: 0 });
    });

    test('the limit is the whole message’s, whatever its fragments', () => {
      const options = { maxMessageSize: 10 };
      const first = { opcode: BINARY, fin: false, payload: noise(6) };
      expect(receiving([first, { opcode: CONTINUATION, payload: noise(4) }], options).events).toHaveLength(1);
      expectFail(role, 1009, [first, header({ opcode: CONTINUATION, length: 5, key })], [], options);
      expectFail(role, 1009, [first, header({ opcode: CONTINUATION, length: 5, key, fin: false })], [], options);
    });

    test('more fragments than the limit fail with 1008, empty ones counted', () => {
      const options = { maxFragments: 3 };
      const first = { opcode: TEXT, fin: false, payload: 'a' };
      const next = { opcode: CONTINUATION, fin: false };
      const last = { opcode: CONTINUATION, payload: 'z' };
      expect(receiving([first, next, last, first, next, last], options).events).toEqual(['text "az"', 'text "az"']);
      expectFail(role, 1008, [first, next, next, next], [], options);
      expectFail(role, 1008, [first, next, next, last], [], options);
      expectFail(role, 1008, [first, next, next, header({ opcode: CONTINUATION, length: 9, key })], [], options);
    });

    test('one fragment is a message’s least, so that a limit of one forbids fragmentation', () => {
      const options = { maxFragments: 1 };
      expect(receiving([{ opcode: TEXT, payload: 'a' }], options).events).toEqual(['text "a"']);
      const first = { opcode: TEXT, fin: false, payload: 'a' };
      expectFail(role, 1008, [first, { opcode: CONTINUATION }], [], options);
    });

    test('limits can be turned off', () => {
      const first = { opcode: BINARY, fin: false, payload: noise(150) };
      const wire = [first, { opcode: CONTINUATION, payload: noise(150) }];
      expect(receiving(wire, { maxMessageSize: false, maxFragments: 0 }).events).toHaveLength(1);
    });
  });

  describe('§8.1: UTF-8', () => {
    const wrong: [string, number[]][] = [
      ['a continuation byte alone', [0x80]],
      ['a byte that never occurs', [0xff]],
      ['an overlong slash of two bytes', [0xc0, 0xaf]],
      ['an overlong DEL', [0xc1, 0xbf]],
      ['an overlong form of three bytes', [0xe0, 0x9f, 0xbf]],
      ['an overlong form of four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
      ['a surrogate', [0xed, 0xa0, 0x80]],
      ['another surrogate', [0xed, 0xbf, 0xbf]],
      ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
      ['a lead byte above F4', [0xf5, 0x80, 0x80, 0x80]],
      ['a sequence of five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
      ['two bytes, the second wrong', [0xc3, 0x28]],
      ['three bytes, the third wrong', [0xe2, 0x82, 0x28]],
      ['four bytes, the fourth wrong', [0xf0, 0x9f, 0x98, 0x28]],
    ];
    const cut: [string, number[]][] = [
      ['two bytes, the second missing', [0xc3]],
      ['three bytes, the last missing', [0xe2, 0x82]],
      ['four bytes, the last missing', [0xf0, 0x9f, 0x98]],
    ];

    test.each([...wrong, ...cut])('text that is not UTF-8 MUST fail the connection with 1007: %s', (_, bytes) => {
      for (const before of ['', 'κόσμε', 'x'.repeat(60)]) {
        const payload = [...utf8(before), ...bytes];
        expectFail(role, 1007, [{ opcode: TEXT, payload }]);
        expectFail(role, 1007, [
          { opcode: TEXT, fin: false, payload: payload.slice(0, -1) },
          { opcode: CONTINUATION, payload: payload.slice(-1) },
        ]);
      }
    });

    test.each(wrong)('it fails at the first bad byte, across fragments and reads: %s', (_, bytes) => {
      const endpoint = openEndpoint(role);
      const payload = [...utf8('σ'), ...bytes];
      const firstBad = payload.findIndex((__, i) => !isPrefixOfText(payload.slice(0, i + 1)));
      for (let i = 0; i <= firstBad; i++) {
        expect(endpoint.phase).toBe('OPEN');
        const opcode = i === 0 ? TEXT : CONTINUATION;
        endpoint.receive(endpoint.peer({ opcode, fin: false, payload: [payload[i]] }));
      }
      expect(endpoint.sent()).toEqual([expect.stringMatching('^CLOSE 1007')]);

      const inOneFrame = openEndpoint(role);
      const wire = inOneFrame.peer({ opcode: TEXT, payload: [...payload, ...utf8('much more')] });
      const start = wire.length - payload.length - utf8('much more').length;
      inOneFrame.receive(wire.slice(0, start + firstBad));
      expect(inOneFrame.phase).toBe('OPEN');
      inOneFrame.receive(wire.slice(start + firstBad, start + firstBad + 1));
      expect(inOneFrame.sent()).toEqual([expect.stringMatching('^CLOSE 1007')]);
    });

    test('code points may be cut by fragments anywhere', () => {
      const text = 'a\u0000é€\ud7ff\ue000\ufffd😀\u{10ffff}z';
      const bytes = utf8(text);
      for (let i = 0; i <= bytes.length; i++) {
        const { events } = receiving([
          { opcode: TEXT, fin: false, payload: bytes.subarray(0, i) },
          { opcode: CONTINUATION, payload: bytes.subarray(i) },
        ]);
        expect(events).toEqual([`text ${JSON.stringify(text)}`]);
      }
    });

    test('a byte order mark is a character like any other', () => {
      expect(receiving([{ opcode: TEXT, payload: '\ufeffx' }]).events).toEqual(['text "\ufeffx"']);
    });
  });

  test('§5.5.1: what follows a Close frame is not looked at', () => {
    const bad = { opcode: 3, rsv3: true, fin: false, payload: 'x' };
    const outcome = receiving([{ opcode: CLOSE, payload: closePayload(1000, 'bye') }, bad, { opcode: TEXT }]);
    expect(outcome.events).toEqual(['close 1000 "bye"']);
    expect(outcome.sent).toEqual(['CLOSE 1000 "bye"']);
  });

  test.each<[string, FrameSpec]>([
    ['a reserved opcode', { opcode: 3 }],
    ['a text that is not UTF-8', { opcode: TEXT, payload: [0xff] }],
    ['a fragment that is not UTF-8', { opcode: TEXT, fin: false, payload: [0xff] }],
    ['a continuation of nothing', { opcode: CONTINUATION }],
    ['a message that is too big', { opcode: BINARY, payload: noise(200) }],
  ])('§7.1.7: what follows a fault is not looked at: %s', (_, fault) => {
    const behind = [{ opcode: PING, payload: 'p' }, { opcode: TEXT, payload: 'late' }, { opcode: 4 }];
    const { events, sent } = receiving([fault, ...behind], { maxMessageSize: 100 });
    expect(events).toEqual([]);
    expect(sent).toEqual([expect.stringMatching(/^CLOSE 10/)]);
  });

  test('error texts never echo the peer’s bytes', () => {
    const secret = 'SECRET';
    for (const wire of [
      [{ opcode: 3, payload: secret }],
      [{ opcode: TEXT, payload: [...utf8(secret), 0xff] }],
      [{ opcode: CLOSE, payload: closePayload(999, secret) }],
      [{ opcode: CLOSE, payload: [3, 232, ...utf8(secret), 0xff] }],
    ]) {
      const { sent } = receiving(wire);
      expect(sent.join()).not.toContain(secret);
      const endpoint = openEndpoint(role);
      endpoint.receive(...wire.map((one) => endpoint.peer(one)));
      endpoint.receiveEof();
      expect(String(endpoint.closed!.error)).not.toContain(secret);
    }
  });
});

function isPrefixOfText(bytes: readonly number[]): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes), { stream: true });
    return true;
  } catch {
    return false;
  }
}
