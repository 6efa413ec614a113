import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import type { DeflateCodec } from '../../protocol/index.ts';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { inflateMessage, inflateOracle } from '../../test/support/inflate-oracle.ts';
import { join } from '../../test/support/cuts.ts';
import { assert, assertSame, type Target } from '../support/target.ts';
import { anyEdit, type Edit, edit } from '../support/wire.ts';

/** A message, made of literal bytes and of repeats of what came before it in all messages. */
interface Message {
  readonly bytes: Uint8Array;
  /** How often they repeat. */
  readonly times: number;
  readonly edits: readonly Edit[];
  /** Where what is inflated is cut. */
  readonly size: number;
}

interface Input {
  readonly messages: readonly Message[];
  readonly windowBits: number;
  readonly contextTakeover: boolean;
  readonly level: number;
  readonly memLevel: number;
  readonly strategy: number;
  readonly maxLength: number;
}

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
/** Two contexts, so that more connections than that take them from each other. */
const CODECS: readonly (readonly [string, DeflateCodec])[] = [
  ['pooled', createZlibCodec({ maxContexts: 2 })],
  ['one shot', createZlibCodec({ publicApiOnly: true })],
];

/** What our codec makes, zlib's streams read; what they make, ours reads; what nobody made, it refuses as zlib does. */
export const deflate: Target<Input> = {
  name: 'deflate',
  claim: 'our codec and zlib streams read each other, and broken data is refused by both',
  runs: 250,
  arbitrary: fc.record({
    messages: fc.array(
      fc.record({
        bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
        times: fc.constantFrom(1, 1, 2, 10, 100, 700),
        edits: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(anyEdit, { maxLength: 2 })),
        size: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constant(1 << 20)),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    windowBits: fc.integer({ min: 9, max: 15 }),
    contextTakeover: fc.boolean(),
    level: fc.integer({ min: 0, max: 9 }),
    memLevel: fc.integer({ min: 1, max: 9 }),
    strategy: fc.constantFrom(0, 1, 2, 3, 4),
    maxLength: fc.constantFrom(100, 100_000),
  }),
  async check(input) {
    const plain = input.messages.map(({ bytes, times }) => join(...Array.from({ length: times }, () => bytes)));
    const theirs = await deflateByStream(plain, input);
    for (const [name, codec] of CODECS) {
      const ours = deflateByCodec(codec, plain, input);
      // RFC 7692 §7.2.1 ends every message so; the inflating side puts it back.
      for (const payload of ours) assertSame(payload.slice(-4), TAIL, `${name}: the end of a flush`);
      const window = ours.map((payload, i) => ({ payload, before: input.contextTakeover ? ours.slice(0, i) : [] }));
      const read = window.map(({ payload, before }) => {
        const inflated = inflateOracle(join(...before, payload));
        assert(inflated.maxDistance <= 1 << input.windowBits, `${name}: it refers back by ${inflated.maxDistance}`);
        assert(
          inflated.blocks.every(({ final }) => !final),
          `${name}: a block has BFINAL`,
        );
        return inflated.output;
      });
      plain.forEach((message, i) => assertSame(read[i].slice(-message.length), message, `${name}: message ${i}`));
      const ends = input.contextTakeover ? await inflateByStream(ours, input.windowBits) : undefined;
      if (ends !== undefined) assertSame(ends, join(...plain), `${name}: what a zlib stream reads of ours`);
      inflateByCodec(name, codec, theirs, plain, input);
      await checkLater(name, codec, plain, input);
    }
  },
};

function deflateByCodec(codec: DeflateCodec, plain: readonly Uint8Array[], input: Input): Uint8Array[] {
  const { windowBits, contextTakeover, level, memLevel } = input;
  const deflater = codec.createDeflater({ windowBits, contextTakeover, level, memLevel });
  // Others that want the context in between.
  const rivals = [1, 2].map(() => codec.createDeflater({ windowBits, contextTakeover: true, level, memLevel }));
  try {
    return plain.map((message) => {
      // What a codec gives is lent until its next call.
      const deflated = new Uint8Array(deflater.deflate(message));
      if (!contextTakeover) deflater.reset();
      for (const rival of rivals) rival.deflate(message);
      return deflated;
    });
  } finally {
    for (const one of [deflater, ...rivals]) one.release();
  }
}

/** What is deflated off the thread stands by itself, whatever is under way beside it. */
async function checkLater(
  name: string,
  codec: DeflateCodec,
  plain: readonly Uint8Array[],
  input: Input,
): Promise<void> {
  const { windowBits, contextTakeover, level, memLevel } = input;
  const params = { windowBits, contextTakeover, level, memLevel };
  const all = plain.map(
    (message) => new Promise<Uint8Array | undefined>((done) => codec.deflateLater!(message, params, done)),
  );
  for (const [i, payload] of (await Promise.all(all)).entries()) {
    assert(payload !== undefined, `${name}: message ${i} was not deflated later`);
    assertSame(payload.slice(-4), TAIL, `${name}: the end of what was deflated later`);
    const { output, blocks, maxDistance, atBoundary } = inflateOracle(payload);
    assertSame(output, plain[i], `${name}: message ${i}, deflated later`);
    assert(atBoundary && blocks.every(({ final }) => !final), `${name}: deflated later, a block that ends it`);
    assert(maxDistance <= 1 << windowBits, `${name}: deflated later, it refers back by ${maxDistance}`);
  }
}

/** Reads what a zlib stream wrote, as it is and then with its edits, after which there may be a fault. */
function inflateByCodec(
  name: string,
  codec: DeflateCodec,
  theirs: readonly Uint8Array[],
  plain: readonly Uint8Array[],
  { windowBits, contextTakeover, messages, maxLength }: Input,
): void {
  for (const edited of [false, true]) {
    const inflater = codec.createInflater({ windowBits, contextTakeover });
    try {
      for (let i = 0; i < plain.length; i++) {
        const { edits, size } = messages[i];
        const payload = theirs[i].slice(0, -4);
        const bytes = edited ? edit(payload, edits) : payload;
        const result = inWhole(bytes, size, maxLength, (part, fin, most) => inflater.inflate(part, fin, most));
        if (typeof result === 'number') {
          if (!edited)
            assert(result === 1009 && plain[i].length > maxLength, `${name}: message ${i} came to ${result}`);
          break;
        }
        assert(result.length <= maxLength, `${name}: ${result.length} bytes where ${maxLength} may come`);
        if (!edited) assertSame(result, plain[i], `${name}: message ${i} of a zlib stream`);
        // Right or wrong, what comes out is what is in it; context comes from messages that were not edited.
        else if (edits.length > 0) {
          const before = contextTakeover ? join(...plain.slice(0, i)).slice(-32768) : undefined;
          if (messages.slice(0, i).every((message) => message.edits.length === 0)) {
            assertSame(result, inflateMessage(bytes, before), `${name}: edited message ${i}`);
          }
        }
        if (!contextTakeover) inflater.reset();
      }
    } finally {
      inflater.release();
    }
  }
}

function inWhole(
  bytes: Uint8Array,
  size: number,
  maxLength: number,
  inflate: (part: Uint8Array, fin: boolean, maxLength: number) => Uint8Array | 1007 | 1009,
): Uint8Array | 1007 | 1009 {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at === 0 || at < bytes.length; at += size) {
    const part = inflate(bytes.slice(at, at + size), at + size >= bytes.length, maxLength - length);
    if (typeof part === 'number') return part;
    length += part.length;
    parts.push(new Uint8Array(part));
  }
  return join(...parts);
}

/** Each message as one flush of a zlib stream. */
async function deflateByStream(plain: readonly Uint8Array[], input: Input): Promise<Uint8Array[]> {
  const { windowBits, level, memLevel, strategy, contextTakeover } = input;
  const make = () => zlib.createDeflateRaw({ windowBits, level, memLevel, strategy });
  let stream = make();
  const results: Uint8Array[] = [];
  for (const message of plain) {
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer) => chunks.push(chunk);
    stream.on('data', take);
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
    stream.off('data', take);
    results.push(new Uint8Array(Buffer.concat(chunks)));
    if (contextTakeover) continue;
    stream.close();
    stream = make();
  }
  stream.close();
  return results;
}

async function inflateByStream(payloads: readonly Uint8Array[], windowBits: number): Promise<Uint8Array> {
  const stream = zlib.createInflateRaw({ windowBits });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const failed = new Promise<never>((_resolve, reject) => stream.on('error', reject));
  for (const payload of payloads) stream.write(payload);
  const flushed = new Promise<void>((resolve) => stream.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
  await Promise.race([flushed, failed]);
  stream.close();
  return new Uint8Array(Buffer.concat(chunks));
}
