import { NO_BYTES } from '../../data.ts';
import { withRoom } from '../../memory/copies.ts';
import { decodeLatin1 } from '../../text/latin1.ts';
import { CLASSES, FIELD_TEXT, isWhitespace, TCHAR } from '../grammar.ts';

/** The head is not complete yet. */
export const HEAD_READING = 0;
/** The head is complete: `startLine` and `rawHeaders` are there. */
export const HEAD_DONE = 1;
/** The head is malformed or too large: `failure` says how. */
export const HEAD_FAILED = 2;

/** How large a head may be. */
export interface HeadLimits {
  /** Bytes of the whole head, the empty line included. */
  readonly maxHead: number;
  /** Bytes of one line, without its CRLF. */
  readonly maxLine: number;
  /** Field lines. */
  readonly maxFields: number;
}

/** What makes a request's head differ from a response's. */
export interface HeadKind<Start> extends HeadLimits {
  readonly isRequest: boolean;
  /** Takes the start line apart; undefined when it is malformed. */
  parseStartLine(line: string): Start | undefined;
}

/** Makes a string of bytes that are known to be ASCII. */
export type AsciiDecoder = (bytes: Uint8Array, start: number, end: number) => string;

/** What is wrong with a head; the text never repeats what the peer sent. */
export interface HeadFailure {
  /** The status that refuses such a request: 400, 414 or 431. */
  readonly status: number;
  readonly text: string;
  /** It is no HTTP: it begins as an alert or a handshake of TLS does (RFC 8446 §5.1). */
  readonly isTls: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;

/** Nothing but perhaps the one empty line that RFC 9112 §2.2 lets stand before a request line. */
const BEFORE = 0;
const BEFORE_LF = 1;
const START_LINE = 2;
const LINE_LF = 3;
const FIELD = 4;
const NAME = 5;
const VALUE_SPACE = 6;
const VALUE = 7;
const LAST_LF = 8;

/** Numbers kept for a field: where its name starts and ends, where its value starts and ends. */
const MARKS = 4;

/** What a head that comes in pieces is first given room for. */
const FIRST_CAPACITY = 512;

/**
 * The head of an HTTP/1.1 message, RFC 9112 §2 to §5, as strict as a server may be: lines end with CRLF, nothing is
 * folded, no white space stands before a colon.
 *
 * A head that comes in one chunk is read where it lies. One that comes in pieces is collected, and every byte is looked
 * at once either way. Cutting it costs neither time nor a different answer: what is decided depends on the bytes up to
 * the decisive one, never on the chunks that they came in.
 */
export class HeadParser<Start> {
  state: number;
  /** The request line or the status line; there when it is DONE. */
  start: Start | undefined;
  /** Names and values in turn, when it is DONE. */
  rawHeaders: string[];
  /** All of it, when it is DONE. */
  text: string;
  /** Set when it has FAILED. */
  failure: HeadFailure | undefined;

  readonly #kind: HeadKind<Start>;
  readonly #decodeAscii: AsciiDecoder;
  /** The pieces so far, when the head didn't come whole. */
  #pieces: Uint8Array | undefined;
  #length: number;

  // Where the scan is. All of these count from the first byte of the head.
  #phase: number;
  #at: number;
  #lineStart: number;
  #lineEnd: number;
  #marks: number[];
  /** All bytes so far, OR-ed: tells whether the head is ASCII. */
  #bits: number;

  /** `decodeAscii` may be a runtime's faster way; the default runs anywhere. */
  constructor(kind: HeadKind<Start>, decodeAscii: AsciiDecoder = decodeLatin1) {
    this.state = HEAD_READING;
    this.start = undefined;
    this.rawHeaders = [];
    this.text = '';
    this.failure = undefined;
    this.#kind = kind;
    this.#decodeAscii = decodeAscii;
    this.#pieces = undefined;
    this.#length = 0;
    this.#phase = kind.isRequest ? BEFORE : START_LINE;
    this.#at = 0;
    this.#lineStart = 0;
    this.#lineEnd = 0;
    this.#marks = [];
    this.#bits = 0;
  }

  /**
   * Reads `bytes[start, end)`. The bytes are lent: what is needed later is copied.
   * Returns the index after what was consumed: just after the head when that completes it, else `end`.
   */
  parse(bytes: Uint8Array, start: number, end: number): number {
    if (this.state !== HEAD_READING) return start;
    const before = this.#length;
    // One byte more than the limit is never looked at, so it need not be copied either.
    const available = Math.min(end - start, this.#kind.maxHead - before);
    let source = bytes;
    let base = start;
    if (this.#pieces !== undefined) {
      source = this.#append(this.#pieces, before, bytes, start, available);
      base = 0;
    }
    this.#length = before + available;
    this.#scan(source, base, base + this.#length);
    // Read again: the scan has changed it, which the compiler can't see.
    if ((this.state as number) === HEAD_DONE) {
      this.#pieces = undefined;
      return start + (this.#at - before);
    }
    if ((this.state as number) === HEAD_FAILED) {
      this.#pieces = undefined;
      return end;
    }
    if (this.#length === this.#kind.maxHead) {
      this.#failSize('the head is too large');
      this.#pieces = undefined;
      return end;
    }
    if (this.#pieces === undefined) this.#append(NO_BYTES, 0, bytes, start, available);
    return end;
  }

  /** Adds a piece to those so far, `at` bytes, and returns where they all lie: never in more than the limit. */
  #append(pieces: Uint8Array, at: number, bytes: Uint8Array, start: number, count: number): Uint8Array {
    const target = withRoom(pieces, at, at + count, FIRST_CAPACITY, this.#kind.maxHead);
    target.set(bytes.subarray(start, start + count), at);
    this.#pieces = target;
    return target;
  }

  /** Goes on where the last call ended. `base` is where the head's first byte lies in `bytes`. */
  #scan(bytes: Uint8Array, base: number, end: number): void {
    const maxLine = this.#kind.maxLine;
    let at = base + this.#at;
    let bits = this.#bits;
    while (at < end) {
      // A line is looked at up to the byte that makes it too long, and no further.
      const stop = Math.min(end, base + this.#lineStart + maxLine + 1);
      switch (this.#phase) {
        case BEFORE:
          if (bytes[at] === CR) {
            this.#phase = BEFORE_LF;
            at++;
          } else {
            this.#phase = START_LINE;
          }
          break;
        case BEFORE_LF:
          if (bytes[at] !== LF) return this.#fail(400, 'a CR stands without its LF');
          at++;
          this.#lineStart = at - base;
          this.#phase = START_LINE;
          break;
        case START_LINE:
        case VALUE:
          while (at < stop && (CLASSES[bytes[at]] & FIELD_TEXT) !== 0) bits |= bytes[at++];
          if (at - base - this.#lineStart > maxLine) return this.#failSize('a line is too long');
          if (at < end) {
            if (bytes[at] !== CR) return this.#failCharacter(bytes[at], at === base);
            this.#lineEnd = at - base;
            this.#phase = LINE_LF;
            at++;
          }
          break;
        case LINE_LF:
          if (bytes[at] !== LF) return this.#fail(400, 'a CR stands without its LF');
          at++;
          if (this.start !== undefined) {
            this.#endField(bytes, base);
          } else {
            // Judged as soon as it is there: whoever speaks something else hears so at once.
            const from = base + this.#lineStart;
            this.start = this.#kind.parseStartLine(this.#decode(bytes, from, base + this.#lineEnd, bits));
            if (this.start === undefined) return this.#fail(400, 'the start line is malformed');
          }
          this.#lineStart = at - base;
          this.#phase = FIELD;
          break;
        case FIELD:
          if (bytes[at] === CR) {
            this.#phase = LAST_LF;
            at++;
            break;
          }
          if (isWhitespace(bytes[at])) return this.#fail(400, 'a field is folded over lines');
          if (this.#marks.length === MARKS * this.#kind.maxFields) return this.#fail(431, 'there are too many fields');
          this.#marks.push(at - base);
          this.#phase = NAME;
          break;
        case NAME:
          while (at < stop && (CLASSES[bytes[at]] & TCHAR) !== 0) at++;
          if (at - base - this.#lineStart > maxLine) return this.#failSize('a line is too long');
          if (at < end) {
            if (bytes[at] !== COLON) return this.#failName(bytes[at]);
            if (at - base === this.#lineStart) return this.#fail(400, 'a field has no name');
            this.#marks.push(at - base);
            this.#phase = VALUE_SPACE;
            at++;
          }
          break;
        case VALUE_SPACE:
          while (at < stop && isWhitespace(bytes[at])) at++;
          if (at - base - this.#lineStart > maxLine) return this.#failSize('a line is too long');
          if (at < end) {
            this.#marks.push(at - base);
            this.#phase = VALUE;
          }
          break;
        default: // LAST_LF
          if (bytes[at] !== LF) return this.#fail(400, 'a CR stands without its LF');
          at++;
          this.#at = at - base;
          this.#bits = bits;
          return this.#finish(bytes, base);
      }
    }
    this.#at = at - base;
    this.#bits = bits;
  }

  /** Notes where the value ends: before the white space that may follow it. */
  #endField(bytes: Uint8Array, base: number): void {
    const valueStart = this.#marks[this.#marks.length - 1];
    let valueEnd = this.#lineEnd;
    while (valueEnd > valueStart && isWhitespace(bytes[base + valueEnd - 1])) valueEnd--;
    this.#marks.push(valueEnd);
  }

  /** Makes one string of the head and cuts it up. */
  #finish(bytes: Uint8Array, base: number): void {
    const text = this.#decode(bytes, base, base + this.#at, this.#bits);
    this.text = text;
    const marks = this.#marks;
    const rawHeaders = this.rawHeaders;
    for (let i = 0; i < marks.length; i += MARKS) {
      rawHeaders.push(text.slice(marks[i], marks[i + 1]), text.slice(marks[i + 2], marks[i + 3]));
    }
    this.state = HEAD_DONE;
  }

  /** `bits` are those of all these bytes, OR-ed. */
  #decode(bytes: Uint8Array, start: number, end: number, bits: number): string {
    return bits < 0x80 ? this.#decodeAscii(bytes, start, end) : decodeLatin1(bytes, start, end);
  }

  /** RFC 9112 §3: a request line that is too long has a status of its own. */
  #failSize(text: string): void {
    this.#fail(this.#kind.isRequest && this.start === undefined ? 414 : 431, text);
  }

  #failName(byte: number): void {
    if (isWhitespace(byte)) return this.#fail(400, 'white space stands before a colon');
    if (byte === CR || byte === LF) return this.#fail(400, 'a field has no colon');
    this.#fail(400, 'a field name is not a token');
  }

  #failCharacter(byte: number, isFirst: boolean): void {
    const isTls = isFirst && (byte === TLS_ALERT || byte === TLS_HANDSHAKE);
    this.#fail(400, byte === LF ? 'a line ends with a bare LF' : 'a control character stands in the head', isTls);
  }

  #fail(status: number, text: string, isTls = false): void {
    this.failure = { status, text, isTls };
    this.state = HEAD_FAILED;
  }
}
