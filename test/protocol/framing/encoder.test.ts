import { describe, expect, test } from 'vitest';
import { FrameEncoder } from '../../../protocol/framing/encoder.ts';
import { PortableMasker } from '../../../protocol/framing/masking.ts';
import type { TracedFrame } from '../../../protocol/framing/trace.ts';
import { Outbox } from '../../../protocol/memory/outbox.ts';
import { Resources } from '../../../protocol/resources.ts';
import { ASCII_SLACK, portableText, type TextCodec } from '../../../protocol/text/text-codec.ts';
import { join } from '../../support/cuts.ts';
import { frame, noise, parseFrames, utf8 } from '../../support/frames.ts';
import { countingRandom } from '../../support/noting.ts';

/** Where the forms of the length change, and the ways that a payload takes: RFC 6455 §5.2, and the encoder's limits. */
const LENGTHS = [
  0, 1, 31, 32, 33, 125, 126, 127, 1023, 1024, 1025, 4095, 4096, 4097, 32_768, 32_769, 65_535, 65_536, 70_000,
];

const ROLES = [
  ['a server', false],
  ['a client', true],
] as const;

/** A codec that looks at text once: what it writes of one that is not ASCII fills all the room that it has, with nonsense. */
const atOnce: TextCodec = {
  ...portableText,
  encodeAscii(text, bytes, at) {
    const isAscii = portableText.byteLength(text) === text.length;
    if (isAscii) portableText.encode(text, bytes, at);
    else bytes.fill(0xdd, at, at + text.length + ASCII_SLACK);
    return isAscii;
  },
};

interface Options {
  readonly text?: TextCodec;
  readonly slabSize?: number;
  readonly random?: (bytes: Uint8Array) => void;
}

/** An encoder with an outbox, and what it asked of its surroundings. Its memory is dirty, and a server masks nothing. */
function makeEncoder(mask: boolean, { text = portableText, slabSize, random }: Options = {}) {
  const asked: number[] = [];
  const traced: TracedFrame[] = [];
  const masker = new PortableMasker();
  const resources = new Resources({
    random: random ?? countingRandom(),
    text,
    masker: mask ? masker : { apply: () => expect.unreachable(), copy: () => expect.unreachable() },
    slab: new Uint8Array(4096).fill(0xee),
    allocate: (size) => {
      asked.push(size);
      return new Uint8Array(size).fill(0xee);
    },
    ...(slabSize === undefined ? {} : { slabSize }),
  });
  const encoder = new FrameEncoder(resources, mask, (one) => traced.push(one));
  const outbox = new Outbox(resources);
  return { encoder, outbox, asked, traced, taken: () => join(...outbox.take()) };
}

function expectSame(got: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(got, expected) !== 0) expect(got).toEqual(expected);
}

describe.each(ROLES)('a frame of %s', (_, mask) => {
  test.each(LENGTHS)(
    'has the shortest length and the payload, masked for a client alone: %i bytes (§5.2)',
    (length) => {
      const { encoder, outbox, taken } = makeEncoder(mask);
      const payload = noise(length);
      encoder.bytes(outbox, 2, payload, true, false);
      const [only, ...more] = parseFrames(taken());
      expect(more).toEqual([]);
      expect(only).toMatchObject({ opcode: 2, fin: true, rsv1: false, masked: mask });
      expectSame(only.payload, payload);
      expectSame(payload, noise(length)); // the caller's bytes are never changed
    },
  );

  const CODECS = [portableText, atOnce].flatMap((text) => LENGTHS.map((length) => [length, text] as const));

  test.each(CODECS)('has a text of %i bytes as it has bytes', (length, codec) => {
    const { encoder, outbox, taken } = makeEncoder(mask, { text: codec });
    const texts = ['a'.repeat(length), `${'é'.repeat(length >> 1)}${'b'.repeat(length & 1)}`];
    if (length >= 4) texts.push(`${'a'.repeat(length - 4)}😀`);
    if (length >= 3) texts.push('漢'.repeat(Math.floor(length / 3)));
    for (const text of texts) {
      encoder.text(outbox, 1, text, true);
      const [only, ...more] = parseFrames(taken());
      expect(more).toEqual([]);
      expect(only).toMatchObject({ opcode: 1, fin: true, rsv1: false, masked: mask });
      expectSame(only.payload, utf8(text));
    }
  });

  test('has a text with the last character of ASCII, and the first beyond it, as it has bytes', () => {
    const { encoder, outbox, taken } = makeEncoder(mask);
    for (const text of ['\x7f', '\x80', 'a\x80b'.repeat(10), 'a\x80b'.repeat(11)]) {
      encoder.text(outbox, 1, text, true);
      expectSame(parseFrames(taken())[0].payload, utf8(text));
    }
  });

  test('begins with FIN, RSV1 and the opcode as they were asked for', () => {
    const { encoder, outbox, taken } = makeEncoder(mask);
    for (const opcode of [0, 1, 2, 8, 9, 10]) {
      for (const fin of [false, true]) {
        for (const rsv1 of [false, true]) {
          encoder.bytes(outbox, opcode, Uint8Array.of(1), fin, rsv1);
          expect(parseFrames(taken())).toMatchObject([{ opcode, fin, rsv1 }]);
        }
        encoder.text(outbox, opcode, 'a', fin);
        encoder.text(outbox, opcode, 'a'.repeat(2000), fin);
        encoder.text(outbox, opcode, 'a'.repeat(40_000), fin);
        expect(parseFrames(taken())).toMatchObject(new Array(3).fill({ opcode, fin, rsv1: false }));
      }
    }
  });

  test('is whole where a slab ends, whatever fills it', () => {
    for (const text of ['', 'a', '漢', 'a'.repeat(125), 'é'.repeat(63), '漢'.repeat(300), 'é'.repeat(1100)]) {
      const { encoder, outbox, taken } = makeEncoder(mask, { slabSize: 4096 });
      const bytes = utf8(text);
      const count = Math.ceil(10_000 / (bytes.length + 2));
      for (let i = 0; i < count; i++) {
        encoder.text(outbox, 1, text, true);
        encoder.bytes(outbox, 2, bytes, true, false);
        encoder.bytes(outbox, 9, Uint8Array.of(i), true, false); // so that the frames end everywhere
        if (i % 3 === 0) encoder.bytes(outbox, 2, noise(1025), true, false);
      }
      const payloads = parseFrames(taken()).filter(({ payload }) => payload.length !== 1 && payload.length !== 1025);
      for (const { payload } of payloads) expectSame(payload, bytes);
      if (bytes.length !== 1) expect(payloads).toHaveLength(2 * count);
    }
  });

  test('is traced as it is sent', () => {
    const { encoder, outbox, traced } = makeEncoder(mask);
    encoder.bytes(outbox, 2, noise(3), false, true);
    encoder.text(outbox, 1, 'é', true);
    encoder.bytes(outbox, 0, noise(2000), true, false);
    expect(traced).toEqual([
      { sent: true, opcode: 2, fin: false, rsv1: true, length: 3 },
      { sent: true, opcode: 1, fin: true, rsv1: false, length: 2 },
      { sent: true, opcode: 0, fin: true, rsv1: false, length: 2000 },
    ]);
  });

  test('with a payload of up to 4,096 bytes leaves these to the caller at once', () => {
    const { encoder, outbox, taken } = makeEncoder(mask);
    const payload = noise(4096);
    encoder.bytes(outbox, 2, payload, true, false);
    payload.fill(0);
    expectSame(parseFrames(taken())[0].payload, noise(4096));
  });

  test('with text of up to 32 KiB needs no memory but the slab, and with more just its length', () => {
    const { encoder, outbox, asked } = makeEncoder(mask);
    encoder.text(outbox, 1, 'é'.repeat(1024), true);
    encoder.text(outbox, 1, 'é'.repeat(16 * 1024), true);
    expect(asked).toEqual([]);
    encoder.text(outbox, 1, `${'é'.repeat(16 * 1024)}a`, true);
    expect(asked).toEqual([32 * 1024 + 1]);
  });
});

describe.each(ROLES)('long ASCII of %s, where the codec can tell in one pass', (_, mask) => {
  const onePass: TextCodec = {
    ...portableText,
    byteLength: () => expect.unreachable('measured'),
    encodeAscii(text, bytes, at) {
      // What is promised to codecs that write several bytes at a time.
      expect(bytes.length - at).toBeGreaterThanOrEqual(text.length + ASCII_SLACK);
      return portableText.encode(text, bytes, at) === text.length;
    },
  };

  test('is not looked at twice, and needs no memory but the slab up to 32 KiB', () => {
    for (const length of [1025, 32 * 1024, 32 * 1024 + 1]) {
      const { encoder, outbox, asked, taken } = makeEncoder(mask, { text: onePass });
      encoder.text(outbox, 1, 'a'.repeat(length), true);
      expectSame(parseFrames(taken())[0].payload, utf8('a'.repeat(length)));
      expect(asked).toEqual(length > 32 * 1024 ? [length + ASCII_SLACK] : []);
    }
  });

  test('has room for what a codec may write beyond it, wherever the slab ends', () => {
    const text = 'a'.repeat(1100);
    for (let before = 2900; before < 3000; before++) {
      const { encoder, outbox, taken } = makeEncoder(mask, { text: onePass, slabSize: 4096 });
      encoder.bytes(outbox, 2, noise(before), true, false);
      encoder.text(outbox, 1, text, true);
      expect(parseFrames(taken()).map(({ payload }) => payload.length)).toEqual([before, 1100]);
    }
  });
});

describe('a server', () => {
  test('sends more than 4,096 bytes from where they lie', () => {
    const { encoder, outbox, asked } = makeEncoder(false);
    const payload = noise(5000);
    encoder.bytes(outbox, 2, payload, true, false);
    expect(outbox.take()[1]).toBe(payload);
    expect(asked).toEqual([]);
    const small = noise(4097);
    encoder.bytes(outbox, 2, small, true, false);
    small.fill(7); // what the caller is told not to do, to see where they lie
    expect(parseFrames(join(...outbox.take()))[0].payload).toEqual(small);
  });
});

describe('a client', () => {
  test('leaves any payload to the caller at once, and takes memory of its length for a long one', () => {
    const { encoder, outbox, taken, asked } = makeEncoder(true);
    const payload = noise(5000);
    encoder.bytes(outbox, 2, payload, true, false);
    payload.fill(0);
    expect(asked).toEqual([5000]);
    expectSame(parseFrames(taken())[0].payload, noise(5000));
  });

  test('sends the key as it came from the random source, with a fresh one for each frame (§5.3)', () => {
    const { encoder, outbox, taken } = makeEncoder(true, { random: countingRandom() });
    const headers: Uint8Array[] = [];
    for (const payload of [noise(5), noise(2000), noise(5)]) {
      encoder.bytes(outbox, 2, payload, true, false);
      headers.push(taken());
    }
    encoder.text(outbox, 1, 'a', true);
    headers.push(taken());
    encoder.text(outbox, 1, 'a'.repeat(40_000), true);
    headers.push(taken());
    const keys = headers.map((bytes) => {
      const at = [2, 4, 10][[126, 127].indexOf(bytes[1] & 0x7f) + 1];
      return bytes.subarray(at, at + 4);
    });
    const bytes = [1, 2, 3, 4, 5].map((nth) => Uint8Array.of(4 * nth - 3, 4 * nth - 2, 4 * nth - 1, 4 * nth));
    expect(keys).toEqual(bytes);
  });

  test('masks with keys whose bytes have their top bits set as with all others', () => {
    const random = (bytes: Uint8Array): unknown => bytes.fill(0xf1);
    const { encoder, outbox, taken } = makeEncoder(true, { random });
    encoder.bytes(outbox, 2, noise(70), true, false);
    const bytes = taken();
    expect([...bytes.subarray(2, 6)]).toEqual([0xf1, 0xf1, 0xf1, 0xf1]);
    expectSame(parseFrames(bytes)[0].payload, noise(70));
  });
});

describe('a frame that was encoded before', () => {
  const texts = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(1020), 'e'.repeat(1021), 'f'.repeat(65_536)];
  const prepared = texts.map((text) => frame({ opcode: 1, payload: text }));

  test('is sent as it is, alone and behind others', () => {
    for (const one of prepared) {
      const { encoder, outbox, taken } = makeEncoder(false);
      encoder.encoded(outbox, one);
      expectSame(taken(), one);
      encoder.bytes(outbox, 9, Uint8Array.of(1), true, false);
      encoder.encoded(outbox, one);
      encoder.encoded(outbox, one);
      const ping = frame({ opcode: 9, payload: [1] });
      expectSame(taken(), join(ping, one, one));
    }
  });

  test('goes by reference when it is alone, and when it is longer than 4,096 bytes', () => {
    const { encoder, outbox } = makeEncoder(false);
    encoder.encoded(outbox, prepared[1]);
    expect(outbox.take()[0]).toBe(prepared[1]);
    const [short, long] = [frame({ opcode: 2, payload: noise(4092) }), frame({ opcode: 2, payload: noise(4093) })];
    for (const one of [short, long]) {
      encoder.bytes(outbox, 9, noise(100), true, false);
      encoder.encoded(outbox, one);
      const is = one.slice();
      one.fill(0); // what nobody does, to see where they lie
      const sent = join(...outbox.take()).subarray(102);
      expectSame(sent, one === short ? is : one);
    }
  });

  test('is whole where a slab ends', () => {
    const { encoder, outbox, taken } = makeEncoder(false, { slabSize: 4096 });
    for (let i = 0; i < 50; i++) {
      encoder.bytes(outbox, 9, noise(i), true, false);
      encoder.encoded(outbox, prepared[3]);
    }
    const sent = parseFrames(taken()).filter(({ opcode }) => opcode === 1);
    expect(sent).toHaveLength(50);
    for (const { payload } of sent) expectSame(payload, utf8(texts[3]));
  });

  test('is traced with the length that its header gives', () => {
    const { encoder, outbox, traced } = makeEncoder(false);
    for (const one of prepared) encoder.encoded(outbox, one);
    expect(traced.map(({ length }) => length)).toEqual(texts.map((text) => text.length));
    expect(traced[0]).toEqual({ sent: true, opcode: 1, fin: true, rsv1: false, length: 0 });
  });
});
