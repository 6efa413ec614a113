/**
 * The lane for a message that is one whole frame in the chunk (`#takeMessage` in framing/decoder.ts) is the other way made
 * short: whatever comes, wherever it is cut and paused, it must come to the same. A connection that is traced goes without.
 */
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MessageAssembler } from '../../protocol/message/assembler.ts';
import { cut, everyCutting, join } from '../support/cuts.ts';
import { type Endpoint, type EndpointOptions, hex, openEndpoint, type Role, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, CONTINUATION, type FrameSpec, PING, TEXT } from '../support/frames.ts';

/** What the sink does at every event that it is told of, one after the other. */
type Act = 'pause' | 'stopReading' | 'streamNext' | 'close' | 'terminate' | undefined;

interface Case {
  readonly frames: readonly FrameSpec[];
  /** Whether the peer masks what it must not, or the other way around, in its last frame. */
  readonly wrongMask: boolean;
  readonly options: EndpointOptions;
  readonly acts: readonly Act[];
}

const payload = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(62, 63).map((length) => 'é'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom(124, 125, 126, 127).map((length) => new Uint8Array(length).fill(0x61)) },
);

const anyCase: fc.Arbitrary<Case> = fc.record({
  frames: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ opcode: fc.constantFrom(TEXT, BINARY), payload }) },
      { weight: 1, arbitrary: fc.constant<FrameSpec>({ opcode: PING, payload: 'p' }) },
      {
        weight: 1,
        arbitrary: fc.record({ opcode: fc.constantFrom(TEXT, BINARY, CONTINUATION), fin: fc.boolean(), payload }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          opcode: fc.constantFrom(TEXT, BINARY),
          lengthForm: fc.constantFrom(16 as const, 64 as const),
          payload,
        }),
      },
      { weight: 1, arbitrary: fc.record({ opcode: fc.constantFrom(TEXT, CLOSE, 3), rsv1: fc.boolean(), payload }) },
    ),
    { minLength: 1, maxLength: 5 },
  ),
  wrongMask: fc.integer({ min: 0, max: 9 }).map((it) => it === 0),
  options: fc.constantFrom<EndpointOptions>(
    {},
    { text: 'bytes' },
    { maxMessageSize: 4 },
    { maxFragments: 1 },
    { turnBudget: 1 },
  ),
  acts: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<Act>(undefined, 'pause') },
      { weight: 1, arbitrary: fc.constantFrom<Act>('stopReading', 'streamNext', 'close', 'terminate') },
    ),
    { maxLength: 5 },
  ),
});

afterEach(() => vi.restoreAllMocks());

/** All that a connection does with the pieces, call by call, and when it goes on after a pause. */
function calls(role: Role, { acts, options }: Case, pieces: readonly Uint8Array[], byLane: boolean): string[] {
  const told: string[] = [];
  const left = [...acts];
  const act = ({ connection }: Endpoint) => {
    const next = left.shift();
    if (next !== undefined) connection[next]();
  };
  const endpoint = openEndpoint(role, {
    ...options,
    ...(byLane ? {} : { trace: () => {} }),
    on: (it) => ({
      onText: () => act(it),
      onTextBytes: () => act(it),
      onBinary: () => act(it),
      onMessageStart: () => act(it),
      onPing: () => act(it),
    }),
  });
  const { connection } = endpoint;
  const after = (call: () => void) => {
    endpoint.call(call);
    told.push(...endpoint.events(), hex(endpoint.sentBytes()), `${connection.state} ${connection.wantsInput}`);
  };
  for (const piece of pieces) after(() => connection.receive(piece.slice(), 0));
  // Fewer pauses than acts, and fewer turns than frames: what is held back comes to an end.
  for (let i = 0; i < 12; i++) {
    if (connection.wantsTurn) after(() => connection.handleTimeout(0));
    else after(() => connection.resume(0));
  }
  after(() => connection.receiveEof(0));
  return [...told, String(endpoint.closed?.error)];
}

describe.each(ROLES)('a %s', (role) => {
  test('comes to the same by the lane and by the other way, at every split and at every pause', () => {
    const taken = vi.spyOn(MessageAssembler.prototype, 'takeMessage');
    fc.assert(
      fc.property(anyCase, (given) => {
        const peer = openEndpoint(role);
        const wrong = { key: role === 'server' ? undefined : [1, 2, 3, 4] };
        const wire = join(
          ...given.frames.map((spec, i) =>
            peer.peer(given.wrongMask && i === given.frames.length - 1 ? { ...spec, ...wrong } : spec),
          ),
        );
        for (const cutting of everyCutting(wire.length)) {
          const pieces = cut(wire, cutting);
          const otherWay = calls(role, given, pieces, false);
          expect(calls(role, given, pieces, true), `cut: ${String(cutting)}`).toEqual(otherWay);
        }
      }),
      { numRuns: 50, seed: 6455 },
    );
    expect(taken.mock.calls.length).toBeGreaterThan(1000);
  });
});
