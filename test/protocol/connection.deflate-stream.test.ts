/** Compressed messages that are streamed: piece by piece as they come, and no further than the sink wants. */
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../protocol/index.ts';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { cut, join } from '../support/cuts.ts';
import { randomBytes, words } from '../support/deflate-codec-suite.ts';
import {
  type Endpoint,
  type EndpointOptions,
  eventInWords,
  openEndpoint,
  type Role,
  ROLES,
} from '../support/endpoint.ts';
import { onEverySplit } from '../support/every-split.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, type FrameSpec, PING, TEXT, utf8 } from '../support/frames.ts';

const MIB = 1024 * 1024;
const codec = createZlibCodec();

function agreed(role: Role): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', { threshold: 0 }, codec);
  const element = { name: 'permessage-deflate', params: [] };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  return deflate;
}

/** An endpoint that streams every message; `paused` of its chunks pause it. */
function streaming(role: Role, options: EndpointOptions = {}): Endpoint {
  const { on, ...rest } = options;
  const endpoint = openEndpoint(role, {
    ...rest,
    deflate: agreed(role),
    on: (it) => {
      const more = on?.(it) ?? {};
      return {
        ...more,
        onMessageEnd() {
          it.connection.streamNext();
          more.onMessageEnd?.();
        },
      };
    },
  });
  endpoint.connection.streamNext();
  return endpoint;
}

/** What the peer sends: a compressed message, in fragments. */
function sent(peer: PermessageDeflate, parts: readonly Uint8Array[], opcode: number): FrameSpec[] {
  return parts.map((part, i) => {
    const fin = i === parts.length - 1;
    return { opcode: i === 0 ? opcode : CONTINUATION, rsv1: i === 0, fin, payload: peer.compress(part, fin).slice() };
  });
}

/** The first of `count` MiB of zeros, deflated to about a thousandth. */
function zeros(count: number): Uint8Array {
  const one = zlib.deflateRawSync(new Uint8Array(MIB), { level: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return join(...Array.from({ length: count }, () => new Uint8Array(one)), Uint8Array.of(0));
}

/** The bytes in the chunks, and the names of the other events. */
function digest(events: readonly { type: string; chunk?: string | Uint8Array }[]): { bytes: number; others: string[] } {
  const bytes = events.reduce((sum, { chunk }) => sum + (chunk?.length ?? 0), 0);
  return { bytes, others: events.filter(({ chunk }) => chunk === undefined).map(({ type }) => type) };
}

describe.each(ROLES)('a %s that streams compressed messages', (role) => {
  const peer = (): PermessageDeflate => agreed(role === 'server' ? 'client' : 'server');

  test('is given what has come of one before the rest is there', () => {
    const endpoint = streaming(role);
    const [first, second] = sent(peer(), [utf8('one, '), utf8('two')], TEXT);
    endpoint.receive(endpoint.peer(first));
    expect(endpoint.events()).toEqual(['start of text', 'chunk "one, "']);
    endpoint.receive(endpoint.peer(second));
    expect(endpoint.events()).toEqual(['chunk "two"', 'end']);
  });

  test('is given the same however they are cut, with what stands between them', () => {
    const other = peer();
    const wire = [
      ...sent(other, [utf8('grüße, '), new Uint8Array(0), utf8('日本語')], TEXT),
      ...sent(other, [new Uint8Array(0)], TEXT),
      { opcode: PING, payload: 'hi' },
      { opcode: TEXT, payload: 'as it is' },
      ...sent(other, [utf8('grüße, '), new Uint8Array(0)], BINARY),
      { opcode: TEXT, rsv1: true, payload: '' },
    ];
    const frames = openEndpoint(role);
    const outcome = onEverySplit(join(...wire.map((spec) => frames.peer(spec))), (deliver) => {
      const endpoint = streaming(role);
      deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
      return endpoint.outcome();
    });
    expect(outcome.events).toEqual([
      ...['start of text', 'chunk "grüße, 日本語"', 'end'],
      ...['start of text', 'end'],
      'ping 6869',
      ...['start of text', 'chunk "as it is"', 'end'],
      ...['start of bytes', 'chunk 6772c3bcc39f652c20', 'end'],
      ...['start of text', 'end'],
    ]);
  });

  test('is given what had come before it asked, and then the rest', () => {
    const endpoint = openEndpoint(role, { deflate: agreed(role) });
    const [first, second] = sent(peer(), [words(5000, 1), words(5000, 2)], BINARY);
    endpoint.receive(endpoint.peer(first));
    endpoint.connection.streamNext();
    expect(endpoint.events()).toEqual([]);
    endpoint.receive(endpoint.peer(second));
    const events = endpoint.rawEvents();
    expect(digest(events)).toEqual({ bytes: 10_000, others: ['messageStart', 'messageEnd'] });
  });

  test('keeps its chunks, whatever it sends while it has them', () => {
    const kept: Uint8Array[] = [];
    const endpoint = streaming(role, {
      on: (it) => ({
        onMessageChunk(chunk, owned) {
          expect(owned).toBe(true);
          kept.push(chunk as Uint8Array);
          it.connection.sendText('{"type":"message"}'.repeat(100));
        },
      }),
    });
    const message = words(300_000, 1);
    for (const spec of sent(peer(), [message], BINARY)) endpoint.receive(endpoint.peer(spec));
    expect(Buffer.compare(join(...kept), message)).toBe(0);
    expect(kept.length).toBeGreaterThan(10);
  });

  test('is not held to maxMessageSize, by what is announced nor by what comes out', () => {
    const endpoint = streaming(role, { maxMessageSize: 1000 });
    for (const spec of sent(peer(), [randomBytes(5000, 1)], BINARY)) endpoint.receive(endpoint.peer(spec));
    expect(digest(endpoint.rawEvents())).toEqual({ bytes: 5000, others: ['messageStart', 'messageEnd'] });
  });

  describe('and pauses', () => {
    /** Pauses at every chunk, and in the end of every message. */
    const pausing = (options: EndpointOptions = {}): Endpoint =>
      streaming(role, { ...options, on: (it) => ({ onMessageChunk: () => it.connection.pause() }) });

    test('is given at most about 1 MiB more of one that inflates to 64', () => {
      const endpoint = pausing();
      const payload = zeros(64);
      expect(payload.length).toBeLessThan(70_000);
      endpoint.receive(endpoint.peer({ opcode: BINARY, rsv1: true, payload }), endpoint.peer({ opcode: PING }));
      let bytes = 0;
      let most = 0;
      for (;;) {
        const events = digest(endpoint.rawEvents());
        bytes += events.bytes;
        most = Math.max(most, events.bytes);
        if (events.others.includes('messageEnd')) break;
        expect(endpoint.connection.wantsInput).toBe(false);
        // One or the other: a turn's budget is spent, or a pause is to end.
        if (endpoint.connection.wantsTurn) endpoint.advanceTo(0);
        else endpoint.call(() => endpoint.connection.resume(0));
      }
      expect(bytes).toBe(64 * MIB);
      expect(most).toBeLessThan(1.1 * MIB);
    });

    test('is told of nothing behind a message before all of that', () => {
      const endpoint = pausing();
      const other = peer();
      const specs = [...sent(other, [words(20_000, 1)], TEXT), ...sent(other, [words(20_000, 2)], TEXT)];
      endpoint.receive(...specs.map((spec) => endpoint.peer(spec)));
      const names = digest(endpoint.rawEvents()).others;
      expect(names).toEqual(['messageStart']);
      for (let i = 0; i < 100; i++) {
        endpoint.call(() => endpoint.connection.resume(0));
        names.push(...digest(endpoint.rawEvents()).others);
      }
      expect(names).toEqual(['messageStart', 'messageEnd', 'messageStart', 'messageEnd']);
    });

    test('goes on in the same read when a control frame of it has it resumed', () => {
      const endpoint = streaming(role, {
        on: (it) => ({ onMessageChunk: () => it.connection.pause(), onPing: () => it.connection.resume(0) }),
      });
      const [message] = sent(peer(), [randomBytes(5000, 1)], BINARY);
      endpoint.receive(endpoint.peer(message), endpoint.peer({ opcode: PING }));
      const names = endpoint.rawEvents().map(({ type }) => type);
      expect(names).toEqual(['messageStart', 'messageChunk', 'ping', 'messageChunk']);
    });

    test('goes on when control frames have it resumed, again and again', () => {
      const endpoint = streaming(role, {
        on: (it) => ({ onMessageChunk: () => it.connection.pause(), onPing: () => it.connection.resume(0) }),
      });
      const other = peer();
      const specs = sent(other, [words(2000, 1), words(2000, 2), words(2000, 3)], TEXT);
      const [one, two, three] = specs.map((spec) => endpoint.peer(spec));
      const ping = (): Uint8Array => endpoint.peer({ opcode: PING });
      endpoint.receive(one, two, ping(), three, ping());
      for (let i = 0; i < 20; i++) endpoint.receive(ping());
      expect(digest(endpoint.rawEvents()).others.filter((name) => name !== 'ping')).toEqual([
        'messageStart',
        'messageEnd',
      ]);
    });

    test('goes on before the frame behind it, when a control frame has it resumed', () => {
      const order: string[] = [];
      let pause = true;
      const endpoint = streaming(role, {
        on: (it) => ({
          onMessageChunk: () => pause && it.connection.pause(),
          onMessageEnd: () => order.push('end'),
          onText: () => order.push('text'),
          onPing() {
            pause = false;
            it.connection.resume(0);
          },
        }),
      });
      const specs = [
        ...sent(peer(), [words(20_000, 1)], BINARY),
        { opcode: PING, payload: '' },
        { opcode: BINARY, payload: [1, 2, 3] },
      ];
      endpoint.receive(...specs.map((spec) => endpoint.peer(spec)));
      expect(order).toEqual(['end', 'end']);
      expect(endpoint.connection.wantsInput).toBe(true);
    });

    test('is given all of it at the end of the transport, up to maxMessageSize', () => {
      const message = words(100_000, 1);
      const run = (maxMessageSize: number): { bytes: number; closed: string } => {
        const endpoint = pausing({ maxMessageSize });
        for (const spec of sent(peer(), [message], BINARY)) endpoint.receive(endpoint.peer(spec));
        expect(digest(endpoint.rawEvents()).others).toEqual(['messageStart']);
        endpoint.receiveEof();
        const events = endpoint.rawEvents();
        const { bytes } = digest(events);
        return { bytes, closed: endpoint.closed!.error!.message };
      };
      const all = run(100_000);
      expect(all.bytes).toBeGreaterThan(80_000);
      expect(all.closed).toMatch(/without a Close frame/);
      const some = run(50_000);
      expect(some.bytes).toBeLessThanOrEqual(50_000);
      expect(some.closed).toMatch(/too big/);
    });

    test('holds streams that begin in what is left at the end of the transport to the same limit', () => {
      const endpoint = pausing({ maxMessageSize: MIB });
      endpoint.connection.pause();
      endpoint.receive(endpoint.peer({ opcode: BINARY, rsv1: true, payload: zeros(2) }));
      expect(endpoint.rawEvents()).toEqual([]);
      endpoint.receiveEof();
      expect(digest(endpoint.rawEvents()).bytes).toBeLessThanOrEqual(MIB);
      expect(endpoint.closed).toMatchObject({ error: { code: 1009 } });
    });

    test('and one that is asked for between the turns that this takes', () => {
      const endpoint = openEndpoint(role, { deflate: agreed(role), maxMessageSize: MIB, turnBudget: 600 });
      const { connection } = endpoint;
      connection.pause();
      endpoint.receive(
        ...['a', 'b'].map((payload) => endpoint.peer({ opcode: TEXT, payload })),
        endpoint.peer({ opcode: BINARY, rsv1: true, payload: zeros(2) }),
      );
      endpoint.receiveEof();
      expect(endpoint.events()).toEqual(['text "a"', 'text "b"']);
      connection.streamNext();
      while (connection.wantsTurn) connection.handleTimeout(0);
      expect(digest(endpoint.rawEvents()).bytes).toBeLessThanOrEqual(MIB);
      expect(endpoint.closed).toMatchObject({ error: { code: 1009 } });
    });
  });

  test('is given the same whenever it pauses, and however the messages are made up and cut', () => {
    const message = fc.record({
      parts: fc.array(fc.nat(6000), { minLength: 1, maxLength: 4 }),
      compressed: fc.boolean(),
      pings: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 8 }),
        (messages, pauses, sizes) => {
          const other = peer();
          const frames = openEndpoint(role);
          const bytes = messages.map(({ parts }, i) => parts.map((length, j) => words(length, i + j)));
          const wire = join(
            ...messages.flatMap(({ compressed, pings }, i) => {
              const specs: FrameSpec[] = compressed
                ? sent(other, bytes[i], BINARY)
                : bytes[i].map((payload, j) => ({
                    opcode: j === 0 ? BINARY : CONTINUATION,
                    fin: j === bytes[i].length - 1,
                    payload,
                  }));
              const ping: FrameSpec = { opcode: PING };
              return specs.flatMap((spec) => (pings ? [spec, ping] : [spec])).map((spec) => frames.peer(spec));
            }),
          );
          let step = 0;
          const endpoint = streaming(role, {
            on: (it) => ({ onMessageChunk: () => pauses[step++ % pauses.length] && it.connection.pause() }),
          });
          const ends: number[] = [];
          let at = 0;
          for (const size of sizes) ends.push((at += size));
          let got: Uint8Array[] = [];
          const received: Uint8Array[] = [];
          const take = (): void => {
            for (const event of endpoint.rawEvents()) {
              if (event.type === 'messageChunk') got.push(event.chunk as Uint8Array);
              if (event.type === 'messageEnd') received.push(join(...got.splice(0)));
            }
          };
          for (const piece of cut(wire, ends)) {
            endpoint.receive(piece);
            take();
            while (!endpoint.connection.wantsInput) {
              endpoint.call(() => endpoint.connection.resume(0));
              take();
              if (endpoint.connection.wantsTurn) endpoint.advanceTo(0);
              take();
            }
          }
          const expected = bytes.map((parts) => join(...parts));
          return (
            received.length === expected.length &&
            received.every((one, i) => Buffer.compare(one, expected[i]) === 0) &&
            endpoint.phase === 'OPEN'
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  describe('fails the connection with', () => {
    const failing = (payload: Uint8Array, opcode = TEXT): string[] => {
      const endpoint = streaming(role);
      endpoint.receive(
        endpoint.peer({ opcode, rsv1: true, payload }),
        endpoint.peer({ opcode: TEXT, payload: 'late' }),
      );
      return [...endpoint.events(), ...endpoint.sent()];
    };
    const written = (bytes: Uint8Array): Uint8Array => peer().compress(bytes, true).slice();

    test('1007: text that is not UTF-8, at the first bad byte', () => {
      const bad = join(
        new Uint8Array(5000).fill(0x61),
        randomBytes(3000, 1).map((byte) => byte | 0xf8),
      );
      const [start, ...rest] = failing(written(bad));
      expect(start).toBe('start of text');
      expect(rest.at(-1)).toMatch(/^CLOSE 1007 "a compressed text that does not inflate to UTF-8"/);
      expect(rest.slice(0, -1).every((event) => /^chunk "a+"$/.test(event))).toBe(true);
    });

    test('1007: text whose DEFLATE is damaged, for the same reason, since what is seen first depends on the cut', () => {
      const events = failing(Uint8Array.of(0xff, 0xff, 0xff));
      expect(events.at(-1)).toMatch(/^CLOSE 1007 "a compressed text that does not inflate to UTF-8"/);
    });

    test('1007: text that is cut in a character', () => {
      expect(failing(written(Uint8Array.of(0x61, 0xc3)))).toEqual([
        'start of text',
        expect.stringMatching(/^CLOSE 1007/),
      ]);
    });

    test('1007: data that does not inflate, after what does', () => {
      const payload = join(written(words(3000, 1)), Uint8Array.of(0x07));
      const events = failing(payload, BINARY);
      expect(events[0]).toBe('start of bytes');
      expect(events.at(-1)).toMatch(/^CLOSE 1007 "a compressed message that does not inflate"/);
    });
  });

  test.each(['onMessageStart', 'onMessageChunk'] as const)('is told nothing more when it ends in %s', (method) => {
    for (const wire of [[words(30_000, 1)], [words(3000, 1), words(3000, 2)]]) {
      const endpoint = streaming(role, { on: (it) => ({ [method]: () => it.connection.terminate(0) }) });
      endpoint.receive(...sent(peer(), wire, BINARY).map((spec) => endpoint.peer(spec)));
      const { others } = digest(endpoint.rawEvents());
      expect(others).toEqual(['messageStart', 'closed']);
    }
  });

  test.each([
    ['Close frame', { opcode: CLOSE, payload: closePayload(4001) }, 'close 4001 ""'],
    ['fault', { opcode: 11, payload: '' }, 'CLOSE 1002 "a reserved opcode"'],
  ] as const)('is given a message that a pause held back before the %s behind it', (_, spec, last) => {
    const endpoint = streaming(role, {
      on: (it) => ({ onMessageStart: () => it.connection.pause(), onMessageChunk: () => it.connection.pause() }),
    });
    const specs = [...sent(peer(), [words(20_000, 1)], BINARY), { opcode: PING, payload: '' }, spec];
    endpoint.receive(...specs.map((one) => endpoint.peer(one)));
    const told: Event[] = endpoint.rawEvents();
    for (let i = 0; endpoint.phase === 'OPEN' && i < 100; i++) {
      endpoint.call(() => endpoint.connection.resume(0));
      told.push(...endpoint.rawEvents());
    }
    const { bytes, others } = digest(told);
    expect(bytes).toBe(20_000);
    expect(others.slice(0, 3)).toEqual(['messageStart', 'ping', 'messageEnd']);
    expect([...told.map(eventInWords), ...endpoint.sent()]).toContain(last);
  });

  test('is told nothing more when it ends while a frame behind waits', () => {
    let ending = false;
    const endpoint = streaming(role, {
      on: (it) => ({
        onMessageChunk: () => (ending ? it.connection.terminate(0) : it.connection.pause()),
        onPing() {
          ending = true;
          it.connection.resume(0);
        },
      }),
    });
    const specs = [
      ...sent(peer(), [words(20_000, 1)], BINARY),
      { opcode: PING, payload: '' },
      { opcode: TEXT, payload: 'x' },
    ];
    endpoint.receive(...specs.map((spec) => endpoint.peer(spec)));
    expect(digest(endpoint.rawEvents()).others).toEqual(['messageStart', 'ping', 'closed']);
  });
});
