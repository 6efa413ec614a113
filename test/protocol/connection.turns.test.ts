/**
 * faults.md §6, legal bombs: what a peer can ask for cheaply (small frames that inflate to much, or many of them) is done in
 * turns, between which everybody else has theirs. Nothing is lost by it, whatever happens between two turns.
 */
import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Connection, Phase } from '../../protocol/index.ts';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { join } from '../support/cuts.ts';
import { type Endpoint, type EndpointOptions, openEndpoint, outcomeOf, type Role, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, type FrameSpec, PING, PONG, TEXT } from '../support/frames.ts';

const MIB = 1024 * 1024;
/** What a frame costs, and a compressed message besides. */
const FRAME = 512;
const codec = createZlibCodec();

/** A MiB of zeros in about a thousand bytes. */
const MEBIBYTE: FrameSpec = {
  opcode: BINARY,
  rsv1: true,
  payload: new Uint8Array(deflateRawSync(new Uint8Array(MIB), { finishFlush: constants.Z_SYNC_FLUSH })).subarray(0, -4),
};

function agreed(role: Role): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', {}, codec);
  const element = { name: 'permessage-deflate', params: [] };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  return deflate;
}

function many(spec: FrameSpec, count: number): FrameSpec[] {
  return Array.from({ length: count }, () => spec);
}

function receive(endpoint: Endpoint, ...specs: FrameSpec[]): void {
  endpoint.receive(...specs.map((spec) => endpoint.peer(spec)));
}

/** The next turn, at a time when nothing else is due. */
function takeTurn(endpoint: Endpoint): void {
  expect(endpoint.connection.wantsTurn).toBe(true);
  expect(endpoint.connection.wantsInput).toBe(false);
  expect(endpoint.connection.nextTimeout()).toBe(endpoint.now);
  endpoint.call(() => endpoint.connection.handleTimeout(endpoint.now));
}

/** Takes turns until there is none left to take. Returns what happened in each. */
function takeAllTurns(endpoint: Endpoint): string[][] {
  const turns: string[][] = [];
  while (endpoint.connection.wantsTurn) {
    takeTurn(endpoint);
    turns.push(endpoint.events());
  }
  return turns;
}

/** One that has no more than a frame's worth of a turn. */
const FRUGAL: EndpointOptions = { turnBudget: 1 };

describe.each(ROLES)('a %s', (role) => {
  const texts = (...payloads: string[]): FrameSpec[] => payloads.map((payload) => ({ opcode: TEXT, payload }));

  test('inflates 4 MiB in a turn by default, and a message whole', () => {
    const endpoint = openEndpoint(role, { deflate: agreed(role) });
    receive(endpoint, ...many(MEBIBYTE, 40));
    const turns = [endpoint.rawEvents().length];
    for (; endpoint.connection.wantsTurn; turns.push(endpoint.rawEvents().length)) takeTurn(endpoint);
    expect(turns).toEqual([...Array<number>(10).fill(4), 0]);
    expect(endpoint.connection.wantsInput).toBe(true);
  });

  test('does not begin anew with each chunk', () => {
    const endpoint = openEndpoint(role, { deflate: agreed(role) });
    for (let i = 0; i < 3; i++) receive(endpoint, MEBIBYTE);
    expect(endpoint.connection.wantsTurn).toBe(false);
    receive(endpoint, MEBIBYTE);
    expect(endpoint.rawEvents()).toHaveLength(4);
    expect(endpoint.connection.wantsTurn).toBe(true);
    receive(endpoint, MEBIBYTE);
    expect(endpoint.rawEvents()).toEqual([]);
    takeTurn(endpoint);
    expect(endpoint.rawEvents()).toHaveLength(1);
    expect(endpoint.connection.wantsTurn).toBe(false);
  });

  test.each([
    ['messages', { opcode: TEXT, payload: '' }, 8],
    ['fragments', { opcode: CONTINUATION, fin: false, payload: '' }, 0],
    ['pings', { opcode: PING, payload: '' }, 8],
    ['pongs', { opcode: PONG, payload: '' }, 8],
  ] as const)('counts empty %s too', (_, spec, events) => {
    const endpoint = openEndpoint(role, { turnBudget: 8 * FRAME });
    if (spec.opcode === CONTINUATION) receive(endpoint, { opcode: TEXT, fin: false, payload: '' });
    for (let i = spec.opcode === CONTINUATION ? 1 : 0; i < 8; i++) {
      expect(endpoint.connection.wantsTurn).toBe(false);
      receive(endpoint, spec);
    }
    expect(endpoint.connection.wantsTurn).toBe(true);
    expect(endpoint.events()).toHaveLength(events);
  });

  test('counts an empty message that is compressed more than one that is not', () => {
    const endpoint = openEndpoint(role, { deflate: agreed(role), turnBudget: 3 * FRAME });
    receive(endpoint, ...many({ opcode: TEXT, rsv1: true, payload: [0] }, 2));
    expect(endpoint.events()).toHaveLength(1);
  });

  test('of 0 or false has no such limit', () => {
    for (const turnBudget of [0, false] as const) {
      const endpoint = openEndpoint(role, { turnBudget });
      receive(endpoint, ...many({ opcode: TEXT, payload: '' }, 10_000));
      expect(endpoint.events()).toHaveLength(10_000);
      expect(endpoint.connection.wantsTurn).toBe(false);
    }
  });

  test('divides a message only where it is streamed: into pieces of a MiB at most', () => {
    const endpoint = openEndpoint(role, { deflate: agreed(role) });
    endpoint.connection.streamNext();
    const block = deflateRawSync(new Uint8Array(MIB), { finishFlush: constants.Z_SYNC_FLUSH });
    receive(endpoint, {
      opcode: BINARY,
      rsv1: true,
      payload: join(...Array<Uint8Array>(40).fill(block), Uint8Array.of(0)),
    });
    let bytes = 0;
    let turns = 0;
    for (; ; turns++) {
      const pieces = endpoint.rawEvents().map((event) => (event.type === 'messageChunk' ? event.chunk.length : 0));
      const sum = pieces.reduce((total, piece) => total + piece, 0);
      expect(sum).toBeLessThanOrEqual(6 * MIB);
      bytes += sum;
      if (!endpoint.connection.wantsTurn) break;
      takeTurn(endpoint);
    }
    expect(bytes).toBe(40 * MIB);
    expect(turns).toBeGreaterThanOrEqual(7);
  });

  test('tells the same of frames that are cut anywhere, in turns of a frame', () => {
    const frames: FrameSpec[] = [
      ...texts('a', ''),
      { opcode: TEXT, fin: false, payload: 'b' },
      { opcode: PING, payload: 'p' },
      { opcode: CONTINUATION, payload: 'c' },
      ...texts('d'),
      { opcode: CLOSE, payload: closePayload(4001, 'bye') },
    ];
    const { events, sent, ...rest } = outcomeOf(role, frames, FRUGAL, (endpoint) => {
      endpoint.advanceTo(0);
      expect(endpoint.connection.wantsTurn).toBe(false);
    });
    expect({ events, sent, ...rest }).toEqual(outcomeOf(role, frames));
  });

  describe('that waits for a turn', () => {
    /** Has received three texts, and dealt with one. */
    const waiting = (options: EndpointOptions = {}, last: FrameSpec[] = []): Endpoint => {
      const endpoint = openEndpoint(role, { ...FRUGAL, ...options });
      receive(endpoint, ...texts('1', '2', '3'), ...last);
      expect(endpoint.events()).toEqual(['text "1"']);
      return endpoint;
    };
    const CLOSED: FrameSpec = { opcode: CLOSE, payload: closePayload(4001) };

    test('is heard to the end before the end of the transport is told', () => {
      const endpoint = waiting();
      endpoint.receiveEof();
      expect(endpoint.phase).toBe('OPEN');
      expect(takeAllTurns(endpoint)).toEqual([
        ['text "2"'],
        ['text "3"'],
        ['closed 1006 "", ConnectionLostError 1006'],
      ]);
    });

    test('comes to the Close frame that stands before the end of the transport', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.receiveEof();
      // A control frame waits for no turn of its own.
      expect(takeAllTurns(endpoint)).toEqual([['text "2"'], ['text "3"', 'close 4001 ""', 'closed 4001 "", clean']]);
      expect(endpoint.sent()).toEqual(['CLOSE 4001 ""']);
    });

    test('is heard to the end when the transport is lost, and sends nothing any more', () => {
      const cause = new Error('reset');
      const endpoint = waiting();
      endpoint.connection.sendText('not sent');
      endpoint.call(() => endpoint.connection.transportLost(0, cause));
      expect(endpoint.phase).toBe('CLOSING');
      expect(() => endpoint.connection.sendText('late')).toThrow('not open');
      expect(takeAllTurns(endpoint)).toEqual([
        ['text "2"'],
        ['text "3"'],
        ['closed 1006 "", ConnectionLostError 1006'],
      ]);
      expect(endpoint.closed!.error!.cause).toBe(cause);
      expect(endpoint.sent()).toEqual([]);
    });

    test('tells the Close code of a transport that is lost, however long the line is', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.call(() => endpoint.connection.transportLost(0));
      for (const event of [['text "2"'], ['text "3"', 'close 4001 ""', expect.stringMatching(/^closed 4001/)]]) {
        endpoint.now += 60_000;
        endpoint.call(() => endpoint.connection.handleTimeout(endpoint.now));
        expect(endpoint.events()).toEqual(event);
      }
    });

    test.each([
      [
        'is clean with the Close frame that is in line',
        [CLOSED],
        { clean: true, received: { code: 4001 }, error: undefined },
      ],
      ['tells of the loss where none is in line', [], { clean: false, received: undefined, error: { kind: 'lost' } }],
    ])('whose own Close frame has left before the transport is lost %s', (_what, last, info) => {
      const endpoint = waiting({}, last);
      endpoint.connection.close(4000);
      expect(endpoint.sent()).toEqual(['CLOSE 4000 ""']);
      endpoint.call(() => endpoint.connection.transportLost(0));
      takeAllTurns(endpoint);
      expect(endpoint.closed).toMatchObject({ ...info, sent: { code: 4000 }, first: 'sent' });
    });

    test('whose own Close frame has not left when the transport is lost did not send it', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.connection.close(4000);
      endpoint.call(() => endpoint.connection.transportLost(0));
      takeAllTurns(endpoint);
      expect(endpoint.closed).toMatchObject({ clean: false, sent: undefined, first: 'received' });
      expect(endpoint.closed!.error!.message).toContain('before our Close frame had left');
    });

    test('tells why its output was lost, not what became of the transport behind that', () => {
      const cause = new Error('write EPIPE');
      const endpoint = waiting();
      endpoint.call(() => endpoint.connection.outputLost(0, cause));
      endpoint.call(() => endpoint.connection.transportLost(0, new Error('read ECONNRESET')));
      takeAllTurns(endpoint);
      expect(endpoint.closed!.error!.cause).toBe(cause);
    });

    test('holds to the first end that it is told of', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.receiveEof();
      endpoint.call(() => endpoint.connection.transportLost(0, new Error('reset')));
      endpoint.receiveEof();
      expect(takeAllTurns(endpoint).at(-1)).toEqual([
        'text "3"',
        'close 4001 ""',
        'closed 4001 "", ConnectionLostError 1006',
      ]);
    });

    test('and whose output is lost is read on', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.call(() => endpoint.connection.outputLost(0));
      expect(takeAllTurns(endpoint).at(-1)!.at(0)).toBe('text "3"');
      expect(endpoint.closed!.code).toBe(4001);
    });

    test('waits for both where it is paused as well', () => {
      const endpoint = waiting();
      endpoint.connection.pause();
      takeTurn(endpoint);
      expect(endpoint.events()).toEqual([]);
      expect(endpoint.connection.wantsTurn).toBe(false);
      expect(endpoint.connection.wantsInput).toBe(false);
      endpoint.call(() => endpoint.connection.resume());
      expect(endpoint.events()).toEqual(['text "2"']);

      endpoint.connection.pause();
      endpoint.call(() => endpoint.connection.resume());
      expect(endpoint.events()).toEqual([]);
      takeTurn(endpoint);
      expect(endpoint.events()).toEqual(['text "3"']);
    });

    test('ends at once when it is told to', () => {
      const endpoint = waiting();
      endpoint.call(() => endpoint.connection.terminate());
      expect(endpoint.events()).toEqual(['closed 1006 "", ConnectionLostError 1006']);
      expect(endpoint.connection.wantsTurn).toBe(false);
      expect(endpoint.connection.nextTimeout()).toBe(Infinity);
    });

    test('closes, and hears the rest', () => {
      const endpoint = waiting({}, [CLOSED]);
      endpoint.call(() => endpoint.connection.close(4000, '', 0));
      expect(takeAllTurns(endpoint)).toEqual([['text "2"'], ['text "3"', 'close 4001 ""']]);
      expect(endpoint.sent()).toEqual(['CLOSE 4000 ""']);
    });

    test('takes turns before it looks at a deadline, for a second and not longer', () => {
      const late = (by: number): string[] => {
        const endpoint = waiting({ closeTimeout: 100 });
        endpoint.call(() => endpoint.connection.close(4000, '', 0));
        endpoint.now = 100 + by;
        endpoint.call(() => endpoint.connection.handleTimeout(endpoint.now));
        return endpoint.events();
      };
      expect(late(0)).toEqual(['text "2"']);
      expect(late(999)).toEqual(['text "2"']);
      expect(late(1000)).toEqual(['closed 1006 "", TimeoutError 1006']);
    });

    test('waits for no pong: nobody would hear it', () => {
      const endpoint = waiting({ pingInterval: 100, pongTimeout: 100 });
      endpoint.now = 1100;
      endpoint.call(() => endpoint.connection.handleTimeout(1100));
      expect(endpoint.sent()).toHaveLength(1);
      endpoint.now = 2500;
      endpoint.call(() => endpoint.connection.handleTimeout(2500));
      expect(endpoint.sent()).toHaveLength(1);
      endpoint.advanceTo(2500);
      expect(endpoint.events()).toEqual(['text "2"', 'text "3"']);
      expect(endpoint.phase).toBe('OPEN');
    });

    test('goes on without one when it is brought a MiB all the same, and keeps little of it', () => {
      let count = 0;
      const connection = Connection.established(role, { now: 0, sink: { onText: () => count++ }, turnBudget: 1 });
      const peer = openEndpoint(role);
      const piece = join(...many({ opcode: TEXT, payload: '' }, 8192).map((spec) => peer.peer(spec)));
      let held = 0;
      for (let i = 1; i <= 100; i++) {
        connection.receive(piece.slice(), 0);
        held = Math.max(held, i * piece.length - (count * piece.length) / 8192);
      }
      expect(held).toBeLessThanOrEqual(MIB + 2 * piece.length);
      while (connection.wantsTurn) connection.handleTimeout(0);
      expect(count).toBe(100 * 8192);
      expect(connection.phase).toBe(Phase.OPEN);
    });
  });

  test('and another one are served in turn, however much one of them is sent', () => {
    const bomber = openEndpoint(role, { deflate: agreed(role) });
    const witness = openEndpoint(role);
    receive(bomber, ...many(MEBIBYTE, 60));
    let inflated = bomber.rawEvents().length;
    for (let turn = 0; bomber.connection.wantsTurn; turn++) {
      receive(witness, { opcode: TEXT, payload: `${turn}` });
      expect(witness.events()).toEqual([`text "${turn}"`]);
      takeTurn(bomber);
      const { length } = bomber.rawEvents();
      expect(length).toBeLessThanOrEqual(4);
      inflated += length;
    }
    expect(inflated).toBe(60);
  });
});
