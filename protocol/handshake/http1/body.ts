import { withRoom } from '../../memory/copies.ts';
import { hasToken } from '../fields.ts';
import { consistsOf, DIGIT, isWhitespace } from '../grammar.ts';
import type { HeaderFields } from '../types.ts';

/** How much of a body is kept: it goes into an error, for a person to read. */
const MAX_BODY = 65_536;
/** How many bytes are read for it: chunks of one byte cost six, and extensions of chunks are no reason to go on. */
const MAX_WIRE = 8 * MAX_BODY;
/** What the buffer is first given room for. */
const FIRST_CAPACITY = 1024;

const LF = 0x0a;
const SEMICOLON = 0x3b;
const CR = 0x0d;

// Where in the body the next byte stands.
/** In bytes of the body itself, `#left` of them. */
const DATA = 0;
/** In the line that says how long the next chunk is, before and after the `;` of an extension. */
const CHUNK_SIZE = 1;
const CHUNK_EXTENSION = 2;
/** At the line end after a chunk. */
const CHUNK_END = 3;

/**
 * The body of a response that is not a 101, RFC 9112 §6: as long as Content-Length says, in chunks, or until the
 * connection ends. At most 64 KiB are kept, and once there are as many nothing more is awaited. The same goes for a
 * body whose framing is broken: what came before is kept.
 */
export class BodyReader {
  /** Whether nothing more is awaited. */
  isComplete: boolean;

  readonly #isChunked: boolean;
  #phase: number;
  /** Bytes of data to come, until the next line of a chunk or the end of all. */
  #left: number;
  #wire: number;
  #bytes: Uint8Array;
  #length: number;

  constructor(status: number, headers: HeaderFields) {
    const coding = headers['transfer-encoding'];
    const length = headers['content-length'];
    this.#isChunked = hasToken(coding, 'chunked');
    this.#phase = this.#isChunked ? CHUNK_SIZE : DATA;
    this.#left = this.#isChunked ? 0 : Infinity;
    // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length. One that is no number leaves nothing to go by.
    if (coding === undefined && length !== undefined) this.#left = consistsOf(length, DIGIT) ? Number(length) : 0;
    this.isComplete = status === 204 || status === 304 || (!this.#isChunked && this.#left === 0);
    this.#wire = 0;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  /** Takes in `bytes[start, end)`, which are lent. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    const stop = Math.min(end, start + MAX_WIRE - this.#wire);
    let at = start;
    while (at < stop && !this.isComplete) {
      at = this.#phase === DATA ? this.#data(bytes, at, stop) : this.#line(bytes[at], at);
    }
    this.#wire += at - start;
    if (this.#wire === MAX_WIRE) this.isComplete = true;
  }

  /** What there is of the body. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #data(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#left, MAX_BODY - this.#length);
    this.#keep(bytes.subarray(start, start + count));
    this.#left -= count;
    if (this.#length === MAX_BODY) this.isComplete = true;
    else if (this.#left === 0 && this.#isChunked) this.#phase = CHUNK_END;
    else if (this.#left === 0) this.isComplete = true;
    return start + count;
  }

  /** A byte of what stands between the chunks, RFC 9112 §7.1. A CR is passed over: the LF after it ends the line. */
  #line(byte: number, at: number): number {
    if (byte === LF) this.#endLine();
    else if (byte !== CR && this.#phase !== CHUNK_EXTENSION) this.#sizeByte(byte);
    return at + 1;
  }

  #sizeByte(byte: number): void {
    const digit = hexValue(byte);
    if (this.#phase === CHUNK_END) {
      this.isComplete = true; // more data than the chunk was to have
    } else if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
    } else if (byte === SEMICOLON || isWhitespace(byte)) {
      this.#phase = CHUNK_EXTENSION;
    } else {
      this.isComplete = true;
    }
  }

  #endLine(): void {
    if (this.#phase === CHUNK_END) {
      this.#phase = CHUNK_SIZE;
    } else if (this.#left === 0) {
      // A chunk of no bytes is the last, and so is one without a size. Trailers may follow: nobody asks for them.
      this.isComplete = true;
    } else {
      this.#phase = DATA;
    }
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    this.#bytes = withRoom(this.#bytes, this.#length, length, FIRST_CAPACITY);
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
