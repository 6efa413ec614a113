import type { Case, Payload, Seen, Step } from '../case.ts';
import { NORMAL, close, closeAfter, failAfter, failedWith, octets, ping, pong, repeated, seenPong } from '../case.ts';

const NOT_UTF8 = octets('00 ff fe fd fc fb 00 ff');
const LONGEST = repeated(octets('fe'), 125);
const TEN = Array.from({ length: 10 }, (_, i) => `payload-${i}`);

/** 2: a ping is answered with its own payload (RFC 6455 §5.5.2), a pong with nothing (§5.5.3). */
export const pings: Case[] = [
  answered('2.1', 'A ping without a payload.', ['']),
  answered('2.2', 'A ping with a short text.', ['Hello, world!']),
  answered('2.3', 'A ping with octets that are not UTF-8.', [NOT_UTF8]),
  answered('2.4', 'A ping with 125 octets, the most it may have.', [LONGEST]),
  {
    id: '2.5',
    description: 'A ping with 126 octets.',
    expectation: 'The connection is failed at once with 1002: a control frame has at most 125 octets.',
    conduct: { kind: 'exchange', steps: () => [ping(repeated(octets('fe'), 126)), failAfter(1)], ok: [] },
    closing: failedWith(1002),
  },
  answered('2.6', 'A ping with 125 octets, octet by octet.', [LONGEST], { chop: 1, seconds: 2 }),
  unanswered('2.7', 'A pong that nobody asked for, without a payload.', ''),
  unanswered('2.8', 'A pong that nobody asked for, with a payload.', 'unsolicited pong payload'),
  {
    id: '2.9',
    description: 'A pong that nobody asked for, with a payload, and then a ping with another.',
    expectation: "A pong with the ping's payload and nothing else; clean close with 1000.",
    conduct: {
      kind: 'exchange',
      steps: () => [pong('unsolicited pong payload'), ping('ping payload'), closeAfter(1)],
      ok: [seenPong('ping payload')],
    },
    closing: NORMAL,
  },
  answered('2.10', 'Ten pings with payloads.', TEN, { seconds: 3 }),
  answered('2.11', 'Ten pings with payloads, octet by octet.', TEN, { chop: 1, seconds: 3 }),
];

function answered(
  id: string,
  description: string,
  payloads: readonly Payload[],
  { chop, seconds = 1 }: { chop?: number; seconds?: number } = {},
): Case {
  const steps: Step[] = [...payloads.map((payload) => ping(payload, { chop })), closeAfter(seconds)];
  const ok: Seen[] = payloads.map((payload) => seenPong(payload));
  return {
    id,
    description,
    // §5.5.3 lets a peer answer the latest of several pings only; the suite wants them all, as Autobahn does.
    expectation: `${payloads.length === 1 ? 'A pong' : 'Ten pongs'} with the same payload; clean close with 1000.`,
    conduct: { kind: 'exchange', steps: () => steps, ok },
    closing: NORMAL,
  };
}

function unanswered(id: string, description: string, payload: string): Case {
  return {
    id,
    description,
    expectation: 'Nothing comes back; clean close with 1000.',
    conduct: { kind: 'exchange', steps: () => [pong(payload), close(1000), closeAfter(1)], ok: [] },
    closing: NORMAL,
  };
}
