import { describe, expect, test } from 'vitest';
import { FRAME_COST } from '../../../protocol/message/targets.ts';
import { join } from '../../support/cuts.ts';
import { noise, utf8 } from '../../support/frames.ts';
import { type AssemblerOptions, BINARY, come, CONTINUATION, makeAssembler, TEXT, toyInflater } from './support.ts';

describe('a message', () => {
  test('that lies whole in a chunk is delivered from where it lies, and no memory is asked for', () => {
    const { assembler, told, asked } = makeAssembler();
    const chunk = join(Uint8Array.of(0xaa), utf8('héllo'), Uint8Array.of(0xaa));
    assembler.begin(TEXT, true, false, 6);
    assembler.append(chunk, 1, 7, 0xff, true);
    assembler.begin(BINARY, true, false, 6);
    assembler.append(chunk, 1, 7, 0xff, true);
    expect(told).toEqual([
      ['text', 'héllo'],
      ['binary', [...utf8('héllo')], false],
    ]);
    expect(asked).toEqual([]);
    expect(assembler.isIdle).toBe(true);
  });

  test('of several fragments in one chunk is moved together in place', () => {
    const { assembler, told, asked } = makeAssembler();
    const chunk = Uint8Array.of(0xaa, 1, 2, 0xaa, 0xaa, 3, 0xaa, 4, 5);
    assembler.begin(BINARY, false, false, 2);
    assembler.append(chunk, 1, 3, 3, true);
    assembler.begin(CONTINUATION, false, false, 1);
    assembler.append(chunk, 5, 6, 3, true);
    assembler.begin(CONTINUATION, true, false, 2);
    assembler.append(chunk, 7, 9, 5, true);
    expect(told).toEqual([['binary', [1, 2, 3, 4, 5], false]]);
    expect(asked).toEqual([]);
  });

  test('that a chunk cuts is kept, and given in memory of its own and of just its size', () => {
    const one = makeAssembler();
    come(one, BINARY, [noise(40), noise(60)]);
    expect(one.told).toEqual([['binary', [...noise(40), ...noise(60)], true]]);
    expect(one.asked).toEqual([80, 100]);
  });

  test('has memory for what can still come once its last frame has begun, and twice what came before that', () => {
    const one = makeAssembler();
    come(one, BINARY, noise(100), { fin: false });
    expect(one.asked).toEqual([200]);
    come(one, CONTINUATION, [noise(50), noise(60)]);
    expect(one.asked).toEqual([200, 210]);
  });

  test.each([
    ['a text', TEXT, {}],
    ['bytes', BINARY, {}],
    ['a compressed text', TEXT, { compressed: true }],
    ['compressed bytes', BINARY, { compressed: true }],
  ])('%s: gives back the memory that it was lent, once it was delivered or given up', (_, opcode, options) => {
    for (const givenUp of [false, true]) {
      const one = makeAssembler({ inflater: toyInflater() });
      come(one, opcode, 'ab', { fin: false, ...options });
      come(one, CONTINUATION, ['cd', 'efgh'], { fin: false });
      expect(one.lent.size).toBe(1);
      if (givenUp) one.assembler.release();
      else come(one, CONTINUATION, 'i');
      expect(one.told).toHaveLength(givenUp ? 0 : 1);
      expect(one.lent.size).toBe(0);
    }
  });

  test('that is streamed from its middle on gives back what its beginning lay in', () => {
    const one = makeAssembler();
    come(one, TEXT, 'ab', { fin: false });
    expect(one.lent.size).toBe(1);
    one.assembler.streamNext();
    come(one, CONTINUATION, 'cd');
    expect(one.told.map(([name]) => name)).toEqual(['start', 'chunk', 'chunk', 'end']);
    expect(one.lent.size).toBe(0);
  });

  test('without a byte is one, of as many fragments as it likes', () => {
    const one = makeAssembler();
    for (const fragments of [1, 2, 5]) {
      for (const opcode of [TEXT, BINARY]) {
        for (let i = 0; i < fragments; i++)
          come(one, i === 0 ? opcode : CONTINUATION, '', { fin: i === fragments - 1 });
      }
    }
    expect(one.told).toEqual(
      new Array(3)
        .fill([
          ['text', ''],
          ['binary', [], false],
        ])
        .flat(),
    );
    expect(one.asked).toEqual([]);
  });

  test('with an empty fragment at either end is the same', () => {
    const one = makeAssembler();
    come(one, TEXT, '', { fin: false });
    come(one, CONTINUATION, 'é', { fin: false });
    come(one, CONTINUATION, '');
    expect(one.told).toEqual([['text', 'é']]);
  });

  test('tells when it is in progress, and when nothing is asked of the next', () => {
    const one = makeAssembler();
    const { assembler } = one;
    expect([assembler.isIdle, assembler.midMessage, assembler.isBehind]).toEqual([true, false, false]);
    come(one, TEXT, 'a', { fin: false });
    expect([assembler.isIdle, assembler.midMessage, assembler.isBehind]).toEqual([false, true, false]);
    come(one, CONTINUATION, 'b');
    expect([assembler.isIdle, assembler.midMessage]).toEqual([true, false]);
    assembler.streamNext();
    expect([assembler.isIdle, assembler.midMessage]).toEqual([false, false]);
  });
});

describe('a whole frame that is a message (beginMessage, takeMessage)', () => {
  test('may come up to the limit, and costs what a frame costs', () => {
    const { assembler, target } = makeAssembler({ limits: { maxMessageSize: 10, maxFragments: 1 } });
    expect(assembler.beginMessage(11)).toBe(false);
    expect(target.spent).toBe(0);
    expect(assembler.beginMessage(10)).toBe(true);
    expect(target.spent).toBe(FRAME_COST);
  });

  test('comes by the other way where that has something to say: in a pause, a message or the end of all', () => {
    const may = (bring: (one: ReturnType<typeof makeAssembler>) => unknown, limits = {}): boolean => {
      const one = makeAssembler({ limits });
      bring(one);
      return one.assembler.beginMessage(1);
    };
    expect(may(() => {})).toBe(true);
    expect(may((one) => (one.target.isPaused = true))).toBe(false);
    expect(may((one) => come(one, TEXT, 'a', { fin: false }))).toBe(false);
    expect(may(({ assembler }) => assembler.streamNext())).toBe(false);
    expect(may(({ assembler }) => assembler.release())).toBe(false);
    expect(may(() => {}, { maxFragments: 0 })).toBe(false);
  });

  test('is told from where it lies', () => {
    const one = makeAssembler();
    const bytes = utf8('-é-');
    one.assembler.takeMessage(TEXT, bytes, 1, 3, 0x80);
    one.assembler.takeMessage(TEXT, bytes, 0, 1, 0);
    one.assembler.takeMessage(BINARY, bytes, 1, 3, 0x80);
    one.reset({}, undefined, true);
    one.assembler.takeMessage(TEXT, bytes, 1, 3, 0x80);
    expect(one.told).toEqual([
      ['text', 'é'],
      ['text', '-'],
      ['binary', [0xc3, 0xa9], false],
      ['text bytes', [0xc3, 0xa9], false],
    ]);
  });
});

test('text as bytes is the target’s where it has been moved together, and lent where it lies whole', () => {
  const one = makeAssembler({ textAsBytes: true, inflater: toyInflater() });
  come(one, TEXT, ['a', 'é']);
  come(one, TEXT, 'é');
  come(one, TEXT, 'a', { compressed: true });
  expect(one.told).toEqual([
    ['text bytes', [...utf8('aé')], true],
    ['text bytes', [...utf8('é')], false],
    ['text bytes', [...utf8('aa')], true],
  ]);
});

test('one that is to forget whom it worked for tells that one nothing more', () => {
  const { assembler, told, target } = makeAssembler();
  assembler.forget();
  expect(() => assembler.takeMessage(BINARY, Uint8Array.of(1), 0, 1, 1)).toThrow(TypeError);
  expect(() => assembler.begin(BINARY, true, false, 1)).toThrow(TypeError);
  expect([told, target.spent]).toEqual([[], 0]);
});

describe('a fault has a kind, and what was found where that is a number:', () => {
  const size = { maxMessageSize: 3 };
  test.each<
    [string, [number, string | number[], { fin?: boolean; compressed?: boolean }?][], AssemblerOptions, unknown[]]
  >([
    ['a stray continuation', [[CONTINUATION, 'a']], {}, ['opcode', 0]],
    [
      'a message inside another',
      [
        [TEXT, 'a', { fin: false }],
        [BINARY, 'a'],
      ],
      {},
      ['opcode', 2],
    ],
    [
      'too many fragments',
      [
        [TEXT, 'a', { fin: false }],
        [CONTINUATION, ''],
      ],
      { limits: { maxFragments: 1 } },
      ['fragments'],
    ],
    ['a message too big', [[TEXT, 'abcd']], { limits: size }, ['message-size', 4]],
    ['one that inflates to more', [[TEXT, 'ab', { compressed: true }]], { limits: size }, ['message-size']],
    ['one that does not inflate', [[TEXT, [0xff], { compressed: true }]], {}, ['inflate']],
    ['text that is not UTF-8', [[TEXT, [0x80]]], {}, ['utf8']],
    ['the same in a fragment', [[TEXT, [0x80], { fin: false }]], {}, ['utf8']],
    ['the same as bytes', [[TEXT, [0x80]]], { textAsBytes: true }, ['utf8']],
    ['the same compressed', [[TEXT, [0x80], { compressed: true }]], {}, ['utf8']],
  ])('%s', (_, frames, options, [kind, found]) => {
    const one = makeAssembler({ inflater: toyInflater(), ...options });
    for (const [opcode, payload, init] of frames) come(one, opcode, payload, init);
    expect(one.kinds).toEqual([[kind, found, undefined]]);
  });

  test.each([
    ['UTF-8', [0xc3], 'utf8'],
    ['DEFLATE', [0xff], 'inflate'],
  ])('a streamed, compressed text whose damage %s shows', (_, payload, kind) => {
    const cause = new Error('of the codec');
    const one = makeAssembler({ inflater: { ...toyInflater(), cause } });
    one.assembler.streamNext();
    come(one, TEXT, payload, { compressed: true });
    expect(one.kinds).toEqual([[kind, undefined, cause]]);
  });
});

test.each<[string, (one: ReturnType<typeof makeAssembler>) => void]>([
  [
    'text in the chunk',
    ({ assembler }) => {
      assembler.begin(TEXT, false, false, 3);
      assembler.append(utf8('abc'), 0, 3, 0x63, true);
      assembler.begin(TEXT, true, false, 0);
      assembler.endChunk();
    },
  ],
  [
    'bytes of an earlier chunk',
    (one) => {
      come(one, BINARY, [1, 2], { fin: false });
      one.assembler.release();
    },
  ],
  [
    'half of a code point of a text that is streamed',
    (one) => {
      one.assembler.streamNext();
      come(one, TEXT, ['a', [0xc3]], { fin: false });
      one.assembler.release();
    },
  ],
])('what was given up leaves nothing to the next connection: %s', (_, giveUp) => {
  const one = makeAssembler();
  giveUp(one);
  expect(one.lent.size).toBe(0);
  one.told.length = 0;
  one.reset();
  come(one, TEXT, ['b', 'c']);
  one.assembler.streamNext();
  come(one, TEXT, ['d', 'e']);
  expect(one.told).toEqual([['text', 'bc'], ['start', false], ['chunk', 'd', true], ['chunk', 'e', true], ['end']]);
});

describe('what may not come', () => {
  const tooBig = ['fault', 1009, 'message too big'];
  const notUtf8 = ['fault', 1007, 'text that is not UTF-8'];

  test('is a continuation of nothing, and a new message inside another (§5.4)', () => {
    for (const before of [[], [1]]) {
      const one = makeAssembler();
      if (before.length > 0) come(one, BINARY, before);
      expect(come(one, CONTINUATION, [1])).toBe(false);
      expect(one.told.at(-1)).toEqual(['fault', 1002, 'a continuation frame with nothing to continue']);
      const other = makeAssembler();
      come(other, BINARY, [1], { fin: false });
      expect(come(other, TEXT, 'a')).toBe(false);
      expect(other.told).toEqual([['fault', 1002, 'a new message inside a fragmented one']]);
    }
  });

  test('is a message over the limit, with the frame that announces it, while one just at it may', () => {
    const limits = { maxMessageSize: 10 };
    const right = makeAssembler({ limits });
    for (let again = 0; again < 2; again++) {
      come(right, BINARY, noise(4), { fin: false });
      come(right, CONTINUATION, noise(6));
    }
    expect(right.told.map(([name]) => name)).toEqual(['binary', 'binary']);
    for (const lengths of [[11], [4, 7]]) {
      const one = makeAssembler({ limits });
      for (const [i, length] of lengths.entries()) {
        const may = one.assembler.begin(i === 0 ? BINARY : CONTINUATION, false, false, length);
        expect(may).toBe(i < lengths.length - 1);
        if (may) one.assembler.append(noise(length), 0, length, 0xff, true);
      }
      expect(one.told).toEqual([tooBig]);
    }
  });

  test('is one fragment more than the limit of a message, whatever came before it', () => {
    const one = makeAssembler({ limits: { maxFragments: 3 } });
    for (let again = 0; again < 2; again++) {
      for (let i = 0; i < 3; i++) come(one, i === 0 ? BINARY : CONTINUATION, [1], { fin: i === 2 });
    }
    for (let i = 0; i < 3; i++) expect(come(one, i === 0 ? BINARY : CONTINUATION, '', { fin: false })).toBe(true);
    expect(come(one, CONTINUATION, '')).toBe(false);
    expect(one.told.at(-1)).toEqual(['fault', 1008, 'too many fragments']);
  });

  test('is a message of one frame where not even one is allowed', () => {
    const one = makeAssembler({ limits: { maxFragments: 0 } });
    expect(come(one, BINARY, [1])).toBe(false);
    expect(one.told).toEqual([['fault', 1008, 'too many fragments']]);
  });

  test.each([true, false])('is text that is not UTF-8 (§8.1), as soon as it is there; in its last frame: %s', (fin) => {
    const one = makeAssembler();
    come(one, TEXT, [0x41, 0xff], { fin });
    expect(one.told).toEqual([notUtf8]);
    expect(one.assembler.midMessage).toBe(false);
  });

  test('is a text that ends within a code point', () => {
    for (const pieces of [[[0xe6, 0xbc]], [[0xe6], [0xbc]]]) {
      const one = makeAssembler();
      come(one, TEXT, pieces);
      expect(one.told).toEqual([notUtf8]);
    }
  });

  test('is bad UTF-8 after a long run of ASCII, and the next text is judged anew', () => {
    const one = makeAssembler();
    come(one, TEXT, ['a'.repeat(100), 'é']);
    come(one, TEXT, ['b'.repeat(100), 'c']);
    expect(one.told).toEqual([
      ['text', `${'a'.repeat(100)}é`],
      ['text', `${'b'.repeat(100)}c`],
    ]);
    come(one, TEXT, ['a'.repeat(100), [0x80], 'more']);
    expect(one.told.slice(2)).toEqual([notUtf8]);
  });

  test('ends it: nothing that comes later is told', () => {
    const one = makeAssembler({ limits: { maxMessageSize: 3 } });
    expect(come(one, BINARY, noise(4))).toBe(false);
    expect(come(one, BINARY, noise(1))).toBe(false);
    expect(come(one, CONTINUATION, noise(1))).toBe(false);
    expect(one.told).toEqual([tooBig]);
  });
});
