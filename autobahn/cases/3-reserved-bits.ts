import type { Case, FrameOptions, Step } from '../case.ts';
import { binary, closeFrame, failAfter, failedWith, octets, ping, seenText, text } from '../case.ts';

const HELLO = 'Hello, world!';

/** 3: a reserved bit that no extension has given a meaning fails the connection (RFC 6455 §5.2). */
export const reservedBits: Case[] = [
  alone('3.1', 'A text message with RSV 1.', text(HELLO, { rsv: 1 })),
  between('3.2', 2, 'in one piece', {}),
  between('3.3', 3, 'frame by frame', { alone: true }),
  between('3.4', 4, 'octet by octet', { chop: 1 }),
  alone('3.5', 'A binary message with RSV 5.', binary(octets('00 ff fe fd fc fb 00 ff'), { rsv: 5 })),
  // Its official description says ping; what is sent is a binary message.
  alone('3.6', 'A binary message with RSV 6.', binary(HELLO, { rsv: 6 })),
  alone('3.7', 'A Close with RSV 7.', closeFrame('', { rsv: 7 })),
];

function alone(id: string, description: string, step: Step): Case {
  return {
    id,
    description,
    expectation: 'The connection is failed at once with 1002.',
    conduct: { kind: 'exchange', steps: () => [step, failAfter(1)], ok: [] },
    closing: failedWith(1002),
  };
}

function between(id: string, rsv: number, how: string, options: FrameOptions): Case {
  return {
    id,
    description: `A text message, the same with RSV ${rsv}, and a ping, ${how}.`,
    expectation: 'The first message comes back, then the connection is failed with 1002; no pong.',
    conduct: {
      kind: 'exchange',
      steps: () => [text(HELLO, options), text(HELLO, { ...options, rsv }), ping('', options), failAfter(1)],
      ok: [seenText(HELLO)],
      nonStrict: [],
    },
    closing: failedWith(1002),
  };
}
