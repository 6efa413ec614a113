import { describe, expect, test } from 'vitest';
import { type ControlTarget, type DataTarget, FrameDecoder } from '../../../protocol/framing/decoder.ts';
import { PortableMasker } from '../../../protocol/framing/masking.ts';
import type { TracedFrame } from '../../../protocol/framing/trace.ts';
import { cut, join } from '../../support/cuts.ts';
import { BINARY, CONTINUATION, frame, type FrameSpec, KEY, noise, PING, TEXT } from '../../support/frames.ts';

/** For what a server sends, which nobody masks. */
const noMasker = { apply: () => expect.unreachable(), copy: () => expect.unreachable() };

const MAX_SAFE = [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

interface Options {
  readonly expectMask?: boolean;
  readonly allowRsv1?: boolean;
  /** Whether the target halts it at the first frame. */
  readonly halts?: boolean;
  /** Whether the target takes messages by the lane. */
  readonly lane?: boolean;
  readonly cut?: boolean;
}

/** What a decoder tells its target of these bytes, whole or cut. Payload pieces of a frame are joined. */
function decode(bytes: ArrayLike<number>, { expectMask = false, allowRsv1 = false, halts, lane, cut }: Options = {}) {
  const told: unknown[][] = [];
  const data: DataTarget = {
    begin: (...frame) => {
      told.push(['frame', ...frame]);
      if (halts) decoder.halt();
      return !halts;
    },
    beginMessage: () => lane === true,
    takeMessage(opcode, memory, start, end, seen) {
      data.begin(opcode, true, false, end - start);
      data.append(memory, start, end, seen, true);
    },
    append: (memory, start, end, seen, last) => {
      if (start === end && !last) return; // how often nothing comes depends on the cuts
      const before = told.at(-1)!;
      if (before[0] !== 'payload' || before[3] === true) told.push(['payload', [], 0, false]);
      const payload = told.at(-1)! as [string, number[], number, boolean];
      payload[1].push(...memory.subarray(start, end));
      payload[2] |= seen & 0x80;
      payload[3] = last;
    },
  };
  const control: ControlTarget = {
    onControl: (opcode, memory, start, end) => told.push(['control', opcode, [...memory.subarray(start, end)]]),
    onFrameFault: (code, reason) => told.push(['fault', code, reason]),
  };
  const decoder = new FrameDecoder(data, control, expectMask ? new PortableMasker() : noMasker);
  decoder.reset(expectMask, allowRsv1);
  const memory = Uint8Array.from(bytes);
  let at = 0;
  // One at a time up to the first bytes of the payload, and then the rest.
  for (let end = 1; cut && end <= Math.min(150, memory.length); end++) at = decoder.decode(memory, at, end);
  at = decoder.decode(memory, at, memory.length);
  return { told, at, isIdle: decoder.isIdle, decoder };
}

/** The same, after seeing that it is no different when the bytes come one at a time. */
function told(bytes: ArrayLike<number>, options: Options = {}): unknown[][] {
  const whole = decode(bytes, options);
  expect(decode(bytes, { ...options, cut: true }).told).toEqual(whole.told);
  expect(decode(bytes, { ...options, lane: true }).told).toEqual(whole.told);
  return whole.told;
}

describe('a data frame', () => {
  test.each([
    ['a text, whole', [0x81, 2, 104, 105], [1, true, false, 2], [104, 105], 0],
    ['a binary that goes on', [0x02, 1, 0xff], [2, false, false, 1], [0xff], 0x80],
    ['a continuation without a byte', [0x80, 0], [0, true, false, 0], [], 0],
  ])('is told by its header and then its payload: %s', (_, bytes, frame, payload, seen) => {
    expect(told(bytes)).toEqual([
      ['frame', ...frame],
      ['payload', payload, seen, true],
    ]);
  });

  test.each([
    [125, [125]],
    [126, [126, 0, 126]],
    [0x1234, [126, 0x12, 0x34]],
    [65_535, [126, 0xff, 0xff]],
    [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('may have a payload of %i bytes (§5.2)', (length, form) => {
    const payload = noise(length);
    for (const cut of [false, true]) {
      const [frame, [, got]] = decode([0x82, ...form, ...payload], { cut }).told;
      expect(frame).toEqual(['frame', 2, true, false, length]);
      expect(Buffer.compare(Uint8Array.from(got as number[]), payload)).toBe(0);
    }
  });

  test('from a client is unmasked, first byte of the key first (§5.3)', () => {
    expect(told([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58], { expectMask: true })).toEqual([
      ['frame', 1, true, false, 5],
      ['payload', [...Buffer.from('Hello')], 0, true],
    ]);
  });

  test('may have RSV1 where an extension uses it, on the first frame of a message (RFC 7692 §6)', () => {
    expect(told([0xc1, 0], { allowRsv1: true })[0]).toEqual(['frame', 1, true, true, 0]);
  });

  test('may announce the largest safe length, of which nothing has come', () => {
    expect(told([0x82, 127, ...MAX_SAFE])).toEqual([['frame', 2, true, false, Number.MAX_SAFE_INTEGER]]);
  });
});

describe('a control frame', () => {
  test.each([8, 9, 10])('of opcode %i is told whole, however it comes', (opcode) => {
    const payload = noise(125);
    expect(told([0x80 | opcode, 125, ...payload])).toEqual([['control', opcode, [...payload]]]);
    expect(told([0x80 | opcode, 0])).toEqual([['control', opcode, []]]);
  });

  test('from a client is unmasked', () => {
    expect(told([0x89, 0x81, 1, 2, 3, 4, 0x41 ^ 1], { expectMask: true })).toEqual([['control', 9, [0x41]]]);
  });

  test('is told apart from the one before it, however they come', () => {
    const two = [0x89, 0x83, 1, 2, 3, 4, 65 ^ 1, 66 ^ 2, 67 ^ 3, 0x8a, 0x82, 0x80, 0, 6, 5, 68 ^ 0x80, 69];
    expect(told(two, { expectMask: true })).toEqual([
      ['control', 9, [65, 66, 67]],
      ['control', 10, [68, 69]],
    ]);
  });

  test('may stand between the frames of a message', () => {
    const names = told([0x01, 1, 65, 0x89, 0, 0x80, 1, 66]).map(([name]) => name);
    expect(names).toEqual(['frame', 'payload', 'control', 'frame', 'payload']);
  });
});

test('a control frame that is whole in the chunk is told from where it lies', () => {
  const lies: unknown[] = [];
  const data = { begin: () => true, append: () => {}, beginMessage: () => false, takeMessage: () => {} };
  const control: ControlTarget = {
    onControl: (_, bytes, start, end) => lies.push(bytes === chunk, start, end),
    onFrameFault: () => expect.unreachable(),
  };
  const decoder = new FrameDecoder(data, control, noMasker);
  const chunk = frame({ opcode: PING, payload: 'abc' });
  decoder.decode(chunk, 0, 5);
  expect(lies).toEqual([true, 2, 5]);
});

describe.each([
  ['a server', undefined],
  ['a client', KEY],
])('the lane for whole messages, from %s', (_, key) => {
  /** By what way each of these comes, in one chunk or in several. */
  function waysOf(specs: readonly FrameSpec[], chunks = (bytes: Uint8Array) => [bytes], trace?: () => void) {
    const ways: unknown[] = [];
    const data: DataTarget = {
      begin: (...header) => ways.push(header) > 0,
      append: () => {},
      beginMessage: (length) => ways.push(['asked', length]) > 0,
      takeMessage: (opcode, _bytes, start, end) => ways.push(['lane', opcode, end - start]),
    };
    const control: ControlTarget = { onControl: () => {}, onFrameFault: (...fault) => ways.push(fault) };
    const decoder = new FrameDecoder(data, control, key === undefined ? noMasker : new PortableMasker());
    decoder.reset(key !== undefined, true, trace);
    for (const chunk of chunks(join(...specs.map((spec) => frame({ ...spec, key }))))) {
      decoder.decode(chunk, 0, chunk.length);
    }
    return ways;
  }

  const messages = [TEXT, BINARY].flatMap((opcode) =>
    [0, 1, 125, 126, 127, 65_535].map((length) => ({ opcode, payload: noise(length) })),
  );

  test('is taken by each that is whole in the chunk and shorter than 64 KiB', () => {
    const expected = messages.map(({ opcode, payload: { length } }) => [
      ['asked', length],
      ['lane', opcode, length],
    ]);
    for (const [i, message] of messages.entries()) expect(waysOf([message])).toEqual(expected[i]);
    expect(waysOf(messages)).toEqual(expected.flat());
  });

  test.each<[string, FrameSpec]>([
    ['one of 64 KiB', { opcode: BINARY, payload: noise(65_536) }],
    ['a first fragment', { opcode: TEXT, fin: false, payload: 'a' }],
    ['a last fragment', { opcode: CONTINUATION, payload: 'a' }],
    ['a compressed one', { opcode: TEXT, rsv1: true, payload: 'a' }],
  ])('is not taken by %s', (_, spec) => {
    const { opcode, fin = true, rsv1 = false, payload = '' } = spec;
    expect(waysOf([spec])).toEqual([[opcode, fin, rsv1, payload.length]]);
  });

  test('is not taken by one that is not in its shortest form, or that the chunk cuts', () => {
    const fault = [1002, 'a length that is not in its shortest form', 'length-form', undefined];
    expect(waysOf([{ opcode: TEXT, payload: 'a', lengthForm: 16 }])).toEqual([fault]);
    for (const message of [messages[1], messages[3]]) {
      const { opcode, payload } = message;
      expect(waysOf([message], (bytes) => cut(bytes, [bytes.length - 1]))).toEqual([
        [opcode, true, false, payload.length],
      ]);
    }
  });

  test('is not taken where frames are traced', () => {
    const ways = waysOf([messages[1], messages[3]], undefined, () => {});
    expect(ways).toEqual([
      [TEXT, true, false, 1],
      [TEXT, true, false, 126],
    ]);
  });
});

describe('a trace', () => {
  test('is told of each frame once it has begun, or has ended everything, and not while it is held back', () => {
    for (const answer of ['takes', 'halts']) {
      const traced: TracedFrame[] = [];
      let asked = 0;
      const data: DataTarget = {
        begin() {
          expect(traced).toEqual([]);
          if (++asked < 3) return false;
          if (answer === 'halts') decoder.halt();
          return answer === 'takes';
        },
        append: () => expect(traced).toHaveLength(1),
        beginMessage: () => expect.unreachable(),
        takeMessage: () => expect.unreachable(),
      };
      const control = { onControl: () => expect.unreachable(), onFrameFault: () => expect.unreachable() };
      const decoder = new FrameDecoder(data, control, noMasker);
      decoder.reset(false, false, (one) => traced.push(one));
      const bytes = frame({ opcode: TEXT, payload: 'a' });
      for (let i = 0; i < 3; i++) decoder.decode(bytes, 0, 3);
      expect(traced).toEqual([{ sent: false, opcode: TEXT, fin: true, rsv1: false, length: 1 }]);
    }
  });

  test.each([1, 2, 3, 4, 5])('is told of a control frame once it is whole, in pieces of %i bytes', (size) => {
    const traced: TracedFrame[] = [];
    const data = { begin: () => true, append: () => {}, beginMessage: () => false, takeMessage: () => {} };
    const control = { onControl: () => expect(traced).toHaveLength(1), onFrameFault: () => expect.unreachable() };
    const decoder = new FrameDecoder(data, control, noMasker);
    decoder.reset(false, false, (one) => traced.push(one));
    const bytes = frame({ opcode: PING, payload: 'abc' });
    for (let at = 0; at < bytes.length;) {
      expect(traced).toEqual([]);
      at = decoder.decode(bytes, at, Math.min(at + size, bytes.length));
    }
    expect(traced).toEqual([{ sent: false, opcode: PING, fin: true, rsv1: false, length: 3 }]);
  });
});

describe('a fault', () => {
  const reserved = 'a reserved bit is set';
  test.each<[number[], number, string, Options?]>([
    [[0xc1], 1002, reserved],
    [[0xa1], 1002, reserved],
    [[0x91], 1002, reserved],
    [[0xe1], 1002, reserved, { allowRsv1: true }],
    [[0xd1], 1002, reserved, { allowRsv1: true }],
    [[0xc0], 1002, 'RSV1 is set on a frame that does not begin a message', { allowRsv1: true }],
    [[0xc8], 1002, 'RSV1 is set on a frame that does not begin a message', { allowRsv1: true }],
    [[0x83], 1002, 'a reserved opcode'],
    [[0x87], 1002, 'a reserved opcode'],
    [[0x8b], 1002, 'a reserved opcode'],
    [[0x8f], 1002, 'a reserved opcode'],
    [[0x08], 1002, 'a fragmented control frame'],
    [[0x0a], 1002, 'a fragmented control frame'],
    [[0x81, 0x00], 1002, 'a frame without a mask', { expectMask: true }],
    [[0x81, 0x80], 1002, 'a masked frame'],
    [[0x88, 126], 1002, 'a control frame over 125 bytes'],
    [[0x88, 127], 1002, 'a control frame over 125 bytes'],
    [[0x82, 127, 0x80], 1002, 'a length with its top bit set'],
    [[0x82, 126, 0, 125], 1002, 'a length that is not in its shortest form'],
    [[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 1002, 'a length that is not in its shortest form'],
    [[0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0], 1009, 'message too big'],
  ])('is seen in %j, with the byte that makes it one: %i, %s', (bytes, code, reason, options) => {
    const whole = [...bytes, ...new Array<number>(20).fill(0)];
    expect(told(whole, options)).toEqual([['fault', code, reason]]);
    expect(decode(bytes, { ...options, cut: true }).told).toEqual([['fault', code, reason]]);
    expect(decode(bytes.slice(0, -1), { ...options, cut: true }).told).toEqual([]);
  });
});

describe('the target', () => {
  const twice = [0x81, 1, 65, 0x81, 1, 66];

  test.each([true, false])('that holds a frame back is asked for it again, its header cut: %s', (cut) => {
    const answers = [false, false, true];
    const got: unknown[] = [];
    const data: DataTarget = {
      begin: (opcode, _fin, _rsv1, length) => {
        got.push([opcode, length]);
        return answers.shift()!;
      },
      append: (bytes, start, end) => got.push([...bytes.subarray(start, end)]),
      beginMessage: () => false,
      takeMessage: () => expect.unreachable(),
    };
    const control = { onControl: () => expect.unreachable(), onFrameFault: () => expect.unreachable() };
    const decoder = new FrameDecoder(data, control, new PortableMasker());
    decoder.reset(false, false);
    const bytes = Uint8Array.of(0x81, 1, 65);
    let at = cut ? decoder.decode(bytes, 0, 1) : 0;
    for (let i = 0; i < 3; i++) at = decoder.decode(bytes, at, 3);
    expect(at).toBe(3);
    expect(got).toEqual([[1, 1], [1, 1], [1, 1], [65]]);
  });

  test.each([true, false])('that halts it is told nothing more, whatever comes, its header cut: %s', (cut) => {
    const { told, decoder, isIdle } = decode(twice, { halts: true, cut });
    expect(told).toEqual([['frame', 1, true, false, 1]]);
    expect(isIdle).toBe(false);
    expect(decoder.decode(Uint8Array.from(twice), 0, 6)).toBe(0);
    expect(told).toHaveLength(1);
  });

  test('is told of frames again after a reset, which forgets a frame that was cut', () => {
    const { told, decoder, isIdle } = decode([0x89, 2, 65]);
    expect(isIdle).toBe(false);
    decoder.reset(false, false);
    expect(decoder.isIdle).toBe(true);
    expect(decoder.decode(Uint8Array.of(0x8a, 1, 66), 0, 3)).toBe(3);
    expect(told).toEqual([['control', 10, [66]]]);
    expect(decoder.isIdle).toBe(true);
  });
});
