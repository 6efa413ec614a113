import { describe, expect, test } from 'vitest';
import { noise, utf8 } from '../../support/frames.ts';
import { BINARY, come, CONTINUATION, makeAssembler, TEXT, toyInflater } from './support.ts';

describe('a streamed message', () => {
  test('comes in the pieces that come, bytes lent and text decoded', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    come(one, BINARY, [[1, 2], [3]], { fin: false });
    come(one, CONTINUATION, [4]);
    one.assembler.streamNext();
    come(one, TEXT, ['a', 'é']);
    expect(one.told).toEqual([
      ['start', true],
      ['chunk', [1, 2], false],
      ['chunk', [3], false],
      ['chunk', [4], false],
      ['end'],
      ['start', false],
      ['chunk', 'a', true],
      ['chunk', 'é', true],
      ['end'],
    ]);
    expect(one.asked).toEqual([]);
  });

  test('of text is cut between code points, and a piece without one is not told', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    const bytes = utf8('aé漢😀z');
    come(
      one,
      TEXT,
      Array.from(bytes, (byte) => [byte]),
    );
    const chunks = one.told.filter(([name]) => name === 'chunk').map(([, chunk]) => chunk);
    expect(chunks).toEqual(['a', 'é', '漢', '😀', 'z']);
    expect(one.told.at(-1)).toEqual(['end']);
  });

  test('has no limit, neither to its size nor to what is announced', () => {
    const one = makeAssembler({ limits: { maxMessageSize: 3 } });
    one.assembler.streamNext();
    come(one, BINARY, noise(10), { fin: false });
    come(one, CONTINUATION, noise(10));
    expect(one.told.at(-1)).toEqual(['end']);
    expect(come(one, BINARY, noise(4))).toBe(false); // that was for one message
    expect(one.told.at(-1)).toEqual(['fault', 1009, 'message too big']);
  });

  test('that has begun before it was asked for begins with what has come', () => {
    const one = makeAssembler();
    come(one, TEXT, [[0x61, 0xc3]], { fin: false });
    one.assembler.streamNext();
    come(one, CONTINUATION, [[0xa9]]);
    expect(one.told).toEqual([['start', false], ['chunk', 'a', true], ['chunk', 'é', true], ['end']]);
    come(one, TEXT, 'next');
    expect(one.told.at(-1)).toEqual(['text', 'next']);
  });

  test('leaves nothing of its beginning to the next message', () => {
    const one = makeAssembler();
    come(one, BINARY, [1, 2], { fin: false });
    one.assembler.streamNext();
    come(one, CONTINUATION, [3]);
    come(one, TEXT, ['a', 'b']);
    expect(one.told.slice(-2)).toEqual([['end'], ['text', 'ab']]);
  });

  test('that has begun in the same chunk as well', () => {
    const { assembler, told } = makeAssembler();
    const chunk = Uint8Array.of(1, 2, 0xaa, 0xaa, 3);
    assembler.begin(BINARY, false, false, 2);
    assembler.append(chunk, 0, 2, 3, true);
    assembler.streamNext();
    assembler.begin(CONTINUATION, true, false, 1);
    assembler.append(chunk, 4, 5, 3, true);
    expect(told).toEqual([['start', true], ['chunk', [1, 2], false], ['chunk', [3], false], ['end']]);
  });

  test('without a byte has a start and an end', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    come(one, TEXT, '');
    expect(one.told).toEqual([['start', false], ['end']]);
  });

  test('of bad UTF-8 is a fault after the good pieces', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    come(one, TEXT, ['a', [0xff], 'b']);
    expect(one.told).toEqual([
      ['start', false],
      ['chunk', 'a', true],
      ['fault', 1007, 'text that is not UTF-8'],
    ]);
  });

  test('of bad UTF-8 from its first piece on does not begin', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    come(one, TEXT, [0xff]);
    expect(one.told).toEqual([['fault', 1007, 'text that is not UTF-8']]);
  });

  test.each(['start', 'chunk'])('whose target ends it in its %s is told no more', (when) => {
    const one = makeAssembler({ within: (name, { assembler }) => name === when && assembler.release() });
    come(one, BINARY, [1], { fin: false });
    one.assembler.streamNext();
    come(one, CONTINUATION, [[2], [3]]);
    expect(one.told.map(([name]) => name)).toEqual(when === 'start' ? ['start'] : ['start', 'chunk']);
    expect(one.assembler.begin(BINARY, true, false, 0)).toBe(false);
    expect(one.lent.size).toBe(0);
  });

  test('that is compressed and whose target ends it in its start leaves nothing to the next connection', () => {
    const one = makeAssembler({
      inflater: toyInflater(),
      within: (name, { assembler }) => name === 'start' && assembler.release(),
    });
    one.assembler.streamNext();
    come(one, BINARY, [1], { compressed: true });
    one.reset();
    come(one, BINARY, [[1], [2]]);
    expect(one.told).toEqual([
      ['start', true],
      ['binary', [1, 2], true],
    ]);
  });

  test('that was given up leaves nothing to the next connection', () => {
    const one = makeAssembler();
    one.assembler.streamNext();
    come(one, TEXT, [0xc3], { fin: false });
    one.assembler.release();
    expect(one.assembler.midMessage).toBe(false);
    one.reset();
    come(one, TEXT, 'a');
    come(one, TEXT, ['b', 'c']);
    one.assembler.streamNext();
    one.reset();
    come(one, TEXT, 'd');
    expect(one.told).toEqual([
      ['start', false],
      ['text', 'a'],
      ['text', 'bc'],
      ['text', 'd'],
    ]);
  });
});

describe('a compressed message', () => {
  const compressed = { compressed: true };

  test('is inflated whole, and its bytes are copied, for they are lent for a short time', () => {
    const inflater = toyInflater();
    const one = makeAssembler({ inflater });
    come(one, TEXT, 'ab', compressed);
    come(one, BINARY, [[1], [2]], compressed);
    expect(one.told).toEqual([
      ['text', 'aabb'],
      ['binary', [1, 1, 2, 2], true],
    ]);
    expect(inflater.parts).toEqual([
      { bytes: [0x61, 0x62], fin: true, maxLength: 1000 },
      { bytes: [1, 2], fin: true, maxLength: 1000 },
    ]);
  });

  test('is judged by what it comes to: its UTF-8, its size, and whether it inflates at all', () => {
    const cases: [number, number[], unknown[]][] = [
      [TEXT, [0xc3], ['fault', 1007, 'text that is not UTF-8']],
      [BINARY, [...noise(501)].map(() => 1), ['fault', 1009, 'message too big']],
      [TEXT, [0xff], ['fault', 1007, 'a compressed message that does not inflate']],
      [BINARY, [0xff], ['fault', 1007, 'a compressed message that does not inflate']],
    ];
    for (const [opcode, payload, fault] of cases) {
      const one = makeAssembler({ inflater: toyInflater() });
      come(one, opcode, payload, compressed);
      expect(one.told).toEqual([fault]);
      expect(come(one, BINARY, '')).toBe(false);
    }
  });

  test('may announce a little more than the limit: by a 256th and 1 KiB, since stored blocks cost bytes', () => {
    for (const [length, may] of [
      [512 + 2 + 1024, true],
      [512 + 2 + 1024 + 1, false],
    ] as const) {
      const one = makeAssembler({ inflater: toyInflater(), limits: { maxMessageSize: 512 } });
      expect(one.assembler.begin(BINARY, true, true, length)).toBe(may);
      const plain = makeAssembler({ inflater: toyInflater(), limits: { maxMessageSize: 512 } });
      expect(plain.assembler.begin(BINARY, true, false, 513)).toBe(false);
    }
  });

  test('that is streamed is inflated as it comes, each piece in memory of its own', () => {
    const one = makeAssembler({ inflater: toyInflater() });
    one.assembler.streamNext();
    come(one, BINARY, [[1], [2]], { fin: false, compressed: true });
    come(one, CONTINUATION, [3]);
    expect(one.told).toEqual([
      ['start', true],
      ['chunk', [1, 1], true],
      ['chunk', [2, 2], true],
      ['chunk', [3, 3], true],
      ['end'],
    ]);
    one.assembler.streamNext();
    come(one, TEXT, ['a', 'b'], compressed);
    expect(one.told.slice(5)).toEqual([['start', false], ['chunk', 'aa', true], ['chunk', 'bb', true], ['end']]);
    come(one, TEXT, 'c', compressed);
    expect(one.told.at(-1)).toEqual(['text', 'cc']);
  });

  test('that has begun before it was to be streamed begins with what has come', () => {
    const one = makeAssembler({ inflater: toyInflater() });
    come(one, BINARY, [1], { fin: false, compressed: true });
    one.assembler.streamNext();
    come(one, CONTINUATION, [2]);
    expect(one.told).toEqual([['start', true], ['chunk', [1, 1], true], ['chunk', [2, 2], true], ['end']]);
  });

  test('that is streamed has no limit until the input is over, and that of all others from there on', () => {
    for (const isOver of [false, true]) {
      const one = makeAssembler({ inflater: toyInflater(), limits: { maxMessageSize: 10 } });
      one.assembler.streamNext();
      if (isOver) one.assembler.endInput();
      come(one, BINARY, [1, 1, 1, 1, 1, 1], compressed);
      expect(one.told.at(-1)).toEqual(isOver ? ['fault', 1009, 'message too big'] : ['end']);
    }
  });

  test('that has begun when the input is over is held to the limit for the rest', () => {
    const one = makeAssembler({ inflater: toyInflater(), limits: { maxMessageSize: 10 } });
    one.assembler.streamNext();
    come(one, BINARY, noise(20).fill(1), { fin: false, compressed: true });
    one.assembler.endInput();
    come(one, CONTINUATION, [1, 1, 1, 1, 1], { fin: false });
    expect(one.told.map(([name]) => name)).toEqual(['start', 'chunk', 'chunk']);
    come(one, CONTINUATION, [1]);
    expect(one.told.at(-1)).toEqual(['fault', 1009, 'message too big']);
    one.reset({ maxMessageSize: 10 }, toyInflater());
    one.assembler.streamNext();
    come(one, BINARY, [1, 1, 1, 1, 1, 1], compressed);
    expect(one.told.at(-1)).toEqual(['end']);
  });

  test('that is damaged says that it may lack its context, where the peer has agreed to do without', () => {
    for (const streamed of [false, true]) {
      const one = makeAssembler({ inflater: { ...toyInflater(), mayLackContext: true } });
      if (streamed) one.assembler.streamNext();
      come(one, BINARY, [0xff], compressed);
      const [, , reason] = one.told.at(-1)!;
      expect(reason).toBe(
        'a compressed message that does not inflate: it may refer to one before it, against the agreed no_context_takeover',
      );
    }
  });

  test('that is streamed and damaged has one reason, whether DEFLATE or UTF-8 shows it first', () => {
    const damaged = ['fault', 1007, 'a compressed text that does not inflate to UTF-8'];
    for (const payload of [[0xff], [0xc3], [0xe6]]) {
      const one = makeAssembler({ inflater: toyInflater() });
      one.assembler.streamNext();
      come(one, TEXT, payload, compressed);
      expect(one.told).toEqual([['start', false], damaged]);
    }
    const bytes = makeAssembler({ inflater: toyInflater() });
    bytes.assembler.streamNext();
    come(bytes, BINARY, [0xff], compressed);
    expect(bytes.told.at(-1)).toEqual(['fault', 1007, 'a compressed message that does not inflate']);
  });

  test('that is streamed waits while its target has paused, and goes on when it is told to', () => {
    const one = makeAssembler({ inflater: toyInflater() });
    const { assembler, target } = one;
    assembler.streamNext();
    come(one, BINARY, [1], { fin: false, compressed: true });
    target.isPaused = true;
    come(one, CONTINUATION, [2], { fin: false });
    expect(assembler.isBehind).toBe(false); // the message has not all come
    come(one, CONTINUATION, [3]);
    assembler.proceed();
    expect(one.told).toEqual([
      ['start', true],
      ['chunk', [1, 1], true],
    ]);
    expect([assembler.isBehind, assembler.midMessage]).toEqual([true, true]);
    target.isPaused = false;
    assembler.proceed();
    expect(one.told.slice(2)).toEqual([['chunk', [2, 2, 3, 3], true], ['end']]);
    expect([assembler.isBehind, assembler.midMessage]).toEqual([false, false]);
    assembler.proceed(); // there is nothing to go on with
    expect(one.told).toHaveLength(4);
  });

  test('whose target ends it in a piece is told no more', () => {
    const one = makeAssembler({
      inflater: toyInflater(),
      within: (name, { assembler }) => name === 'chunk' && assembler.release(),
    });
    one.assembler.streamNext();
    come(one, BINARY, [1], compressed);
    expect(one.told.map(([name]) => name)).toEqual(['start', 'chunk']);
    expect(one.assembler.isBehind).toBe(false);
  });
});
