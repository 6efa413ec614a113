import crypto from 'node:crypto';
import { Resources, type Sha1 } from '../../../protocol/index.ts';
import { Copies, portableSha1 } from '../../../protocol/internal.ts';
import type { Copier } from '../../socket/socket-parts.ts';
import { createAllocator } from './allocator.ts';
import { text, textBeside } from './native-text.ts';
import { allocateBlock } from './shared-block.ts';
import { WasmMasker } from './wasm-masker.ts';

/** As large as the reads of Node itself. */
const READ_BUFFER_SIZE = 64 * 1024;

const masker = WasmMasker.create();

/** SHA-1 by OpenSSL, which needs no time to warm up. A policy of the machine may forbid it, from now on or from some time on. */
const sha1: Sha1 = (ascii) => {
  try {
    return crypto.hash('sha1', ascii, 'base64');
  } catch {
    return portableSha1(ascii);
  }
};

/** What all connections of this thread share. */
export const resources = new Resources({
  random: (bytes) => void crypto.randomFillSync(bytes),
  sha1,
  text: masker === undefined ? text : textBeside(masker),
  masker,
  slab: masker?.slab,
  allocate: createAllocator(),
  // As much as one read can bring about, and half of it again.
  slabSize: 128 * 1024,
});

const copies = new Copies(resources.allocate, (size) => new Uint8Array(allocateBlock(size).buffer));

/** Keeps the messages that are lent. */
export const copier: Copier = { own: (bytes) => copies.copyOf(bytes) };

/**
 * One buffer for the reads of all sockets. A read's bytes are dealt with before its callback returns, the next read
 * comes later, and the core keeps nothing of what it is given: see docs/design/adr/0002-one-read-buffer.md.
 */
export const readBuffer = masker?.readBuffer ?? new Uint8Array(READ_BUFFER_SIZE);
