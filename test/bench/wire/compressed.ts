import { constants, createDeflateRaw, inflateRawSync } from 'node:zlib';
import { FIN, RSV1, TEXT, frame, maskingKey } from './frames.ts';
import { payloads } from './payloads.ts';

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** DEFLATE's window (RFC 1951 §2): no reference reaches further back. */
const WINDOW = 32 * 1024;

export interface CompressedPlan {
  messages: Buffer[];
  /** What to write on a new connection, `depth` messages a batch: the first pass over the messages. */
  first: Buffer[];
  /** What to write after that, over and over. */
  steady: Buffer[];
}

/**
 * Messages compressed with context takeover (RFC 7692 §7.1.1), ahead of time.
 *
 * A stream with takeover refers back to what went before, so that in principle every connection needs a compressor that
 * runs along. Here the messages of one pass are together longer than the window: after the first pass the window holds
 * the same bytes at the start of every pass, and so the second pass's frames can be sent again as the third, and so on.
 */
export async function compressedPlan(size: number, depth: number): Promise<CompressedPlan> {
  const count = Math.max(depth, Math.ceil((2 * WINDOW) / size / depth) * depth);
  const messages = payloads('json', size, count);
  const deflate = createDeflateRaw({ level: 6 });
  const passes: Buffer[][] = [];
  for (let pass = 0; pass < 2; pass++) {
    const batches: Buffer[] = [];
    for (let at = 0; at < count; at += depth) {
      const frames: Buffer[] = [];
      for (const message of messages.slice(at, at + depth)) {
        const payload = await compressOne(deflate, message);
        frames.push(frame(FIN | RSV1 | TEXT, payload, maskingKey(frames.length)));
      }
      batches.push(Buffer.concat(frames));
    }
    passes.push(batches);
  }
  deflate.close();
  return { messages, first: passes[0]!, steady: passes[1]! };
}

function compressOne(deflate: ReturnType<typeof createDeflateRaw>, message: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const onData = (chunk: Buffer) => void chunks.push(chunk);
    deflate.on('data', onData);
    deflate.write(message);
    deflate.flush(constants.Z_SYNC_FLUSH, () => {
      deflate.off('data', onData);
      resolve(Buffer.concat(chunks).subarray(0, -TAIL.length));
    });
  });
}

/**
 * Checks the replies of one connection, from its first message on: inflated as the one stream that they are, they must
 * give the messages in their order. Works with takeover and without. Throws what is wrong.
 */
export function verifyCompressed(replies: { compressed: boolean; payload: Buffer }[], messages: Buffer[]): void {
  const parts: Buffer[] = [];
  let index = 0;
  let plain = 0;
  for (const { compressed, payload } of replies) {
    const message = messages[index++ % messages.length]!;
    if (compressed) {
      parts.push(payload, TAIL);
      plain += message.length;
    } else if (!payload.equals(message)) {
      throw new Error(`reply ${index} is not the message`);
    }
  }
  const whole = inflateRawSync(Buffer.concat(parts), { finishFlush: constants.Z_SYNC_FLUSH });
  if (whole.length !== plain) throw new Error(`the replies inflate to ${whole.length} bytes instead of ${plain}`);
  let at = 0;
  replies.forEach(({ compressed }, i) => {
    const message = messages[i % messages.length]!;
    if (!compressed) return;
    if (whole.compare(message, 0, message.length, at, at + message.length) !== 0) {
      throw new Error(`reply ${i + 1} is not the message`);
    }
    at += message.length;
  });
}
