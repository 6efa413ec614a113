import { Copies } from '../../protocol/internal.ts';
import { NOTHING } from './data.ts';

/** `Buffer.allocUnsafe` shares memory too, but looks through its argument for as long as a small copy takes. */
const copies = new Copies((size) => Buffer.allocUnsafeSlow(size));

/** A copy of lent bytes, to keep. */
export function own(bytes: Uint8Array): Buffer {
  return bytes.length === 0 ? NOTHING : (copies.copyOf(bytes) as Buffer);
}
