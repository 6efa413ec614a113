import { Buffer } from 'node:buffer';
/** From here on a block's pages cost more than all else about it. */
const LARGE = 64 * 1024;

/** The most that glibc learns from: its DEFAULT_MMAP_THRESHOLD_MAX is 32 MiB, a page and malloc's own header included. */
const THRESHOLD_BLOCK = 32 * 1024 * 1024 - 64 * 1024;

/**
 * Makes the memory of messages. V8 frees the buffers of short-lived messages by the dozen, whereupon glibc, which learns
 * from the size of single blocks only, hands it all back to the kernel, to ask for it again page by page. One large block
 * that comes and goes, untouched, teaches it to keep some: docs/design/adr/0011-malloc-is-taught.md.
 */
export function createAllocator(makeBuffer: (size: number) => Uint8Array<ArrayBuffer> = Buffer.allocUnsafeSlow) {
  let hasRaised = false;
  return (size: number): Uint8Array => {
    if (size >= LARGE && !hasRaised) {
      hasRaised = true;
      raiseMmapThreshold(makeBuffer);
    }
    // Not filled with zeros, which costs more than all else: whoever gets it has written all of it before it is seen.
    return new Uint8Array(makeBuffer(size).buffer);
  };
}

function raiseMmapThreshold(makeBuffer: (size: number) => Uint8Array): void {
  try {
    makeBuffer(THRESHOLD_BLOCK);
  } catch {
    // Where addresses are scarce there is nothing to keep.
  }
}
