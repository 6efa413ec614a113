import * as fc from 'fast-check';
import { FrameDecoder } from '../../protocol/framing/decoder.ts';
import { PortableMasker } from '../../protocol/framing/masking.ts';
import { limitsOf, openSubject, type Role } from '../support/subject.ts';
import { assert, type Target } from '../support/target.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import { anyRole, anyStream, encode, type Stream } from '../support/wire.ts';

interface Input {
  readonly role: Role;
  readonly deflate: boolean;
  readonly small: boolean;
  readonly stream: Stream;
  /** The size of the reads. */
  readonly size: number;
  readonly end: 'eof' | 'lost' | 'silence';
}

/** What one byte of input may cost: calls of the sink, the masker, the text codec and the allocator together. */
const STEPS_PER_BYTE = 4;
/** What a connection may cost besides. */
const STEPS = 16;

/** Nothing that a peer sends makes the core throw, loop, allocate out of proportion or send what it may not. */
export const garbage: Target<Input> = {
  name: 'garbage',
  claim: 'mutated frames never throw, never loop, and end in one documented error',
  runs: 1200,
  arbitrary: fc.record({
    role: anyRole,
    deflate: fc.boolean(),
    small: fc.boolean(),
    stream: anyStream,
    size: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.constant(1 << 20)),
    end: fc.constantFrom('eof', 'lost', 'silence'),
  }),
  check({ role, deflate, small, stream, size, end }) {
    const wire = encode(stream, role, deflate);
    const subject = openSubject(role, deflate, limitsOf(small));
    for (let at = 0; at < wire.length; at += size) {
      const before = subject.steps;
      const piece = wire.subarray(at, at + size);
      subject.receive(piece);
      const steps = subject.steps - before;
      assert(steps <= STEPS_PER_BYTE * piece.length + STEPS, `${steps} steps for ${piece.length} bytes`);
    }
    // A buffer that grows with what comes asks for four times as much in all, and for twice as much once more when half of the message
    // is there. What was inflated and delivered is the sink's, within the limit on messages.
    const delivered = subject.events.reduce((sum, it) => sum + (it.type === 'binary' ? it.bytes.length : 0), 0);
    const due = 6 * wire.length + delivered + 4096;
    assert(subject.allocated <= due, `${subject.allocated} bytes asked for after ${wire.length}`);
    subject.finish(end);
    decodeStrictly(subject.sent, { role, deflate });
    decodeAlone(wire, role, deflate);
  },
};

/** The decoder by itself: every turn of its loop takes a byte or ends a frame, so that its calls are bounded. */
function decodeAlone(wire: Uint8Array, role: Role, deflate: boolean): void {
  let calls = 0;
  const call = (): void => {
    if (++calls > wire.length + 1) throw new Error(`${calls} calls for ${wire.length} bytes`);
  };
  const target = {
    begin: () => (call(), true),
    append: () => call(),
    beginMessage: () => true,
    takeMessage: () => call(),
    onControl: () => call(),
    onFrameFault: () => call(),
  };
  const decoder = new FrameDecoder(target, target, new PortableMasker());
  decoder.reset(role === 'server', deflate);
  decoder.decode(wire.slice(), 0, wire.length);
}
