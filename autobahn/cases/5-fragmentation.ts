import type { Case, FrameOptions, Seen, Step } from '../case.ts';
import {
  NORMAL,
  closeAfter,
  failAfter,
  failedWith,
  more,
  ping,
  pong,
  seenPong,
  seenText,
  text,
  wait,
} from '../case.ts';

const WAYS: readonly { how: string; options: FrameOptions }[] = [
  { how: 'in one piece', options: {} },
  { how: 'frame by frame', options: { alone: true } },
  { how: 'octet by octet', options: { chop: 1 } },
];

const first = (payload: string, options?: FrameOptions): Step => text(payload, { ...options, fin: false });
const next = (payload: string, options?: FrameOptions): Step => more(payload, { ...options, fin: false });

/** 5: fragmentation (RFC 6455 §5.4). */
export const fragmentation: Case[] = [
  wrong('5.1', 'A ping in two fragments.', [ping('fragment1', { fin: false }), more('fragment2')]),
  wrong('5.2', 'A pong in two fragments.', [pong('fragment1', { fin: false }), more('fragment2')]),
  ...WAYS.map(({ how, options }, i) =>
    right(
      `5.${3 + i}`,
      `A text message in two fragments, ${how}.`,
      [first('fragment1', options), more('fragment2', options), closeAfter(1)],
      [seenText('fragment1fragment2')],
    ),
  ),
  ...WAYS.map(({ how, options }, i) =>
    right(
      `5.${6 + i}`,
      `A text message in two fragments, a ping between them, ${how}.`,
      [first('fragment1', options), ping('ping payload', options), more('fragment2', options), closeAfter(1)],
      [seenPong('ping payload'), seenText('fragment1fragment2')],
    ),
  ),
  ...[true, false].flatMap((fin, k) =>
    WAYS.map(({ how, options }, i) =>
      wrong(
        `5.${9 + 3 * k + i}`,
        `A continuation frame with FIN ${fin ? 'set' : 'clear'} and nothing to continue, then a text message, ${how}.`,
        [more('non-continuation payload', { ...options, fin }), text('Hello, world!', options)],
      ),
    ),
  ),
  {
    ...wrong(
      '5.15',
      'A text message in two fragments, a continuation frame with FIN clear and nothing to continue, a text message.',
      [first('fragment1'), more('fragment2'), next('fragment3'), text('fragment4')],
      { ok: [seenText('fragment1fragment2')], nonStrict: [] },
    ),
    expectation: 'The first message comes back, then the connection is failed with 1002.',
  },
  ...[false, true].map((fin, i) =>
    wrong(
      `5.${16 + i}`,
      `Twice: a continuation frame with FIN ${fin ? 'set' : 'clear'} and nothing to continue, a message in two fragments.`,
      Array.from({ length: 2 }, () => [more('fragment1', { fin }), first('fragment2'), more('fragment3')]).flat(),
    ),
  ),
  wrong('5.18', 'A text message in two fragments, both with the opcode of text.', [
    first('fragment1'),
    text('fragment2'),
  ]),
  interleaved('5.19', 'in one piece each', {}),
  interleaved('5.20', 'frame by frame', { alone: true }),
];

function right(id: string, description: string, steps: readonly Step[], ok: readonly Seen[]): Case {
  return {
    id,
    description,
    expectation: 'Pings are answered at once, the message comes back whole; clean close with 1000.',
    conduct: { kind: 'exchange', steps: () => steps, ok },
    closing: NORMAL,
  };
}

function wrong(
  id: string,
  description: string,
  steps: readonly Step[],
  seen: { ok: readonly Seen[]; nonStrict?: readonly Seen[] } = { ok: [] },
): Case {
  return {
    id,
    description,
    expectation: 'The connection is failed at once with 1002.',
    conduct: { kind: 'exchange', steps: () => [...steps, failAfter(1)], ...seen },
    closing: failedWith(1002),
  };
}

function interleaved(id: string, how: string, options: FrameOptions): Case {
  const steps = [
    first('fragment1', options),
    next('fragment2', options),
    ping('pongme 1!', options),
    wait(1),
    next('fragment3', options),
    next('fragment4', options),
    ping('pongme 2!', options),
    more('fragment5', options),
    closeAfter(1),
  ];
  const whole = 'fragment1fragment2fragment3fragment4fragment5';
  return right(
    id,
    `Two fragments of a text message and a ping; a second later two more, a ping, and the last fragment; ${how}.`,
    steps,
    [seenPong('pongme 1!'), seenPong('pongme 2!'), seenText(whole)],
  );
}
