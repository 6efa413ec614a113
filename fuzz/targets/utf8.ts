import * as fc from 'fast-check';
import { Utf8Validator } from '../../protocol/text/utf8-validator.ts';
import { portableText, type TextCodec } from '../../protocol/text/text-codec.ts';
import { readBuffer, resources } from '../../drivers/node/internals/resources.ts';
import { text as nodeText } from '../../drivers/node/internals/native-text.ts';
import { assert, assertSame, type Target } from '../support/target.ts';
import { anyEdit, anyText, type Edit, edit } from '../support/wire.ts';

interface Input {
  readonly bytes: Uint8Array;
  readonly edits: readonly Edit[];
  /** How long the pieces are. */
  readonly size: number;
  /** Any string, lone surrogates included. */
  readonly text: string;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const CODECS: readonly (readonly [string, TextCodec])[] = [
  ['portable', portableText],
  ['node', nodeText],
  // As sockets have it, with the bytes where they are read to.
  ['beside the masker', resources.text],
];

/** Our UTF-8, in pieces and whole, is that of TextDecoder and TextEncoder. */
export const utf8: Target<Input> = {
  name: 'utf8',
  claim: 'UTF-8 is what TextDecoder, fatal, says it is',
  runs: 6000,
  arbitrary: fc.record({
    bytes: fc.oneof(
      anyText.map((it) => encoder.encode(it)),
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(
          fc.constantFrom(
            0x00,
            0x7f,
            0x80,
            0x8f,
            0x90,
            0x9f,
            0xa0,
            0xbf,
            0xc1,
            0xc2,
            0xe0,
            0xed,
            0xef,
            0xf0,
            0xf4,
            0xf5,
          ),
        )
        .map((it) => Uint8Array.from(it)),
    ),
    edits: fc.array(anyEdit, { maxLength: 2 }),
    size: fc.integer({ min: 1, max: 9 }),
    text: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('a', 'ß', '€', '\ud83d', '\ude00', '\udfff', '\ud800')).map((it) => it.join('')),
    ),
  }),
  check(input) {
    const bytes = edit(input.bytes, input.edits);
    const expected = decode(bytes);
    const { text } = input;
    for (const [name, codec] of CODECS) {
      const padded = codec === resources.text ? readBuffer : new Uint8Array(bytes.length + 2);
      padded.set([0xbf, ...bytes, 0x80]);
      assertSame(codec.decode(padded, 1, bytes.length + 1), expected, `${name}: decode`);
      assertSame(codec.isValid(padded, 1, bytes.length + 1), expected !== undefined, `${name}: isValid`);
      const validator = new Utf8Validator(codec);
      const canGoOn = streaming();
      let isValid = true;
      for (let at = 0; isValid && at < bytes.length; at += input.size) {
        const end = Math.min(bytes.length, at + input.size);
        isValid = validator.push(bytes, at, end);
        // §8.1: it fails at the first bad byte, neither later nor sooner.
        assert(isValid === canGoOn(bytes.subarray(at, end)), `${name}: the first ${end} bytes are judged wrong`);
      }
      assert((isValid && validator.isComplete) === (expected !== undefined), `${name}: in pieces it is judged wrong`);
      const encoded = encoder.encode(text);
      const room = new Uint8Array(codec.byteLength(text) + 1);
      const written = codec.encode(text, room, 1);
      assertSame(room.subarray(1, 1 + written), encoded, `${name}: encode`);
      assert(written + 1 === room.length, `${name}: byteLength`);
    }
  },
};

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Tells of piece after piece whether all of them so far can begin a valid text. */
function streaming(): (piece: Uint8Array) => boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (piece) => {
    try {
      decoder.decode(piece, { stream: true });
      return true;
    } catch {
      return false;
    }
  };
}
