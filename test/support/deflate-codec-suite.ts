/** What every DeflateCodec must do (protocol/permessage-deflate/codec.ts): the same tests for each of them. */
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
} from '../../protocol/permessage-deflate/codec.ts';
import { DeflateWriter } from './deflate-writer.ts';
import { inflateMessage, inflateOracle } from './inflate-oracle.ts';

const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
const ALL_WINDOW_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
const NO_LIMIT = Infinity;

export function describeDeflateCodec(codec: DeflateCodec): void {
  const deflater = (params: Partial<DeflaterParams> = {}): Deflater =>
    codec.createDeflater({ windowBits: 15, contextTakeover: true, level: undefined, memLevel: undefined, ...params });
  const inflater = (windowBits = 15, contextTakeover = true): Inflater =>
    codec.createInflater({ windowBits, contextTakeover });

  describe('deflater', () => {
    test('ends every call with an empty stored block (RFC 7692 §7.2.1)', () => {
      const one = deflater();
      for (const length of [1, 2, 100, 70_000]) {
        const deflated = one.deflate(words(length, length));
        expect([...deflated.subarray(-4)]).toEqual([...TAIL]);
        expect(inflateOracleAfter(deflated).atBoundary).toBe(true);
      }
      one.release();
    });

    test('sets BFINAL in no block', () => {
      const one = deflater();
      for (const level of [0, 1, 6, 9]) {
        const other = deflater({ level });
        expect(inflateOracle(other.deflate(words(5000, level))).blocks.some(({ final }) => final)).toBe(false);
        other.release();
      }
      one.release();
    });

    test('gives what an inflater written from RFC 1951 turns back into the input', () => {
      fc.assert(
        fc.property(messages, deflaterParams, (inputs, params) => {
          const one = deflater(params);
          const stream = concat(inputs.filter(isNotEmpty).map((input) => one.deflate(input).slice()));
          one.release();
          return equal(inflateOracle(stream).output, concat(inputs));
        }),
        { numRuns: 100 },
      );
    });

    test.each(ALL_WINDOW_BITS)('refers to nothing beyond a window of 2^%i bytes (RFC 7692 §7.1.2)', (windowBits) => {
      for (const memLevel of [undefined, 9]) {
        for (const level of [1, 6, 9]) {
          const one = deflater({ windowBits, level, memLevel });
          // Repeats at every distance around the window's size, within one message and from one to the next.
          const size = 1 << windowBits;
          const noise = randomBytes(size + 300, windowBits);
          const inputs = [concat([noise.subarray(0, size + 10), noise]), noise.subarray(1, 400), words(3000, level)];
          const stream = concat(inputs.map((input) => one.deflate(input).slice()));
          one.release();
          const { output, maxDistance } = inflateOracle(stream);
          expect(maxDistance).toBeLessThanOrEqual(size);
          expect(equal(output, concat(inputs))).toBe(true);
        }
      }
    });

    test('forgets everything at reset: the next message is what a new one makes of it', () => {
      const [used, fresh] = [deflater(), deflater()];
      const message = words(2000, 1);
      const first = used.deflate(message).slice();
      used.reset();
      expect(equal(used.deflate(message), first)).toBe(true);
      expect(equal(fresh.deflate(message), first)).toBe(true);
      used.release();
      fresh.release();
    });

    test('refers to earlier messages when their context is taken over', () => {
      const one = deflater();
      const message = randomBytes(1000, 1);
      one.deflate(message);
      expect(one.deflate(message).length).toBeLessThan(100);
      one.release();
    });

    test('takes messages of any length, whatever buffer it uses inside', () => {
      const one = deflater();
      const lengths = [1, 4095, 4096, 16_383, 16_384, 65_519, 65_525, 65_530, 65_531, 65_536, 131_061, 1_000_000];
      const inputs = lengths.map((length) => randomBytes(length, length));
      const reader = zlibReader(15);
      for (const input of inputs) {
        const deflated = one.deflate(input);
        expect([...deflated.subarray(-4)]).toEqual([...TAIL]);
        expect(equal(reader(deflated), input)).toBe(true);
      }
      one.release();
    });
  });

  describe('inflater', () => {
    test('inflates what zlib deflates, context taken over, with any parameters', () => {
      fc.assert(
        fc.property(messages, deflaterParams, (inputs, params) => {
          const one = inflater(params.windowBits);
          const write = zlibWriter({ ...params, windowBits: Math.max(params.windowBits, 9) });
          const same = inputs.every((input) => equal(bytesOf(one.inflate(write(input), true, input.length)), input));
          one.release();
          return same;
        }),
        { numRuns: 100 },
      );
    });

    test('inflates a message cut into any parts', () => {
      fc.assert(
        fc.property(messages, fc.array(fc.nat(3000), { maxLength: 4 }), (inputs, cuts) => {
          const one = inflater();
          const write = zlibWriter({ windowBits: 15 });
          const same = inputs.every((input) => {
            const parts = cut(write(input), cuts);
            const outputs = parts.map((part, i) => bytesOf(one.inflate(part, i === parts.length - 1, input.length)));
            return equal(concat(outputs), input);
          });
          one.release();
          return same;
        }),
        { numRuns: 100 },
      );
    });

    test('inflates a message that comes byte by byte, and at every split point', () => {
      const input = words(300, 3);
      const deflated = zlibWriter({ windowBits: 15 })(input);
      const splits = Array.from({ length: deflated.length + 1 }, (_, i) => [i]);
      for (const cuts of [Array.from({ length: deflated.length }, (_, i) => i), ...splits]) {
        const one = inflater();
        const parts = cut(deflated, cuts);
        const outputs = parts.map((part, i) => bytesOf(one.inflate(part, i === parts.length - 1, NO_LIMIT)));
        expect(equal(concat(outputs), input)).toBe(true);
        one.release();
      }
    });

    test('inflates large messages', () => {
      const one = inflater();
      const write = zlibWriter({ windowBits: 15 });
      for (const input of [words(4 << 20, 1), randomBytes(1 << 20, 2), new Uint8Array(3 << 20)]) {
        expect(equal(bytesOf(one.inflate(write(input), true, input.length)), input)).toBe(true);
      }
      one.release();
    });

    test('keeps the contexts of many connections apart', () => {
      const peers = Array.from({ length: 100 }, (_, i) => ({
        seed: i,
        one: inflater(15 - (i % 3)),
        two: deflater({ windowBits: 15 - (i % 3) }),
        write: zlibWriter({ windowBits: 15 - (i % 3) }),
        read: zlibReader(15 - (i % 3)),
      }));
      for (let round = 0; round < 4; round++) {
        for (const { seed, one, two, write, read } of peers) {
          const input = concat([words(200, seed), words(50, seed + round)]);
          expect(equal(bytesOf(one.inflate(write(input), true, NO_LIMIT)), input)).toBe(true);
          expect(equal(read(two.deflate(input)), input)).toBe(true);
          if (seed % 10 === round) two.reset();
        }
      }
      for (const { one, two } of peers) {
        one.release();
        two.release();
      }
    });

    test('keeps the messages in progress of many connections apart', () => {
      const peers = Array.from({ length: 50 }, (_, i) => {
        const input = words(2000, i);
        return { input, one: inflater(), deflated: zlibWriter({ windowBits: 15 })(input), output: [] as Uint8Array[] };
      });
      for (let part = 0; part < 5; part++) {
        for (const { one, deflated, output } of peers) {
          const step = Math.ceil(deflated.length / 5);
          output.push(bytesOf(one.inflate(deflated.subarray(part * step, (part + 1) * step), part === 4, NO_LIMIT)));
        }
      }
      for (const { input, one, output } of peers) {
        expect(equal(concat(output), input)).toBe(true);
        one.release();
      }
    });

    test('inflates an empty message (RFC 7692 §7.2.3.6)', () => {
      const one = inflater();
      expect(bytesOf(one.inflate(Uint8Array.of(0), true, 0)).length).toBe(0);
      expect(bytesOf(one.inflate(Uint8Array.of(0), true, 10)).length).toBe(0);
      one.release();
    });

    test('ends a message with an empty part', () => {
      const one = inflater();
      const first = bytesOf(one.inflate(zlibWriter({ windowBits: 15 })(words(100, 1)), false, NO_LIMIT));
      const last = bytesOf(one.inflate(new Uint8Array(0), true, NO_LIMIT));
      expect(equal(concat([first, last]), words(100, 1))).toBe(true);
      one.release();
    });

    test('takes the messages of RFC 7692 §7.2.3', () => {
      const one = inflater();
      const read = (hex: string): string => new TextDecoder().decode(bytesOf(one.inflate(fromHex(hex), true, 5)));
      // One compressed block; the same with the window; no compression; BFINAL; two blocks.
      expect(read('f248cdc9c90700')).toBe('Hello');
      expect(read('f200110000')).toBe('Hello');
      expect(read('000500faff48656c6c6f00')).toBe('Hello');
      expect(read('f348cdc9c9070000')).toBe('Hello');
      expect(read('f248050000 00ffffcac9c90700'.replace(' ', ''))).toBe('Hello');
      one.release();
    });
  });

  describe('inflater: blocks with BFINAL set (RFC 7692 §7.2.3.4)', () => {
    const text = (output: Uint8Array | InflateFault): string => new TextDecoder().decode(bytesOf(output));
    const bytes = (value: string): number[] => [...new TextEncoder().encode(value)];

    test('in the middle of a message: what follows refers to what came before', () => {
      const one = inflater();
      const message = new DeflateWriter()
        .fixed(bytes('abcdef'), true)
        .align()
        .fixed([[6, 6], 33], true)
        .align();
      expect(
        text(
          one.inflate(
            message
              .fixed([[7, 7]])
              .flush()
              .toBytes(),
            true,
            100,
          ),
        ),
      ).toBe('abcdefabcdef!abcdef!');
      one.release();
    });

    test('at its end, followed by an empty block: the next message refers to it', () => {
      const one = inflater();
      const message = new DeflateWriter().fixed(bytes('abcdef'), true).align().flush().toBytes();
      expect(text(one.inflate(message, true, 100))).toBe('abcdef');
      expect(
        text(
          one.inflate(
            new DeflateWriter()
              .fixed([[6, 6]])
              .flush()
              .toBytes(),
            true,
            100,
          ),
        ),
      ).toBe('abcdef');
      one.release();
    });

    test('at its very end', () => {
      const one = inflater();
      const message = new DeflateWriter().fixed(bytes('abcdef'), true).align().toBytes();
      expect(text(one.inflate(message, true, 100))).toBe('abcdef');
      expect(text(one.inflate(message, true, 100))).toBe('abcdef');
      expect(
        text(
          one.inflate(
            new DeflateWriter()
              .fixed([[6, 12]])
              .flush()
              .toBytes(),
            true,
            100,
          ),
        ),
      ).toBe('abcdef');
      one.release();
    });

    test('in the parts of a message, wherever it is cut', () => {
      const message = new DeflateWriter()
        .fixed(bytes('abcdef'), true)
        .align()
        .fixed([[6, 6]], true)
        .align();
      const whole = message
        .fixed([[6, 12]])
        .flush()
        .toBytes();
      for (let at = 0; at <= whole.length; at++) {
        const one = inflater(15, at % 2 === 0);
        expect(text(one.inflate(Uint8Array.of(0), true, 100))).toBe('');
        const output = text(one.inflate(whole.subarray(0, at), false, 100));
        expect(output + text(one.inflate(whole.subarray(at), true, 100))).toBe('abcdefabcdefabcdef');
        one.release();
      }
    });

    test('with every message a stream of its own', () => {
      const one = inflater(15, false);
      for (let i = 0; i < 5; i++) {
        const input = words(1000, i);
        const output = one.inflate(zlib.deflateRawSync(input), true, 1000);
        expect(equal(bytesOf(output), input)).toBe(true);
        one.reset();
      }
      one.release();
    });

    test.each([40_000, 70_000])('with a window of 32 KiB behind them, of a message of %i bytes', (length) => {
      const one = inflater();
      const input = randomBytes(length, 1);
      expect(equal(bytesOf(one.inflate(zlib.deflateRawSync(input), true, NO_LIMIT)), input)).toBe(true);
      const far = new DeflateWriter()
        .fixed([[10, 32_768]], true)
        .align()
        .fixed([[10, 32_768]])
        .flush()
        .toBytes();
      const expected = input.subarray(length - 32_768, length - 32_768 + 20);
      expect(equal(bytesOf(one.inflate(far, true, NO_LIMIT)), expected)).toBe(true);
      // At the start of a message it is not there any more.
      one.reset();
      expect(one.inflate(far, true, NO_LIMIT)).toBe(1007);
      one.release();
    });
  });

  describe('inflater: limits', () => {
    test('gives a message of the greatest length, and 1009 for one byte more', () => {
      for (const length of [1, 100, 65_535, 65_536, 65_537, 131_072, 1_000_000]) {
        for (const input of [words(length, 1), new Uint8Array(length), randomBytes(length, 1)]) {
          const deflated = zlibWriter({ windowBits: 15 })(input);
          const [one, two] = [inflater(), inflater()];
          expect(bytesOf(one.inflate(deflated, true, length)).length).toBe(length);
          expect(two.inflate(deflated, true, length - 1)).toBe(1009);
          one.release();
          two.release();
        }
      }
    });

    test('counts nothing but this part', () => {
      const one = inflater();
      const write = zlibWriter({ windowBits: 15 });
      expect(bytesOf(one.inflate(write(words(1000, 1)), true, 1000)).length).toBe(1000);
      expect(bytesOf(one.inflate(write(words(1000, 1)), true, 1000)).length).toBe(1000);
      expect(one.inflate(write(words(1000, 1)), true, 999)).toBe(1009);
      one.release();
    });

    test('stops a bomb at the limit: 1009', () => {
      const one = inflater();
      expect(one.inflate(zlibWriter({ windowBits: 15 })(new Uint8Array(64 << 20)), true, 1 << 20)).toBe(1009);
      one.release();
    });

    test('stops a bomb grown through the window: 1009', () => {
      const one = inflater();
      const write = zlibWriter({ windowBits: 15 });
      const input = randomBytes(30_000, 1);
      expect(bytesOf(one.inflate(write(input), true, 30_000)).length).toBe(30_000);
      const bomb = write(concat(Array.from({ length: 50 }, () => input)));
      expect(bomb.length).toBeLessThan(30_000);
      expect(one.inflate(bomb, true, 30_000)).toBe(1009);
      one.release();
    });
  });

  describe('inflater: invalid data is 1007', () => {
    test.each([
      ['a block of type 3', '07'],
      ['a stored block with a wrong length', '000500fafe48656c6c6f00'],
      ['a distance beyond the start', '02130000'],
      ['noise', 'deadbeefdeadbeef'],
    ])('%s', (_, hex) => {
      const one = inflater();
      expect(one.inflate(fromHex(hex), true, 1000)).toBe(1007);
      one.release();
    });

    test('a message cut short anywhere, unless what is left happens to end a block', () => {
      const whole = zlibWriter({ windowBits: 15 })(words(400, 7));
      let refused = 0;
      for (let length = 1; length < whole.length; length++) {
        const one = inflater();
        const truncated = whole.subarray(0, length);
        const expected = inflateMessage(truncated);
        const actual = one.inflate(truncated, true, NO_LIMIT);
        if (expected === undefined) expect(actual).toBe(1007);
        else expect(equal(bytesOf(actual), expected)).toBe(true);
        if (expected === undefined) refused++;
        one.release();
      }
      expect(refused).toBeGreaterThan(whole.length / 2);
    });

    test('a block that was cut short and that the tail, taken for data, happens to end', () => {
      const payload = Buffer.from('348d490e04310803df5a4ea0814cffff3a72a4be19ca0b49571501b0d001', 'hex');
      const { atBoundary, output } = inflateOracle(concat([payload, TAIL]));
      expect([atBoundary, output.length, inflateOracle(payload).output.length]).toEqual([true, 31, 19]);
      const one = inflater();
      expect(one.inflate(new Uint8Array(payload), true, NO_LIMIT)).toBe(1007);
      one.release();
    });

    test('a message that ends without the header of an empty stored block', () => {
      const one = inflater();
      // These end with a byte, so that there are no zero bits behind them that could be that header.
      const block = new DeflateWriter().fixed([200, 200, 200, 200, 200, 200]).toBytes();
      expect(one.inflate(block, true, 100)).toBe(1007);
      one.release();
    });

    test('the same as the inflater written from RFC 1951 says, for any bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
          const one = inflater();
          const expected = inflateMessage(bytes);
          const actual = one.inflate(bytes, true, NO_LIMIT);
          one.release();
          return expected === undefined ? actual === 1007 : equal(bytesOf(actual), expected);
        }),
        { numRuns: 2000 },
      );
    });

    test('the same as the inflater written from RFC 1951 says, for damaged messages', () => {
      fc.assert(
        fc.property(fc.nat(1000), fc.nat(), fc.integer({ min: 1, max: 255 }), (seed, where, flip) => {
          const one = inflater();
          const damaged = zlibWriter({ windowBits: 15 })(words(300, seed)).slice();
          damaged[where % damaged.length] ^= flip;
          const expected = inflateMessage(damaged);
          const actual = one.inflate(damaged, true, NO_LIMIT);
          one.release();
          return expected === undefined ? actual === 1007 : equal(bytesOf(actual), expected);
        }),
        { numRuns: 500 },
      );
    });

    test('a reference to the message before, when the peer has promised no context takeover', () => {
      const one = inflater(15, false);
      const write = zlibWriter({ windowBits: 15 });
      const input = randomBytes(300, 1);
      expect(equal(bytesOf(one.inflate(write(input), true, NO_LIMIT)), input)).toBe(true);
      one.reset();
      expect(one.inflate(write(input), true, NO_LIMIT)).toBe(1007);
      one.release();
    });

    test.each(ALL_WINDOW_BITS.slice(0, -1))('a reference beyond the window of 2^%i bytes promised', (windowBits) => {
      const size = 1 << windowBits;
      const noise = randomBytes(2 * size, 1);
      const [within, beyond] = [size, size + 1].map((distance) => {
        const one = inflater(windowBits);
        expect(equal(bytesOf(one.inflate(stored(noise), true, NO_LIMIT)), noise)).toBe(true);
        const output = one.inflate(
          new DeflateWriter()
            .fixed([[10, distance]])
            .flush()
            .toBytes(),
          true,
          NO_LIMIT,
        );
        one.release();
        return typeof output === 'number' ? output : bytesOf(output);
      });
      expect(equal(bytesOf(within), noise.subarray(size, size + 10))).toBe(true);
      expect(beyond).toBe(1007);
    });

    test.each(ALL_WINDOW_BITS.slice(0, -1))('the same within one message, for 2^%i bytes', (windowBits) => {
      const size = 1 << windowBits;
      const one = inflater(windowBits);
      const message = new DeflateWriter()
        .stored(randomBytes(2 * size, 1))
        .fixed([[10, 2 * size]])
        .flush()
        .toBytes();
      expect(one.inflate(message, true, NO_LIMIT)).toBe(1007);
      one.release();
    });

    test('and leaves other connections alone', () => {
      const [good, bad] = [inflater(), inflater()];
      const write = zlibWriter({ windowBits: 15 });
      const input = words(1000, 1);
      expect(equal(bytesOf(good.inflate(write(input), true, NO_LIMIT)), input)).toBe(true);
      expect(bad.inflate(fromHex('07'), true, NO_LIMIT)).toBe(1007);
      bad.release();
      expect(equal(bytesOf(good.inflate(write(input), true, NO_LIMIT)), input)).toBe(true);
      const next = inflater();
      expect(
        next.inflate(
          new DeflateWriter()
            .fixed([[10, 100]])
            .flush()
            .toBytes(),
          true,
          NO_LIMIT,
        ),
      ).toBe(1007);
      next.release();
      good.release();
    });
  });

  describe('both ends', () => {
    test('carry any messages, with any parameters', () => {
      fc.assert(
        fc.property(messages, deflaterParams, (inputs, params) => {
          const one = deflater(params);
          const two = inflater(params.windowBits, params.contextTakeover);
          const same = inputs.filter(isNotEmpty).every((input) => {
            const deflated = one.deflate(input);
            const output = two.inflate(deflated.subarray(0, deflated.length - 4), true, input.length);
            if (!params.contextTakeover) {
              one.reset();
              two.reset();
            }
            return equal(bytesOf(output), input);
          });
          one.release();
          two.release();
          return same;
        }),
        { numRuns: 100 },
      );
    });
  });
}

function inflateOracleAfter(deflated: Uint8Array): { atBoundary: boolean } {
  // Only this message, so a reference to an earlier one needs a window to look into.
  return inflateOracle(deflated, new Uint8Array(32_768));
}

/** A peer that deflates with zlib's one-shot calls: context takeover is a dictionary. Returns payloads, without tail. */
function zlibWriter(options: {
  windowBits: number;
  level?: number;
  memLevel?: number;
}): (input: Uint8Array) => Uint8Array {
  let window: Uint8Array = new Uint8Array(0);
  const { windowBits, level, memLevel } = options;
  return (input) => {
    if (input.length === 0) return Uint8Array.of(0);
    const dictionary = window.length === 0 ? undefined : window;
    const finishFlush = zlib.constants.Z_SYNC_FLUSH;
    const deflated = zlib.deflateRawSync(input, { windowBits, level, memLevel, dictionary, finishFlush });
    window = concat([window, input]).slice(-(1 << windowBits));
    return new Uint8Array(deflated.subarray(0, -4));
  };
}

/** The same for inflating; takes what a deflater gives, with the tail. */
function zlibReader(windowBits: number): (deflated: Uint8Array) => Uint8Array {
  let window: Uint8Array = new Uint8Array(0);
  return (deflated) => {
    const dictionary = window.length === 0 ? undefined : window;
    const finishFlush = zlib.constants.Z_SYNC_FLUSH;
    const output = new Uint8Array(zlib.inflateRawSync(deflated, { windowBits, dictionary, finishFlush }));
    window = concat([window, output]).slice(-(1 << windowBits));
    return output;
  };
}

function stored(data: Uint8Array): Uint8Array {
  const writer = new DeflateWriter();
  for (let at = 0; at < data.length; at += 60_000) writer.stored(data.subarray(at, at + 60_000));
  return writer.flush().toBytes();
}

/** A copy: output is lent. */
function bytesOf(output: Uint8Array | InflateFault): Uint8Array {
  if (typeof output === 'number') throw new Error(`not inflated: ${output}`);
  return new Uint8Array(output);
}

function isNotEmpty(input: Uint8Array): boolean {
  return input.length > 0;
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((one) => Math.min(one, bytes.length)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** Much faster than toEqual on large arrays. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Pseudo-random bytes: the same for the same seed. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const VOCABULARY = [
  '{"type":"message",',
  '"user":',
  '"text":',
  'hello',
  ' ',
  'world',
  '"},',
  'id',
  '42',
  'grüße',
  '日本語',
  '\n',
];

/** Text that compresses about as messages do. */
export function words(length: number, seed: number): Uint8Array {
  const noise = randomBytes(Math.ceil(length / 2) + 1, seed);
  let text = '';
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let i = 0; total < length; i++) {
    text += VOCABULARY[noise[i % noise.length] % VOCABULARY.length];
    if (text.length > 1000 || total + text.length >= length) {
      chunks.push(new TextEncoder().encode(text));
      total += chunks[chunks.length - 1].length;
      text = '';
    }
  }
  return concat(chunks).slice(0, length);
}

const messages = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(3000), fc.nat(20)).map(([length, seed]) => words(length, seed)),
    fc.tuple(fc.nat(3000), fc.nat(20)).map(([length, seed]) => randomBytes(length, seed)),
  ),
  { maxLength: 8 },
);

const deflaterParams: fc.Arbitrary<DeflaterParams> = fc.record({
  windowBits: fc.integer({ min: 8, max: 15 }),
  contextTakeover: fc.boolean(),
  level: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  memLevel: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
});
