/**
 * Inflates bombs and prints, as JSON, how each ended and by how many KiB it raised the memory that this process has had
 * at most. A process of its own, since that figure only ever grows.
 */
import * as zlib from 'node:zlib';
import { createZlibCodec } from '../../../../drivers/node/zlib/codec.ts';

const MIB = 1024 * 1024;
const codec = createZlibCodec();

/** 1 GiB of zeros, or of repeats of what came before, in about 1 MiB. */
function bomb(dictionary?: Uint8Array): Uint8Array {
  const block = dictionary === undefined ? new Uint8Array(MIB) : Buffer.alloc(MIB, dictionary);
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH, level: 9 };
  const deflated = zlib.deflateRawSync(block, dictionary === undefined ? options : { ...options, dictionary });
  return new Uint8Array(
    Buffer.concat(Array.from({ length: Math.floor((1.1 * MIB) / deflated.length) }, () => deflated)),
  );
}

function peak(): number {
  return process.resourceUsage().maxRSS;
}

function inflate(message: Uint8Array, partLength: number, before?: Uint8Array): number {
  const inflater = codec.createInflater({ windowBits: 15, contextTakeover: true });
  if (before !== undefined) inflater.inflate(before, true, MIB);
  let result: Uint8Array | 1007 | 1009 = new Uint8Array(0);
  let room = MIB;
  for (let at = 0; at < message.length && typeof result !== 'number'; at += partLength) {
    result = inflater.inflate(message.subarray(at, at + partLength), at + partLength >= message.length, room);
    if (typeof result !== 'number') room -= result.length;
  }
  inflater.release();
  return result as number;
}

const seed = Uint8Array.from({ length: 16 * 1024 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);
const zeros = bomb();
const repeats = bomb(seed);
const seedMessage = new Uint8Array(
  zlib.deflateRawSync(seed, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4),
);
// The code and its buffers are there already: only the bombs count.
inflate(Uint8Array.of(0x07), 1);

const results = [
  { name: 'whole', message: zeros, run: () => inflate(zeros, zeros.length) },
  { name: 'in parts', message: zeros, run: () => inflate(zeros, 100) },
  { name: 'grown through the window', message: repeats, run: () => inflate(repeats, repeats.length, seedMessage) },
].map(({ name, message, run }) => {
  const before = peak();
  const result = run();
  return { name, length: message.length, result, kib: peak() - before };
});
process.stdout.write(JSON.stringify(results));
