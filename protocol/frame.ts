import { toBytes } from './data.ts';
import { FrameEncoder } from './framing/encoder.ts';
import { joinBytes } from './memory/copies.ts';
import { BOOLEAN, checkOptions, type OptionTable } from './option-check.ts';
import { Outbox } from './memory/outbox.ts';
import { Resources } from './resources.ts';

/** What a frame says besides its opcode and its payload. */
export interface FrameInit {
  /** Default true. */
  fin?: boolean | undefined;
  /** Default false. */
  rsv1?: boolean | undefined;
  /** Whether it is masked, with a fresh key, as a client's frames are. Default false. */
  mask?: boolean | undefined;
}

const FRAME_OPTIONS: OptionTable<FrameInit> = { fin: BOOLEAN, rsv1: BOOLEAN, mask: BOOLEAN };

/**
 * The bytes of one frame, RFC 6455 §5.2, in memory of their own: whether it may be sent is not looked at. Throws a RangeError for an
 * opcode that has no place in a header, and a TypeError for a payload that is no bytes.
 */
export function encodeFrame(opcode: number, payload: Uint8Array, init: FrameInit = {}): Uint8Array {
  if (!Number.isInteger(opcode) || opcode < 0 || opcode > 15)
    throw new RangeError('an opcode is an integer from 0 to 15');
  const bytes = toBytes(payload, false);
  const { fin = true, rsv1 = false, mask = false } = checkOptions('encodeFrame', FRAME_OPTIONS, init);
  const resources = new Resources({ slabSize: 0 });
  const outbox = new Outbox(resources);
  new FrameEncoder(resources, mask).bytes(outbox, opcode, bytes, fin, rsv1);
  const frame = new Uint8Array(outbox.size);
  return Object.preventExtensions(joinBytes(outbox.take(), frame));
}
