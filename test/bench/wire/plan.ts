import type { Job } from './job.ts';
import { BINARY, FIN, TEXT, fragmented, frame, maskingKey, overhead } from './frames.ts';
import { payloads } from './payloads.ts';

/** The value of every byte that goes to and from a raw peer. */
export const RAW_BYTE = 0x61;

/** The most that the load generator reads at once. */
export const READ_SIZE = 256 * 1024;

/** The bytes that one message takes on the wire in each direction, when the peer answers in single frames. */
export function wireOf(job: Pick<Job, 'role' | 'size' | 'fragments'>): Job['wire'] {
  const step = Math.ceil(job.size / job.fragments);
  const masked = job.role === 'server';
  let bytesIn = 0;
  for (let at = 0; at < job.size; at += step) {
    const size = Math.min(step, job.size - at);
    bytesIn += size + overhead(size, masked);
  }
  return { in: bytesIn, out: job.size + overhead(job.size, !masked) };
}

/** What is written to the peer at once, and the replies to it, as they must come back byte for byte. */
export interface Batch {
  bytes: Buffer;
  messages: Buffer[];
  /** Bytes of the replies to the batch. */
  replies: number;
  /** The replies, repeated until any chunk that is read finds its counterpart in one piece from any place in the batch. */
  expected: Buffer;
}

/** A batch of `depth` messages for a peer that answers with the same messages in single frames. */
export function echoBatch(job: Job): Batch {
  const messages = payloads(job.kind, job.size, job.depth);
  if (job.raw) {
    return {
      bytes: Buffer.alloc(job.depth * job.wire.in, RAW_BYTE),
      messages,
      replies: job.depth * job.wire.out,
      expected: Buffer.alloc(job.depth * job.wire.out + READ_SIZE, RAW_BYTE),
    };
  }
  const opcode = opcodeOf(job);
  const masked = job.role === 'server';
  const replies = Buffer.concat(messages.map((message) => frame(FIN | opcode, message)));
  return {
    bytes: Buffer.concat(
      messages.map((message, i) => fragmented(opcode, message, job.fragments, masked ? maskingKey(i) : undefined)),
    ),
    messages,
    replies: replies.length,
    expected: repeat(replies, replies.length + READ_SIZE),
  };
}

export function opcodeOf(job: Job): number {
  return job.kind === 'binary' ? BINARY : TEXT;
}

export function repeat(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}
