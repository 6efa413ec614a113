/** What a sink's methods may do to the connection that called them, and what happens when they throw. */
import { describe, expect, test } from 'vitest';
import { type Connection, InvalidStateError, Resources } from '../../protocol/index.ts';
import { portableText } from '../../protocol/internal.ts';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { join } from '../support/cuts.ts';
import { onEverySplit } from '../support/every-split.ts';
import { type Endpoint, type EndpointOptions, openEndpoint, outcomeOf, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, type FrameSpec, PING, PONG, TEXT } from '../support/frames.ts';

/** A wire on which every event of an open connection happens, and some of them twice. */
const EVERYTHING: readonly FrameSpec[] = [
  { opcode: PING, payload: 'a' },
  { opcode: TEXT, payload: 'text' },
  { opcode: BINARY, payload: [1, 2, 3] },
  { opcode: PONG, payload: 'b' },
  { opcode: TEXT, fin: false, payload: 'fra' },
  { opcode: PING, payload: 'c' },
  { opcode: CONTINUATION, payload: 'gments' },
  { opcode: BINARY, payload: [4] },
  { opcode: CLOSE, payload: closePayload(1000, 'bye') },
];
const MESSAGES = ['onText', 'onBinary', 'onMessageStart', 'onMessageChunk', 'onMessageEnd'] as const;
const OPEN_METHODS = [...MESSAGES, 'onPing', 'onPong', 'onCloseFrame'] as const;

/** How the words for their events begin. */
const FIRST_WORD: Record<(typeof OPEN_METHODS)[number], string> = {
  onText: 'text',
  onBinary: 'binary',
  onMessageStart: 'start',
  onMessageChunk: 'chunk',
  onMessageEnd: 'end',
  onPing: 'ping',
  onPong: 'pong',
  onCloseFrame: 'close',
};

describe.each(ROLES)('a %s', (role) => {
  /** Streams every message when the method is one of a stream. */
  function options(method: string, then: (endpoint: Endpoint) => void): EndpointOptions {
    return {
      on: (endpoint) => ({
        onPing: () => {
          if (method.startsWith('onMessage')) endpoint.connection.streamNext();
          if (method === 'onPing') then(endpoint);
        },
        ...(method === 'onPing' ? {} : { [method]: () => then(endpoint) }),
      }),
    };
  }

  test.each(OPEN_METHODS)('terminate in %s: exactly one onClosed, and nothing after it', (method) => {
    const wire = join(...EVERYTHING.map((one) => openEndpoint(role).peer(one)));
    const { kinds, ...end } = onEverySplit(wire, (deliver) => {
      const endpoint = openEndpoint(
        role,
        options(method, ({ connection }) => connection.terminate()),
      );
      deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
      const { events, phase, action, nextTimeout } = endpoint.outcome();
      return { kinds: events.map(kindOf), phase, action, nextTimeout };
    });
    const last = FIRST_WORD[method];
    expect(kinds.slice(kinds.indexOf(last))).toEqual([last, 'closed']);
    expect(end).toEqual({ phase: 'CLOSED', action: 'ABORT', nextTimeout: Infinity });
  });

  test.each(OPEN_METHODS)('close in %s: one Close frame, exactly one onClosed, nothing after it', (method) => {
    const closing = options(method, ({ connection }) => {
      connection.close(1001, 'enough');
      connection.close(1002, 'again');
    });
    const outcome = outcomeOf(role, EVERYTHING, closing, (endpoint) => {
      endpoint.receiveEof();
      endpoint.receiveEof();
      endpoint.call(() => endpoint.connection.transportLost(endpoint.now));
      endpoint.connection.close();
      endpoint.connection.terminate();
    });
    expect(outcome.events.slice(-2)).toEqual(['close 1000 "bye"', 'closed 1000 "bye", clean']);
    expect(outcome.sent.at(-1)).toBe(method === 'onCloseFrame' ? 'CLOSE 1000 "bye"' : 'CLOSE 1001 "enough"');
    expect(outcome.sent.filter((frame) => frame.startsWith('CLOSE'))).toHaveLength(1);
  });

  test('sending in every method, in order', () => {
    const outcome = outcomeOf(role, EVERYTHING, {
      on: (end) => ({
        onText: (text) => end.connection.sendText(text),
        onBinary: (bytes) => end.connection.sendBinary(bytes),
        onPing: (payload) => end.connection.pong(payload),
        onPong: (payload) => end.connection.ping(payload),
      }),
    });
    expect(outcome.sent).toEqual([
      'PONG 61',
      'PONG 61',
      'TEXT "text"',
      'BINARY 010203',
      'PING 62',
      'PONG 63',
      'PONG 63',
      'TEXT "fragments"',
      'BINARY 04',
      'CLOSE 1000 "bye"',
    ]);
  });

  test('pause and resume in one method make no difference', () => {
    const plain = outcomeOf(role, EVERYTHING);
    const outcome = outcomeOf(role, EVERYTHING, {
      on: (end) => ({
        onText() {
          end.connection.pause();
          end.connection.resume();
        },
      }),
    });
    expect(outcome).toEqual(plain);
  });

  test.each(OPEN_METHODS)('receive, and what else delivers events, throws in %s', (method) => {
    const tried = new Set<string>();
    const trying = options(method, ({ connection }) => {
      for (const [name, call] of deliveringCalls(connection)) {
        expect(call, name).toThrow(InvalidStateError);
        tried.add(name);
      }
    });
    const endpoint = openEndpoint(role, trying);
    endpoint.receive(...EVERYTHING.map((one) => endpoint.peer(one)));
    endpoint.receiveEof();
    expect([...tried]).toEqual(['receive', 'handleTimeout', 'receiveEof', 'transportLost']);
    expect(endpoint.events().slice(-2)).toEqual(['close 1000 "bye"', 'closed 1000 "bye", clean']);
  });

  test.each<[string, (connection: Connection) => void]>([
    ['receiveEof', (connection) => connection.receiveEof(0)],
    ['terminate', (connection) => connection.terminate(0)],
  ])('in onClosed of %s receive throws, and the end of a transport that is given up is no matter', (_, end) => {
    let count = 0;
    const endpoint = openEndpoint(role, {
      on: (end) => ({
        onClosed() {
          count++;
          const [[, receive], [, handleTimeout], ...ends] = deliveringCalls(end.connection);
          expect(receive).toThrow(InvalidStateError);
          expect(handleTimeout).toThrow(InvalidStateError);
          for (const [, call] of ends) call();
          end.connection.terminate();
          end.connection.close();
        },
      }),
    });
    end(endpoint.connection);
    expect(count).toBe(1);
    expect(endpoint.events()).toEqual(['closed 1006 "", ConnectionLostError 1006']);
  });

  test('the end of the transport may be told within the method that terminated', () => {
    const endpoint = openEndpoint(role, {
      on: (end) => ({
        onText() {
          end.connection.terminate();
          end.connection.receiveEof(0);
          end.connection.transportLost(0);
        },
      }),
    });
    endpoint.receive(endpoint.peer({ opcode: TEXT }), endpoint.peer({ opcode: TEXT }));
    expect(endpoint.events()).toEqual(['text ""', 'closed 1006 "", ConnectionLostError 1006']);
  });

  test.each(MESSAGES)('terminate in %s of a compressed message', (method) => {
    const codec = createZlibCodec();
    const agreed = (): PermessageDeflate => {
      const deflate = new PermessageDeflate(role === 'server', {}, codec);
      if (role === 'server') deflate.accept([{ name: 'permessage-deflate', params: [] }]);
      else deflate.confirm({ name: 'permessage-deflate', params: [] });
      return deflate;
    };
    const stream = method.startsWith('onMessage');
    const opcode = method === 'onBinary' ? BINARY : TEXT;
    const payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]; // RFC 7692 §7.2.3.1: "Hello"
    const message: FrameSpec = { opcode, rsv1: true, payload };
    const endpoint = openEndpoint(role, {
      deflate: agreed(),
      on: (end) => ({ [method]: () => end.connection.terminate() }),
    });
    if (stream) endpoint.connection.streamNext();
    endpoint.receive(endpoint.peer(message), endpoint.peer(message));
    const kinds = endpoint.events().map(kindOf);
    expect(kinds.slice(kinds.indexOf(FIRST_WORD[method]))).toEqual([FIRST_WORD[method], 'closed']);
  });

  describe('a sink that throws', () => {
    test.each(OPEN_METHODS)('in %s cannot corrupt the connection, and is heard', (method) => {
      const plain = outcomeOf(
        role,
        EVERYTHING,
        options(method, () => {}),
      );
      let heard = 0;
      const endpoint = openEndpoint(
        role,
        options(method, () => {
          throw new Error(`thrown in ${method}`);
        }),
      );
      for (const one of EVERYTHING) {
        try {
          endpoint.receive(endpoint.peer(one));
        } catch (error) {
          heard++;
          for (const each of error instanceof AggregateError ? error.errors : [error]) {
            expect(each).toEqual(new Error(`thrown in ${method}`));
          }
        }
      }
      expect(heard).toBeGreaterThan(0);
      expect(endpoint.outcome()).toEqual(plain);
    });

    test('more than once in a call throws an AggregateError when everything is dealt with', () => {
      let count = 0;
      const endpoint = openEndpoint(role, {
        on: () => ({
          onText: () => {
            throw new RangeError(`number ${++count}`);
          },
        }),
      });
      const text = endpoint.peer({ opcode: TEXT, payload: 'x' });
      expect(() => endpoint.receive(text, text, text)).toThrow(
        expect.objectContaining({
          name: 'AggregateError',
          errors: [new RangeError('number 1'), new RangeError('number 2'), new RangeError('number 3')],
        }),
      );
      expect(endpoint.events()).toEqual(['text "x"', 'text "x"', 'text "x"']);
      expect(() => endpoint.receive(endpoint.peer({ opcode: PING }))).not.toThrow();
    });

    test('in onClosed is heard once, and the connection stays closed', () => {
      const endpoint = openEndpoint(role, {
        on: () => ({
          onClosed: () => {
            throw new Error('in onClosed');
          },
        }),
      });
      expect(() => endpoint.receiveEof()).toThrow('in onClosed');
      expect(endpoint.phase).toBe('CLOSED');
      expect(() => endpoint.receiveEof()).not.toThrow();
      expect(endpoint.events()).toEqual(['closed 1006 "", ConnectionLostError 1006']);
    });
  });
});

describe.each(ROLES)('a %s whose injected parts fail', (role) => {
  const failure = new RangeError('Invalid string length');

  test.each(['decode', 'decodeAscii', 'isValid'] as const)('in %s ends, alone, and throws nothing', (name) => {
    const text = {
      ...portableText,
      [name]: () => {
        throw failure;
      },
    };
    const resources = new Resources({ text });
    const endpoint = openEndpoint(role, { resources });
    const first = endpoint.peer({ opcode: TEXT, fin: false, payload: 'ö' });
    const last = endpoint.peer({ opcode: CONTINUATION, payload: 'ö' });
    const ascii = endpoint.peer({ opcode: TEXT, payload: 'ascii' });
    endpoint.receive(name === 'decodeAscii' ? ascii : join(first, last), endpoint.peer({ opcode: PING }));
    expect(endpoint.outcome()).toMatchObject({
      events: ['closed 1006 "", WebSocketError 1011'],
      phase: 'CLOSED',
      action: 'ABORT',
    });
    expect(endpoint.closed!.error!.cause).toBe(failure);
    const other = openEndpoint(role, { resources });
    other.receive(other.peer({ opcode: BINARY, payload: [1] }));
    expect(other.events()).toEqual(['binary 01']);
  });

  test('out of a call that has nobody to tell can be called again', () => {
    const deflate = new PermessageDeflate(role === 'server', {}, createZlibCodec());
    const element = { name: 'permessage-deflate', params: [] };
    if (role === 'server') deflate.accept([element]);
    else deflate.confirm(element);
    deflate.idle = () => {
      throw failure;
    };
    const endpoint = openEndpoint(role, { deflate, pingInterval: 100 });
    expect(() => endpoint.call(() => endpoint.connection.handleTimeout(100))).toThrow(failure);
    endpoint.receive(endpoint.peer({ opcode: BINARY, payload: [1] }));
    expect(endpoint.events()).toEqual(['binary 01']);
  });
});

function deliveringCalls(connection: Connection): [name: string, call: () => void][] {
  return [
    ['receive', () => connection.receive(Uint8Array.of(0x81, 0), 0)],
    ['handleTimeout', () => connection.handleTimeout(0)],
    ['receiveEof', () => connection.receiveEof(0)],
    ['transportLost', () => connection.transportLost(0)],
  ];
}

function kindOf(event: string): string {
  return event.split(' ')[0];
}
