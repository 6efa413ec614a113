/** The claim of `split`: whatever the bytes are, and wherever they are cut, they come to the same. */
import type { Event } from '../../protocol/index.ts';
import { limitsOf, openSubject, type Role, type SubjectOptions } from './subject.ts';
import { assertSame } from './target.ts';

/** What sort of connection reads the bytes, and how its sink goes about it. */
export interface Manner {
  readonly role: Role;
  readonly deflate: boolean;
  readonly small: boolean;
  /** Every message is asked for in pieces. */
  readonly streamed: boolean;
  /** The sink pauses at every message; it goes on when all bytes have come. */
  readonly pausing: boolean;
}

/** All that must not depend on the cuts. */
export interface Outcome {
  /** What the connection sent. */
  readonly sent: Uint8Array;
  readonly events: readonly unknown[];
  readonly error: string;
  readonly [other: string]: unknown;
}

/** Byte by byte finds most; long streams would take most of the time. */
const MOST_BY_BYTE = 2000;

/**
 * Reads the wire whole, by the lane and without it, cut at these offsets and, unless it is long, byte by byte, each time to
 * the end of the connection (`Subject.finish`). Throws where these differ; returns what all came to.
 */
export function assertSplits(
  manner: Manner,
  wire: Uint8Array,
  cuts: readonly number[],
  mostByByte = MOST_BY_BYTE,
): Outcome {
  const whole = outcome(manner, wire, []);
  assertSame(outcome(manner, wire, cuts), whole, 'cut at random');
  if (wire.length <= mostByByte) {
    const all = Array.from({ length: wire.length }, (_, i) => i + 1);
    assertSame(outcome(manner, wire, all), whole, 'cut into bytes');
  }
  // What is traced goes without the lane for messages that are one whole frame.
  assertSame(outcome(manner, wire, [], { trace: () => {} }), whole, 'without the lane');
  const inTurns = outcome(manner, wire, cuts, { turnBudget: 1 });
  // A streamed message that is inflated a turn later lets pings and pongs go before it, and fails a turn later.
  if (!manner.streamed) assertSame(inTurns, whole, 'cut at random, a frame a turn');
  else if (!whole.error.startsWith('ProtocolError 1007'))
    assertSame(withoutPings(inTurns), withoutPings(whole), 'cut at random, a frame a turn');
  return whole;
}

function outcome(input: Manner, wire: Uint8Array, cuts: readonly number[], options: SubjectOptions = {}): Outcome {
  const subject = openSubject(input.role, input.deflate, {
    ...limitsOf(input.small),
    turnBudget: 0,
    ...options,
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
    subject.takeTurns();
    subject.connection.resume(subject.now);
    subject.collect();
  }
  subject.takeTurns();
  const { phase, transportAction } = subject.connection;
  const before = { phase, transportAction, nextTimeout: subject.connection.nextTimeout() };
  subject.finish();
  const { error, ...info } = subject.connection.closeInfo!;
  const text = error === undefined ? 'none' : `${error.name} ${error.code} ${error.message}`;
  return { ...before, info, error: text, sent: subject.sent, events: normalise(subject.events) };
}

function withoutPings({ events, ...rest }: Outcome): unknown {
  return { ...rest, events: events.filter((event) => !/^p[io]ng$/.test((event as Event).type)) };
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
