import * as fc from 'fast-check';
import type { Event } from '../../protocol/index.ts';
import { limitsOf, openSubject, type Role, type Subject } from '../support/subject.ts';
import { assertSame, type Target } from '../support/target.ts';
import { anyRole, anyStream, encode, type Stream } from '../support/wire.ts';

interface Input {
  readonly role: Role;
  readonly deflate: boolean;
  readonly small: boolean;
  /** Every message is asked for in pieces. */
  readonly streamed: boolean;
  /** The sink pauses at every message; it goes on when all bytes have come. */
  readonly pausing: boolean;
  readonly stream: Stream;
  /** Where to cut, in thousandths. */
  readonly cuts: readonly number[];
}

/** Whatever the bytes are, and wherever they are cut: the same events, output, close, action and timer. */
export const split: Target<Input> = {
  name: 'split',
  claim: 'a stream, cut anywhere, gives the same events, output and close',
  runs: 1000,
  arbitrary: fc.record({
    role: anyRole,
    deflate: fc.boolean(),
    small: fc.boolean(),
    streamed: fc.boolean(),
    pausing: fc.boolean(),
    stream: anyStream,
    cuts: fc.array(fc.nat(1000), { maxLength: 12 }),
  }),
  check(input) {
    const wire = encode(input.stream, input.role, input.deflate);
    const whole = outcome(input, wire, []);
    assertSame(outcome(input, wire, offsets(input.cuts, wire.length)), whole, 'cut at random');
    // Byte by byte finds most; long streams would take most of the time.
    if (wire.length <= 2000) {
      const all = Array.from({ length: wire.length }, (_, i) => i + 1);
      assertSame(outcome(input, wire, all), whole, 'cut into bytes');
    }
  },
};

function offsets(cuts: readonly number[], length: number): number[] {
  return cuts.map((cut) => Math.floor((cut * length) / 1000)).sort((a, b) => a - b);
}

function outcome(input: Input, wire: Uint8Array, cuts: readonly number[]): unknown {
  const subject = openSubject(input.role, input.deflate, {
    ...limitsOf(input.small),
    within: ({ connection }, method) => {
      const isMessage = method === 'onText' || method === 'onBinary' || method === 'onMessageEnd';
      if (isMessage && input.streamed) connection.streamNext();
      if (isMessage && input.pausing) connection.pause();
    },
  });
  if (input.streamed) subject.connection.streamNext();
  let start = 0;
  for (const end of [...cuts, wire.length]) {
    if (end > start) subject.receive(wire.subarray(start, end));
    start = Math.max(start, end);
  }
  // Each call delivers one message at least, and there are fewer of them than bytes.
  for (let i = 0; i <= wire.length && !subject.connection.wantsInput; i++) {
    subject.connection.resume(subject.now);
    subject.collect();
  }
  const { phase, transportAction } = subject.connection;
  const before = { phase, transportAction, nextTimeout: subject.connection.nextTimeout() };
  subject.finish();
  return { ...before, info: describeEnd(subject), sent: subject.sent, events: normalise(subject.events) };
}

function describeEnd({ connection }: Subject): unknown {
  const { error, ...rest } = connection.closeInfo!;
  return { ...rest, error: error === undefined ? 'none' : `${error.name} ${error.code} ${error.message}` };
}

/** Pieces of a message depend on the cuts; what they come to does not. Of one that never ended, nothing counts. */
function normalise(events: readonly Event[]): unknown[] {
  const result: unknown[] = [];
  let pieces: (string | Uint8Array)[] = [];
  let start: Event | undefined;
  let within: unknown[] = [];
  for (const event of events) {
    if (event.type === 'messageStart') [start, pieces, within] = [event, [], []];
    else if (event.type === 'messageChunk') pieces.push(event.chunk);
    else if (event.type === 'messageEnd') {
      // Control frames may come before a message starts or within it: that depends on when its first byte comes.
      result.push(...within, start, joinPieces(pieces));
      [start, within] = [undefined, []];
    } else if (start !== undefined) within.push(event.type === 'closed' ? 'closed' : event);
    else result.push(event.type === 'closed' ? 'closed' : event);
  }
  return [...result, ...within];
}

function joinPieces(pieces: readonly (string | Uint8Array)[]): unknown {
  if (typeof pieces[0] === 'string') return pieces.join('');
  return Buffer.concat(pieces as Uint8Array[]).toString('hex');
}
