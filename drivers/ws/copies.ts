import { Copies } from '../../protocol/internal.ts';
import { NOTHING } from './data.ts';

/** What keeps lent bytes, as a Buffer; small ones share a block that `allocateBlock` has made. */
export function copierOver(allocateBlock: (size: number) => Buffer): { own(bytes: Uint8Array): Buffer } {
  // `Buffer.allocUnsafe` shares memory too, but looks through its argument for as long as a small copy takes.
  const copies = new Copies((size) => Buffer.allocUnsafeSlow(size), allocateBlock);
  return { own: (bytes) => (bytes.length === 0 ? NOTHING : (copies.copyOf(bytes) as Buffer)) };
}
