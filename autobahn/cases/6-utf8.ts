import type { Case, Payload, Seen, Step } from '../case.ts';
import {
  INVALID_TEXT,
  NORMAL,
  bytesOf,
  closeAfter,
  failAfter,
  frameHead,
  message,
  more,
  octets,
  part,
  seenText,
  seenTimeout,
  text,
  wait,
} from '../case.ts';
import { TEXT } from '../frames.ts';
import { hex } from '../wire-log.ts';
import { sequences } from './6-sequences.ts';

const MIXED = 'Hello-µ@ßöäüàá-UTF-8!!';
/** The Greek word κόσμε. */
const KOSME = octets('ce ba e1 bd b9 cf 83 ce bc ce b5');
const EDITED = octets('65 64 69 74 65 64');
/** κόσμε, a surrogate, "edited": wrong from octet 12 on. */
const WITH_SURROGATE = Uint8Array.of(...KOSME, 0xed, 0xa0, 0x80, ...EDITED);
/** κόσμε, U+110000 as UTF-8 would have it, "edited": wrong from octet 12 on. */
const BEYOND = octets('f4 90 80 80');
const WITH_BEYOND = Uint8Array.of(...KOSME, ...BEYOND, ...EDITED);

const fin = false;

/** 6: text is UTF-8 (RFC 6455 §8.1), whichever way it is cut. */
export const utf8: Case[] = [
  valid('6.1.1', 'An empty text message.', '', [text('')]),
  valid('6.1.2', 'A text message in three fragments, all empty.', '', [text('', { fin }), more('', { fin }), more('')]),
  valid('6.1.3', 'A text message in three fragments, the first and the last empty.', 'middle frame payload', [
    text('', { fin }),
    more('middle frame payload', { fin }),
    more(''),
  ]),
  valid('6.2.1', 'Valid UTF-8 in one frame.', MIXED, [message(TEXT, MIXED)]),
  valid('6.2.2', 'Valid UTF-8 in two fragments, cut between code points.', MIXED, [
    text('Hello-µ@ßöä', { fin }),
    more('üàá-UTF-8!!'),
  ]),
  valid('6.2.3', 'Valid UTF-8 in fragments of one octet.', MIXED, [message(TEXT, MIXED, 1)]),
  valid('6.2.4', 'Other valid UTF-8 in fragments of one octet.', KOSME, [message(TEXT, KOSME, 1)]),
  invalid('6.3.1', 'Invalid UTF-8 in one frame.', [message(TEXT, WITH_SURROGATE)]),
  invalid('6.3.2', 'Invalid UTF-8 in fragments of one octet.', [message(TEXT, WITH_SURROGATE, 1)]),
  ...failFast(),
  ...sequences.flatMap(({ members }, i) =>
    members.map((member, j) => sequence(`6.${5 + i}.${1 + j}`, member.payload, member.valid)),
  ),
];

function valid(id: string, description: string, payload: Payload, steps: readonly Step[]): Case {
  return {
    id,
    description: payload === '' ? description : `${description} Payload: 0x${hex(bytesOf(payload))}`,
    expectation: 'The message comes back; clean close with 1000.',
    conduct: { kind: 'exchange', steps: () => [...steps, closeAfter(1)], ok: [seenText(payload)] },
    closing: NORMAL,
  };
}

function invalid(id: string, description: string, steps: readonly Step[]): Case {
  return {
    id,
    description: `${description} Payload: 0x${hex(WITH_SURROGATE)}`,
    expectation: 'The connection is failed at once with 1007.',
    conduct: { kind: 'exchange', steps: () => [...steps, failAfter(1)], ok: [] },
    closing: INVALID_TEXT,
  };
}

/** Valid, then what makes it invalid, then the rest, a second between them: fragments, or parts of one frame. */
function failFast(): Case[] {
  const coarse = [KOSME, BEYOND, EDITED] as const;
  const fine = [WITH_BEYOND.subarray(0, 12), WITH_BEYOND.subarray(12, 13), WITH_BEYOND.subarray(13)] as const;
  const ok: Seen[] = [seenTimeout('A')];
  const nonStrict: Seen[] = [seenTimeout('A'), seenTimeout('B')];
  const build = (
    id: string,
    pieces: readonly Uint8Array[],
    what: string,
    how: string,
    steps: readonly Step[],
  ): Case => ({
    id,
    description: `Invalid UTF-8 in three ${how}, a second between them; the second ends with ${what}. ${pieces
      .map((piece, i) => `Part ${i + 1}: 0x${hex(piece)}`)
      .join(', ')}.`,
    expectation:
      'Nothing happens at the first; at the second the connection is failed with 1007. (At the third: NON-STRICT.)',
    conduct: { kind: 'exchange', steps: () => steps, ok, nonStrict },
    closing: INVALID_TEXT,
  });
  const inFragments = ([a, b, c]: typeof coarse): Step[] => [
    text(a, { fin }),
    wait(1, 'A'),
    more(b, { fin }),
    wait(1, 'B'),
    more(c),
    failAfter(1),
  ];
  const inParts = ([a, b, c]: typeof coarse): Step[] => [
    frameHead(TEXT, WITH_BEYOND.length),
    part(a),
    wait(1, 'A'),
    part(b),
    wait(1, 'B'),
    part(c),
    more(''),
    failAfter(1),
  ];
  const character = 'a code point that is none';
  const octet = 'the first octet that cannot be right';
  return [
    build('6.4.1', coarse, character, 'fragments', inFragments(coarse)),
    build('6.4.2', fine, octet, 'fragments', inFragments(fine)),
    build('6.4.3', coarse, character, 'parts of one frame', inParts(coarse)),
    build('6.4.4', fine, octet, 'parts of one frame', inParts(fine)),
  ];
}

function sequence(id: string, payload: Uint8Array, isValid: boolean): Case {
  return {
    id,
    description: `Text that is ${isValid ? '' : 'not '}valid UTF-8, in one frame. Payload: 0x${hex(payload)}`,
    expectation: isValid
      ? 'The message comes back; clean close with 1000.'
      : 'The connection is failed at once with 1007.',
    conduct: {
      kind: 'exchange',
      steps: () => [message(TEXT, payload), failAfter(0.5)],
      ok: isValid ? [seenText(payload)] : [],
    },
    closing: isValid ? NORMAL : INVALID_TEXT,
  };
}
