import type { Case, ExpectedClosing, Step } from '../case.ts';
import {
  NORMAL,
  close,
  closeFrame,
  failAfter,
  message,
  more,
  octets,
  ping,
  repeated,
  seenText,
  text,
} from '../case.ts';
import { TEXT } from '../frames.ts';

const HELLO = 'Hello World!';
const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const NOT_UTF8 = octets('cebae1bdb9cf83cebcceb5 eda080 656469746564');

/** The suite's Close is wrong: the peer answers with 1002, or drops the connection. */
const REFUSED: ExpectedClosing = { byMe: true, codes: [1002], clean: false };

/** 7: the closing handshake (RFC 6455 §5.5.1, §7). */
export const closing: Case[] = [
  {
    id: '7.1.1',
    description: 'A text message; a Close once it has come back.',
    expectation: 'The message comes back; clean close with 1000.',
    conduct: { kind: 'exchange', steps: () => [text(HELLO), failAfter(1)], ok: [seenText(HELLO)] },
    closing: NORMAL,
    codeMatters: true,
  },
  afterClose('7.1.2', 'Two Close frames.', [close(1000), closeFrame()]),
  afterClose('7.1.3', 'A Close, then a ping.', [close(1000), ping()]),
  afterClose('7.1.4', 'A Close, then a text message.', [close(1000), text(HELLO)]),
  afterClose('7.1.5', 'The first fragment of a message, a Close, then the last fragment.', [
    text('fragment1', { fin: false }),
    close(1000),
    more('fragment2'),
  ]),
  {
    id: '7.1.6',
    description: 'A text message of 256 KiB, a short one, a Close and a ping, back to back.',
    expectation: 'Whether the messages come back before the Close is up to the implementation.',
    conduct: {
      kind: 'exchange',
      steps: () => [text(repeated('BAsd7&jh23', 256 * 1024)), text(HELLO), close(1000), ping(), failAfter(1)],
      ok: [seenText(HELLO)],
      nonStrict: [],
      leavesClosing: true,
    },
    closing: NORMAL,
    informational: {
      ok: 'The short message came back before the Close, the long one did not.',
      nonStrict: 'The Close was answered before any message.',
      failed: 'Messages came back, and not just the short one.',
    },
  },
  closeWith('7.3.1', 'A Close without a body.', close(), NORMAL),
  closeWith('7.3.2', 'A Close with a body of one octet.', close(undefined, 'a'), REFUSED),
  closeWith('7.3.3', 'A Close with a code.', close(1000), NORMAL),
  closeWith('7.3.4', 'A Close with a code and a reason.', close(1000, HELLO), NORMAL),
  closeWith(
    '7.3.5',
    'A Close with a reason of 123 octets, the most it may have.',
    close(1000, '*'.repeat(123)),
    NORMAL,
  ),
  closeWith('7.3.6', 'A Close with a reason of 124 octets: 126 altogether.', close(1000, '*'.repeat(124)), REFUSED),
  closeWith('7.5.1', 'A Close with a reason that is not UTF-8.', close(1000, NOT_UTF8), {
    byMe: true,
    codes: [1002, 1007],
    clean: false,
  }),
  ...VALID_CODES.map((code, i) =>
    closeWith(`7.7.${i + 1}`, `A Close with the valid code ${code}.`, close(code), {
      byMe: true,
      codes: [1000, code],
      clean: true,
    }),
  ),
  ...INVALID_CODES.map((code, i) =>
    closeWith(`7.9.${i + 1}`, `A Close with the invalid code ${code}.`, close(code), REFUSED),
  ),
  ...[5000, 65535].map((code, i): Case => {
    const finding = 'RFC 6455 does not say what a peer makes of this code.';
    return {
      ...closeWith(`7.13.${i + 1}`, `A Close with the code ${code}.`, close(code), {
        byMe: true,
        codes: [1000, code, 1002],
        clean: false,
      }),
      expectation: finding,
      codeMatters: false,
      informational: { ok: finding, nonStrict: finding, failed: finding },
    };
  }),
];

function afterClose(id: string, description: string, steps: readonly Step[]): Case {
  return {
    id,
    description,
    expectation: 'What follows the Close is ignored; clean close with 1000.',
    conduct: { kind: 'exchange', steps: () => [...steps, failAfter(1)], ok: [], leavesClosing: true },
    closing: NORMAL,
    codeMatters: true,
  };
}

function closeWith(id: string, description: string, step: Step, expected: ExpectedClosing): Case {
  const codes = expected.codes.join(' or ');
  return {
    id,
    description,
    expectation: expected.clean
      ? `Clean close with ${codes} or without a code.`
      : `The connection is closed with ${codes}, or dropped.`,
    conduct: { kind: 'exchange', steps: () => [step, failAfter(1)], ok: [], leavesClosing: true },
    closing: expected,
    codeMatters: true,
  };
}

/** 10: a message that is fragmented on its way out. */
export const autoFragmentation: Case[] = [
  {
    id: '10.1.1',
    description: 'A text message of 65536 octets in fragments of 1300.',
    expectation: 'The message comes back; clean close with 1000.',
    conduct: {
      kind: 'exchange',
      steps: () => [message(TEXT, '*'.repeat(65536), 1300), failAfter(10)],
      ok: [seenText('*'.repeat(65536))],
    },
    closing: NORMAL,
    framesSent: { 0: 50, 1: 1 },
  },
];
