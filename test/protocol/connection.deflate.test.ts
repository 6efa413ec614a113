/** permessage-deflate in a connection: RFC 7692, in both roles, and what hostile peers make of it. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { Connection } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import type { DeflateCodec } from '../../protocol/permessage-deflate/codec.ts';
import type { CompressOptions } from '../../protocol/permessage-deflate/options.ts';
import { PreparedMessage } from '../../protocol/prepared.ts';
import { join } from '../support/cuts.ts';
import { DeflateWriter } from '../support/deflate-writer.ts';
import { randomBytes, words } from '../support/deflate-codec-suite.ts';
import { type Endpoint, type EndpointOptions, openEndpoint, outcomeOf, type Role, ROLES } from '../support/endpoint.ts';
import {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  frame,
  type FrameSpec,
  KEY,
  parseFrames,
  PING,
  PONG,
  TEXT,
  utf8,
} from '../support/frames.ts';

const zlibCodec = createZlibCodec();
const NO_LIMIT = Infinity;

/** One side's extension, agreed on. */
function agreed(role: Role, options: CompressOptions, codec: DeflateCodec = zlibCodec): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', options, codec);
  const params: [string, undefined][] = options.serverNoContextTakeover
    ? [['server_no_context_takeover', undefined]]
    : [];
  const element = { name: 'permessage-deflate', params };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  return deflate;
}

/** Options with an extension of its own for every endpoint that is made of them. */
function compressing(role: Role, compress: CompressOptions = {}, options: EndpointOptions = {}): EndpointOptions {
  return {
    ...options,
    get deflate() {
      return agreed(role, { threshold: 0, ...compress });
    },
  };
}

/** What the peer of this role sends: payloads of messages one after the other. */
function peerOf(role: Role): PermessageDeflate {
  return agreed(role === 'server' ? 'client' : 'server', { threshold: 0 });
}

function compressed(payload: Uint8Array, opcode = TEXT): FrameSpec {
  return { opcode, rsv1: true, payload };
}

/** A codec that counts what it has given out and not had back. */
function countingCodec(): { codec: DeflateCodec; live: () => number } {
  let live = 0;
  const counted = <Context extends { release(): void }>(context: Context): Context => {
    live++;
    const release = context.release.bind(context);
    context.release = () => {
      live--;
      release();
    };
    return context;
  };
  return {
    codec: {
      createDeflater: (params) => counted(zlibCodec.createDeflater(params)),
      createInflater: (params) => counted(zlibCodec.createInflater(params)),
    },
    live: () => live,
  };
}

describe.each(ROLES)('a %s', (role) => {
  const receiving = (wire: FrameSpec[], options: EndpointOptions = {}) =>
    outcomeOf(role, wire, compressing(role, {}, options));

  /** Close(code) is sent, and nothing delivered but what came before. */
  function expectFail(code: number, wire: FrameSpec[], before: string[] = [], options: EndpointOptions = {}): void {
    const late = { opcode: TEXT, payload: 'late' };
    expect(receiving([...wire, late], options)).toMatchObject({
      events: before,
      sent: [expect.stringMatching(new RegExp(`^CLOSE ${code} "`))],
    });
  }

  describe('receives', () => {
    test('compressed messages, each with the context of those before (§7.2.3.2)', () => {
      const hello = [compressed(Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00))];
      const again = [compressed(Uint8Array.of(0xf2, 0x00, 0x11, 0x00, 0x00), BINARY)];
      expect(receiving([...hello, ...again, { opcode: TEXT, payload: 'plain' }]).events).toEqual([
        'text "Hello"',
        'binary 48656c6c6f',
        'text "plain"',
      ]);
    });

    test('fragments, of which the first alone has RSV1 set, with control frames between them (§6.2)', () => {
      expect(
        receiving([
          { opcode: TEXT, rsv1: true, fin: false, payload: [0xf2, 0x48] },
          { opcode: PING, payload: 'hi' },
          { opcode: CONTINUATION, fin: false },
          { opcode: CONTINUATION, fin: false, payload: [0xcd] },
          { opcode: CONTINUATION, payload: [0xc9, 0xc9, 0x07, 0x00] },
        ]),
      ).toMatchObject({ events: ['ping 6869', 'text "Hello"'], sent: ['PONG 6869'] });
    });

    test('compressed empty messages, of one byte or none (§7.2.3.6)', () => {
      const empty = [compressed(Uint8Array.of(0)), compressed(new Uint8Array(0)), compressed(Uint8Array.of(0), BINARY)];
      expect(receiving(empty).events).toEqual(['text ""', 'text ""', 'binary ']);
    });

    test('blocks with BFINAL set, and the next message refers to the same window (§7.2.3.4)', () => {
      const final = new DeflateWriter().fixed([...utf8('abcdef')], true).align();
      const next = new DeflateWriter().fixed([[6, 6]]).flush();
      expect(receiving([compressed(final.toBytes()), compressed(next.toBytes())]).events).toEqual([
        'text "abcdef"',
        'text "abcdef"',
      ]);
    });

    test('a message to be streamed as a start, chunks and an end', () => {
      const payload = peerOf(role).compress(utf8('in pieces'), true).slice();
      const outcome = outcomeOf(
        role,
        [compressed(payload), compressed(Uint8Array.of(0))],
        compressing(role, {}, { on: (endpoint) => ({ onMessageEnd: () => endpoint.connection.streamNext() }) }),
        () => {},
      );
      expect(outcome.events).toEqual(['text "in pieces"', 'text ""']);
      const endpoint = openEndpoint(role, compressing(role));
      endpoint.connection.streamNext();
      endpoint.receive(endpoint.peer(compressed(payload)));
      endpoint.connection.streamNext();
      endpoint.receive(endpoint.peer(compressed(Uint8Array.of(0))));
      expect(endpoint.outcome().events).toEqual(['start of text', 'chunk "in pieces"', 'end', 'start of text', 'end']);
    });

    test("bytes that are the sink's to keep, with no memory behind them but their own", () => {
      const kept: Uint8Array[] = [];
      const endpoint = openEndpoint(role, {
        ...compressing(role),
        deflate: agreed(role, {}),
        on: () => ({
          onBinary(bytes, owned) {
            expect(owned).toBe(true);
            kept.push(bytes);
          },
        }),
      });
      const peer = peerOf(role);
      const messages = [1, 100, 5000, 100_000].map((length) => randomBytes(length, length));
      for (const one of messages) endpoint.receive(endpoint.peer(compressed(peer.compress(one, true), BINARY)));
      expect(kept).toEqual(messages);
      expect(kept.map((bytes) => bytes.buffer.byteLength)).toEqual([1, 100, 5000, 100_000]);
    });
  });

  describe('fails the connection with', () => {
    test('1002: a control frame with RSV1 set (§6)', () => {
      expectFail(1002, [{ opcode: PING, rsv1: true }]);
      expectFail(1002, [{ opcode: CLOSE, rsv1: true, payload: closePayload(1000) }]);
    });

    test('1002: a continuation frame with RSV1 set (§6.1)', () => {
      expectFail(1002, [
        { opcode: TEXT, fin: false, rsv1: true, payload: [0xf2] },
        { opcode: CONTINUATION, rsv1: true, payload: [0] },
      ]);
    });

    test('1002: a compressed message where compression was not agreed on', () => {
      const outcome = outcomeOf(role, [compressed(Uint8Array.of(0))]);
      expect(outcome).toMatchObject({ events: [], sent: [expect.stringMatching(/^CLOSE 1002/)] });
    });

    test('1002: a compressed message where this side alone would have compressed', () => {
      const own = { compress: true, codec: zlibCodec };
      const server = Connection.server({ now: 0, sink: {}, ...(role === 'server' ? own : undefined) });
      const client = Connection.client(
        { url: 'ws://a/' },
        { now: 0, sink: {}, ...(role === 'client' ? own : undefined) },
      );
      for (const chunk of client.takeOutput()) server.receive(chunk, 0);
      for (const chunk of server.takeOutput()) client.receive(chunk, 0);
      const connection = role === 'server' ? server : client;
      expect(connection.state).toBe('OPEN');
      const key = role === 'server' ? KEY : undefined;
      connection.receive(frame({ key, ...compressed(Uint8Array.of(0)) }), 0);
      expect(parseFrames(join(...connection.takeOutput()))).toMatchObject([{ opcode: CLOSE }]);
      connection.receiveEof(0);
      expect(connection.closeInfo).toMatchObject({ error: { code: 1002, kind: 'rsv1' } });
    });

    test.each([
      ['that is not DEFLATE', [0x07]],
      ['that is cut short', [0xf2, 0x48, 0xcd]],
      [
        'that refers to before the first message',
        [
          ...new DeflateWriter()
            .fixed([[3, 1]])
            .flush()
            .toBytes(),
        ],
      ],
    ])('1007: data %s', (_, payload) => {
      expectFail(1007, [compressed(Uint8Array.from(payload))]);
      expectFail(1007, [compressed(Uint8Array.of(0)), compressed(Uint8Array.from(payload))], ['text ""']);
    });

    test('1007: text that is not UTF-8 once inflated', () => {
      expectFail(1007, [compressed(peerOf(role).compress(Uint8Array.of(0xc3, 0x28), true).slice())]);
    });

    test.each([
      [TEXT, false, 'a compressed message that does not inflate'],
      [BINARY, false, 'a compressed message that does not inflate'],
      [TEXT, true, 'a compressed text that does not inflate to UTF-8'],
      [BINARY, true, 'a compressed message that does not inflate'],
    ])(
      '1007: a peer that keeps its context against what was agreed, which the reason says: opcode %i, streamed %s',
      (opcode, streamed, what) => {
        const alone = { clientNoContextTakeover: true, serverNoContextTakeover: true };
        const peer = peerOf(role);
        const message = utf8('the same words '.repeat(20));
        const wire = [1, 2].map(() => compressed(peer.compress(message, true).slice(), opcode));
        const streamNext = (endpoint: Endpoint) => () => endpoint.connection.streamNext();
        const on = (endpoint: Endpoint) => ({ onText: streamNext(endpoint), onBinary: streamNext(endpoint) });
        const { sent, events } = outcomeOf(role, wire, compressing(role, alone, streamed ? { on } : {}));
        expect(events).toHaveLength(streamed ? 2 : 1);
        expect(sent).toEqual([
          `CLOSE 1007 "${what}: it may refer to one before it, against the agreed no_context_takeover"`,
        ]);
      },
    );

    test('1009: a bomb, in one frame', () => {
      const bomb = peerOf(role).compress(new Uint8Array(100_000), true).slice();
      expectFail(1009, [compressed(bomb)], [], { maxMessageSize: 10_000 });
      expect(receiving([compressed(bomb, BINARY)], { maxMessageSize: 100_000 }).sent).toEqual([]);
    });

    test('1009: a bomb, in fragments', () => {
      const peer = peerOf(role);
      const wire = [0, 1, 2].map((i) => ({
        opcode: i === 0 ? TEXT : CONTINUATION,
        fin: i === 2,
        rsv1: i === 0,
        payload: peer.compress(new Uint8Array(5000), i === 2).slice(),
      }));
      expectFail(1009, wire, [], { maxMessageSize: 10_000 });
    });

    test('1009: a bomb grown through the context that is taken over', () => {
      const peer = peerOf(role);
      const text = words(5000, 1);
      const first = peer.compress(text, true).slice();
      const second = peer.compress(new Uint8Array(Buffer.concat([text, text, text])), true).slice();
      expect(second.length).toBeLessThan(first.length);
      const endpoint = openEndpoint(role, compressing(role, {}, { maxMessageSize: 10_000 }));
      endpoint.receive(endpoint.peer(compressed(first, BINARY)));
      expect(endpoint.outcome()).toMatchObject({ events: [expect.stringMatching(/5000 bytes/)], sent: [] });
      endpoint.receive(endpoint.peer(compressed(second, BINARY)));
      expect(endpoint.outcome()).toMatchObject({ events: [], sent: [expect.stringMatching(/^CLOSE 1009/)] });
    });

    test('1009: a payload that is far longer than the longest message, from the header alone', () => {
      const endpoint = openEndpoint(role, compressing(role, {}, { maxMessageSize: 1000 }));
      endpoint.receive(endpoint.peer({ opcode: BINARY, rsv1: true, payload: new Uint8Array(10), length: 100_000 }));
      expect(endpoint.outcome().sent).toEqual([expect.stringMatching(/^CLOSE 1009/)]);
    });
  });

  describe('sends', () => {
    /** What an endpoint sends, as its peer understands it. */
    function understood(endpoint: Endpoint, peer: PermessageDeflate): string[] {
      const words: string[] = [];
      let parts: Uint8Array[] = [];
      let rsv1 = false;
      for (const { opcode, fin, rsv1: first, payload } of endpoint.sentFrames()) {
        if (opcode !== CONTINUATION) rsv1 = first;
        else expect(first).toBe(false);
        parts.push(payload);
        if (!fin) continue;
        const joined = new Uint8Array(Buffer.concat(parts));
        parts = [];
        const message = rsv1 ? peer.decompress(joined, NO_LIMIT) : joined;
        words.push(`${rsv1 ? 'compressed' : 'plain'} ${Buffer.from(message as Uint8Array).toString()}`);
      }
      return words;
    }

    test('messages from the threshold on compressed, as their bytes count', () => {
      const endpoint = openEndpoint(role, compressing(role, { threshold: 6 }));
      const { connection } = endpoint;
      connection.sendText('12345');
      connection.sendText('123456');
      connection.sendText('äöü');
      connection.sendBinary(utf8('12345'));
      connection.sendBinary(utf8('123456'));
      expect(understood(endpoint, peerOf(role))).toEqual([
        'plain 12345',
        'compressed 123456',
        'compressed äöü',
        'plain 12345',
        'compressed 123456',
      ]);
    });

    test('what it is told not to compress as it is', () => {
      const endpoint = openEndpoint(role, compressing(role));
      const { connection } = endpoint;
      connection.sendText('one', false);
      connection.sendBinary(utf8('two'), false);
      connection.sendFragment('thr', false, false);
      connection.sendFragment('ee', true);
      connection.sendText('four');
      expect(understood(endpoint, peerOf(role))).toEqual(['plain one', 'plain two', 'plain three', 'compressed four']);
    });

    test('empty messages and fragments', () => {
      const endpoint = openEndpoint(role, compressing(role));
      const { connection } = endpoint;
      connection.sendText('');
      connection.sendFragment('', false);
      connection.sendFragment('', true);
      connection.sendFragment('ab', false);
      connection.sendFragment('', false);
      connection.sendFragment('', true);
      connection.sendText('abab');
      expect(understood(endpoint, peerOf(role))).toEqual([
        'compressed ',
        'compressed ',
        'compressed ab',
        'compressed abab',
      ]);
    });

    test('messages of any length, each in memory of its own until it is taken', () => {
      const endpoint = openEndpoint(role, compressing(role));
      // Letters at random, so that what they are compressed to is long as well.
      const letters = (length: number, seed: number): string =>
        Buffer.from(randomBytes(length, seed).map((byte) => 97 + (byte % 26))).toString();
      const texts = [10, 1000, 1025, 3000, 40_000, 200_000].flatMap((length) => [1, 2].map((n) => letters(length, n)));
      for (const text of texts) endpoint.connection.sendText(text);
      for (const text of texts) endpoint.connection.sendBinary(utf8(text));
      for (const text of texts) {
        endpoint.connection.sendFragment(text.slice(0, text.length / 2), false);
        endpoint.connection.sendFragment(text.slice(text.length / 2), true);
      }
      const expected = [...texts, ...texts, ...texts].map((text) => `compressed ${text}`);
      const actual = understood(endpoint, peerOf(role));
      expect(actual.map((one, i) => one === expected[i])).toEqual(expected.map(() => true));
    });

    test('prepared messages at their place among others, compressed once for all', () => {
      let calls = 0;
      const codec: DeflateCodec = {
        createDeflater(params) {
          const real = zlibCodec.createDeflater(params);
          return {
            deflate(bytes) {
              calls++;
              return real.deflate(bytes);
            },
            reset: () => real.reset(),
            release: () => real.release(),
          };
        },
        createInflater: (params) => zlibCodec.createInflater(params),
      };
      const prepared = new PreparedMessage(Buffer.from(words(5000, 1)).toString());
      const short = new PreparedMessage('');
      const endpoints = [0, 1, 2].map(() => openEndpoint(role, { deflate: agreed(role, { threshold: 0 }, codec) }));
      for (const { connection } of endpoints) {
        connection.sendText('before');
        connection.sendPrepared(prepared);
        connection.sendPrepared(short);
        connection.sendText('before and after');
        connection.sendPrepared(prepared, false);
      }
      for (const endpoint of endpoints) {
        expect(understood(endpoint, peerOf(role))).toEqual([
          'compressed before',
          `compressed ${Buffer.from(prepared.payload).toString()}`,
          'compressed ',
          'compressed before and after',
          `plain ${Buffer.from(prepared.payload).toString()}`,
        ]);
      }
      // A client has to mask each anyway.
      expect(calls).toBe(role === 'server' ? 3 * 2 + 1 : 3 * 3);
    });
  });

  test('gives up what it can do without at a ping of the keepalive, and is right afterwards', () => {
    const log: string[] = [];
    const codec: DeflateCodec = {
      createDeflater(params) {
        const real = zlibCodec.createDeflater(params);
        return {
          deflate: (bytes) => real.deflate(bytes),
          reset() {
            log.push('compressor');
            real.reset();
          },
          release: () => real.release(),
        };
      },
      createInflater(params) {
        const real = zlibCodec.createInflater(params);
        return {
          inflate: (bytes, fin, maxLength) => real.inflate(bytes, fin, maxLength),
          reset: () => real.reset(),
          idle() {
            log.push('decompressor');
            real.idle!();
          },
          release: () => real.release(),
        };
      },
    };
    const endpoint = openEndpoint(role, { deflate: agreed(role, { threshold: 0 }, codec) });
    const other = peerOf(role);
    const message = words(500, 1);
    for (let round = 0; round < 2; round++) {
      endpoint.connection.sendBinary(message);
      expect(other.decompress(endpoint.sentFrames()[0].payload, NO_LIMIT)).toEqual(message);
      endpoint.receive(endpoint.peer(compressed(other.compress(message, true).slice(), BINARY)));
      expect(endpoint.events()).toEqual([expect.stringMatching(/^binary .*500 bytes/)]);
      for (const given of [['decompressor'], ['compressor', 'decompressor']]) {
        endpoint.advanceTo(endpoint.connection.nextTimeout());
        expect(endpoint.sent()).toEqual([expect.stringMatching(/^PING/)]);
        expect(log.splice(0)).toEqual(given);
        endpoint.receive(endpoint.peer({ opcode: PONG }));
        expect(endpoint.events().length).toBe(1);
      }
    }
  });

  describe('frees its contexts', () => {
    const ENDS: [string, (endpoint: Endpoint) => void][] = [
      ['the closing handshake', closeByPeer],
      [
        'its own closing handshake',
        (endpoint) => {
          endpoint.connection.close(1000, '', 0);
          closeByPeer(endpoint);
        },
      ],
      ['the end of the transport', (endpoint) => endpoint.receiveEof()],
      ['the loss of the transport', (endpoint) => endpoint.call(() => endpoint.connection.transportLost(0))],
      ['a broken frame', (endpoint) => fail(endpoint, { opcode: 3 })],
      ['a message that does not inflate', (endpoint) => fail(endpoint, compressed(Uint8Array.of(7)))],
      ['a missing pong', (endpoint) => endpoint.advanceTo(100_000)],
      ['terminate', (endpoint) => endpoint.call(() => endpoint.connection.terminate(0))],
    ];

    function closeByPeer(endpoint: Endpoint): void {
      endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(1000) }));
      endpoint.receiveEof();
    }

    function fail(endpoint: Endpoint, spec: FrameSpec): void {
      endpoint.receive(endpoint.peer(spec));
      endpoint.receiveEof();
    }

    test.each(ENDS)('at %s', (_, end) => {
      const { codec, live } = countingCodec();
      const endpoint = openEndpoint(role, { deflate: agreed(role, { threshold: 0 }, codec) });
      endpoint.connection.sendText('one');
      endpoint.receive(endpoint.peer(compressed(Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00))));
      expect(live()).toBe(2);
      end(endpoint);
      expect([endpoint.phase, live()]).toEqual(['CLOSED', 0]);
    });

    test('in the middle of messages, both ways', () => {
      const { codec, live } = countingCodec();
      const endpoint = openEndpoint(role, { deflate: agreed(role, { threshold: 0 }, codec) });
      endpoint.connection.sendFragment('one', false);
      endpoint.receive(endpoint.peer({ opcode: TEXT, rsv1: true, fin: false, payload: [0xf2] }));
      endpoint.call(() => endpoint.connection.transportLost(0));
      expect([endpoint.phase, live()]).toEqual(['CLOSED', 0]);
    });
  });
});
