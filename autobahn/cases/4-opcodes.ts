import type { Case, FrameOptions } from '../case.ts';
import { failAfter, failedWith, frame, ping, seenText, text } from '../case.ts';

const HELLO = 'Hello, world!';
const PAYLOAD = 'reserved opcode payload';

/** 4: an opcode that means nothing fails the connection (RFC 6455 §5.2). 4.1: 3 to 7; 4.2: 11 to 15. */
export const opcodes: Case[] = [3, 11].flatMap((first, i) => {
  const kind = first < 8 ? 'non-control' : 'control';
  const id = (number: number): string => `4.${i + 1}.${number}`;
  return [
    alone(id(1), kind, first, ''),
    alone(id(2), kind, first + 1, PAYLOAD),
    between(id(3), kind, first + 2, '', {}),
    between(id(4), kind, first + 3, HELLO, {}),
    between(id(5), kind, first + 4, HELLO, { chop: 1 }),
  ];
});

function alone(id: string, kind: string, opcode: number, payload: string): Case {
  return {
    id,
    description: `A frame with the reserved ${kind} opcode ${opcode}${payload === '' ? '' : ' and a payload'}.`,
    expectation: 'The connection is failed at once with 1002.',
    conduct: { kind: 'exchange', steps: () => [frame(opcode, payload), failAfter(1)], ok: [] },
    closing: failedWith(1002),
  };
}

function between(id: string, kind: string, opcode: number, payload: string, options: FrameOptions): Case {
  const what = `a frame with the reserved ${kind} opcode ${opcode}${payload === '' ? '' : ' and a payload'}`;
  return {
    id,
    description: `A text message, ${what}, and a ping${options.chop === 1 ? ', octet by octet' : ''}.`,
    expectation: 'The message comes back, then the connection is failed with 1002; no pong.',
    conduct: {
      kind: 'exchange',
      steps: () => [text(HELLO, options), frame(opcode, payload, options), ping('', options), failAfter(1)],
      ok: [seenText(HELLO)],
      nonStrict: [],
    },
    closing: failedWith(1002),
  };
}
