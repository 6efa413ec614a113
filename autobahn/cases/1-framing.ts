import type { Case, Step } from '../case.ts';
import { NORMAL, binary, failAfter, repeated, seenBinary, seenText, text } from '../case.ts';

/** The sizes around each form of a frame's length, and how long the echo may take. */
const SIZES = [
  { size: 0, seconds: 1 },
  { size: 125, seconds: 1 },
  { size: 126, seconds: 1 },
  { size: 127, seconds: 1 },
  { size: 128, seconds: 1 },
  { size: 65535, seconds: 10 },
  { size: 65536, seconds: 10 },
  { size: 65536, seconds: 10, chop: 997 },
];

const KINDS = [
  { name: 'text', pattern: '*', send: text, seen: seenText },
  { name: 'binary', pattern: Uint8Array.of(0xfe), send: binary, seen: seenBinary },
];

/** 1: messages of one frame come back, whatever their size. */
export const framing: Case[] = KINDS.flatMap(({ name, pattern, send, seen }, kind) =>
  SIZES.map(({ size, seconds, chop }, i): Case => {
    const payload = repeated(pattern, size);
    const steps: Step[] = [send(payload, { chop }), failAfter(seconds)];
    return {
      id: `1.${kind + 1}.${i + 1}`,
      description: `A ${name} message of ${size} octets${chop === undefined ? '' : `, in chops of ${chop} octets`}.`,
      expectation: 'The message comes back as it was sent; clean close with 1000.',
      conduct: { kind: 'exchange', steps: () => steps, ok: [seen(payload)] },
      closing: NORMAL,
    };
  }),
);
