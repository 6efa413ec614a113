import type { FaultKind } from '../errors.ts';
import { type Masker, seenBits } from './masking.ts';
import { BINARY, CLOSE, FIN, MASKED, MAX_CONTROL_PAYLOAD, PONG, RSV1, RSV2, RSV3, TEXT } from './opcodes.ts';
import type { FrameTrace } from './trace.ts';

/**
 * Where decoded data frames go: a frame comes as `begin` and then its payload in one piece or several. Spans are (bytes,
 * start, end), unmasked and lent. A method may call `halt` on the decoder.
 */
export interface DataTarget {
  /**
   * A data frame begins: its header is valid on its own terms. `length` is its payload's, in bytes. Returns false to stop
   * before it: for good if the decoder was halted, and otherwise until decoding goes on, when it is asked again.
   */
  begin(opcode: number, fin: boolean, rsv1: boolean, length: number): boolean;
  /**
   * The next piece of the data frame's payload; `last` when the frame ends with it (an empty payload is one empty last
   * piece). `seen` is the bitwise or of its bytes, or anything with 0x80 in it when that isn't known.
   */
  append(bytes: Uint8Array, start: number, end: number, seen: number, last: boolean): void;
  /**
   * A message begins that is one whole frame of this length, without RSV1. Returns whether it may come by `takeMessage`; if
   * not, it comes by the other two.
   */
  beginMessage(length: number): boolean;
  /** That message. */
  takeMessage(opcode: number, bytes: Uint8Array, start: number, end: number, seen: number): void;
}

/** Where everything else goes. */
export interface ControlTarget {
  /** A whole control frame. The span is lent. */
  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  /**
   * The bytes are no frame: close code 1002 with this reason (or 1009, for a length beyond all numbers), and what was
   * `found` in place of what may be, where that is a number.
   */
  onFrameFault(code: number, reason: string, kind: FaultKind, found?: number): void;
}

// Stages, in the order in which a frame goes through them.
const FIRST_BYTE = 0;
const SECOND_BYTE = 1;
const LENGTH = 2;
const ASK = 3; // the header but for its key is known: may this frame come?
const KEY = 4;
const PAYLOAD = 5;
const HALTED = 6;

/**
 * Bytes into frames, RFC 6455 §5.2. It knows nothing of messages and keeps no payload but a control frame's.
 *
 * A header that lies whole in the chunk takes the short way; one that is cut is taken byte by byte. Both ask the same
 * questions in the same order, so that a stream means the same however it is cut.
 */
export class FrameDecoder {
  readonly #data: DataTarget;
  readonly #control: ControlTarget;
  readonly #masker: Masker;
  #trace: FrameTrace | undefined;
  #expectMask: boolean;
  #allowRsv1: boolean;
  #stage: number;
  #opcode: number;
  #fin: boolean;
  #rsv1: boolean;
  #length: number;
  /** The seven-bit length: 126 and 127 say that the length itself follows. */
  #form: number;
  /** Bytes of the length or the key that are still to come, while a header is cut. */
  #missing: number;
  #key: number;
  /** How much of the payload has come. */
  #received: number;
  /** Where the payload of a control frame that is cut comes together, from the first of these on. */
  #cut: Uint8Array | undefined;

  constructor(data: DataTarget, control: ControlTarget, masker: Masker) {
    this.#data = data;
    this.#control = control;
    this.#trace = undefined;
    this.#masker = masker;
    this.#expectMask = false;
    this.#allowRsv1 = false;
    this.#stage = FIRST_BYTE;
    this.#opcode = 0;
    this.#fin = false;
    this.#rsv1 = false;
    this.#length = 0;
    this.#form = 0;
    this.#missing = 0;
    this.#key = 0;
    this.#received = 0;
    this.#cut = undefined;
  }

  /**
   * Begins anew, with another stream.
   * @param expectMask a server's frames come masked, a client's don't (§5.1)
   * @param allowRsv1 whether an extension that uses RSV1 was agreed on
   * @param trace is told of every frame that is received
   */
  reset(expectMask: boolean, allowRsv1: boolean, trace?: FrameTrace): void {
    this.#trace = trace;
    this.#expectMask = expectMask;
    this.#allowRsv1 = allowRsv1;
    this.#stage = FIRST_BYTE;
  }

  /** Whether it stands between two frames. */
  get isIdle(): boolean {
    return this.#stage === FIRST_BYTE;
  }

  /** Decodes nothing more. */
  halt(): void {
    this.#stage = HALTED;
  }

  /**
   * Decodes `bytes[start, end)`, unmasking in place. Returns where it stopped: `end`, unless the target held a frame
   * back or decoding is over; what is left is then the caller's to keep or to drop.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    const keyLength = this.#expectMask ? 4 : 0;
    let at = start;
    while (at < end || this.#stage === ASK) {
      if (this.#stage === FIRST_BYTE) {
        const next = this.#takeMessage(bytes, at, end);
        if (next > at) {
          at = next;
        } else if (end - at >= headerLength(bytes, at, keyLength)) {
          const headerEnd = this.#takeHeader(bytes, at, keyLength);
          if (headerEnd < 0) return at;
          at = this.#takePayload(bytes, headerEnd, end);
        } else {
          this.#takeHeaderByte(bytes[at++]);
        }
      } else if (this.#stage === PAYLOAD) {
        at = this.#takePayload(bytes, at, end);
      } else if (this.#stage === HALTED) {
        return at;
      } else if (this.#stage === ASK) {
        if (!this.#ask()) return at;
        this.#takeEmptyPayload(bytes, at);
      } else {
        this.#takeHeaderByte(bytes[at++]);
        this.#takeEmptyPayload(bytes, at);
      }
    }
    return at;
  }

  /**
   * The lane for a message that is one whole frame in the chunk, of less than 64 KiB and not compressed. Returns where it
   * ends, or `at` for anything else, which the other ways take or refuse with the same questions one by one.
   */
  #takeMessage(bytes: Uint8Array, at: number, end: number): number {
    const opcode = bytes[at] ^ FIN;
    if ((opcode !== TEXT && opcode !== BINARY) || this.#trace !== undefined) return at;
    // Beyond `end` lies anything: what it says is not believed, since no frame that ends there is taken.
    let length = bytes[at + 1] ^ (this.#expectMask ? MASKED : 0);
    let start = at + 2;
    if (length === 126) {
      length = (bytes[at + 2] << 8) | bytes[at + 3];
      start = at + 4;
      if (length < 126) return at;
    } else if (length > 126) {
      return at;
    }
    if (this.#expectMask) start += 4;
    const stop = start + length;
    if (stop > end || !this.#data.beginMessage(length)) return at;
    let seen: number;
    if (this.#expectMask) {
      const key = bytes[start - 4] | (bytes[start - 3] << 8) | (bytes[start - 2] << 16) | (bytes[start - 1] << 24);
      seen = this.#masker.apply(bytes, start, stop, key, 0);
    } else {
      seen = seenBits(bytes, start, stop);
    }
    this.#data.takeMessage(opcode, bytes, start, stop, seen);
    return stop;
  }

  /** The short way: a whole header at `at`. Returns where it ends, or -1 when the frame may not come (now). */
  #takeHeader(bytes: Uint8Array, at: number, keyLength: number): number {
    if (!this.#checkFirst(bytes[at]) || !this.#checkSecond(bytes[at + 1])) return -1;
    let next = at + 2;
    if (this.#form === 126) {
      this.#length = (bytes[at + 2] << 8) | bytes[at + 3];
      next = at + 4;
    } else if (this.#form === 127) {
      for (let i = 2; i < 10; i++) if (!this.#addToLength(bytes[at + i], i === 2)) return -1;
      next = at + 10;
    }
    if (!this.#checkLength()) return -1;
    if (this.#opcode < CLOSE && !this.#beginData()) return -1;
    if (keyLength !== 0) {
      this.#key = bytes[next] | (bytes[next + 1] << 8) | (bytes[next + 2] << 16) | (bytes[next + 3] << 24);
      next += 4;
    }
    this.#received = 0;
    this.#stage = PAYLOAD;
    return next;
  }

  /** The long way: one more byte of a header that is cut. */
  #takeHeaderByte(byte: number): void {
    switch (this.#stage) {
      case FIRST_BYTE:
        if (this.#checkFirst(byte)) this.#stage = SECOND_BYTE;
        return;
      case SECOND_BYTE:
        if (!this.#checkSecond(byte)) return;
        this.#missing = this.#form < 126 ? 0 : this.#form === 126 ? 2 : 8;
        this.#stage = this.#missing === 0 ? ASK : LENGTH;
        return;
      case LENGTH:
        if (!this.#addToLength(byte, this.#missing === 8)) return;
        if (--this.#missing === 0 && this.#checkLength()) this.#stage = ASK;
        return;
      default: {
        // KEY. It arrives first byte first, and the first byte is the lowest.
        this.#key |= byte << ((4 - this.#missing) << 3);
        if (--this.#missing === 0) this.#stage = PAYLOAD;
      }
    }
  }

  /** Asks the target for a frame whose header came in pieces. Returns whether decoding goes on. */
  #ask(): boolean {
    if (this.#opcode < CLOSE && !this.#beginData()) return false;
    this.#received = 0;
    this.#key = 0;
    this.#missing = 4;
    this.#stage = this.#expectMask ? KEY : PAYLOAD;
    return true;
  }

  /** Asks whether a data frame may come (now). */
  #beginData(): boolean {
    const mayCome = this.#data.begin(this.#opcode, this.#fin, this.#rsv1, this.#length);
    if (mayCome || this.#stage === HALTED) this.#traceFrame();
    return mayCome;
  }

  #traceFrame(): void {
    this.#trace?.({ sent: false, opcode: this.#opcode, fin: this.#fin, rsv1: this.#rsv1, length: this.#length });
  }

  /** A payload of no bytes ends with its header: nothing more need come for it. */
  #takeEmptyPayload(bytes: Uint8Array, at: number): void {
    if (this.#stage === PAYLOAD && this.#length === 0) this.#takePayload(bytes, at, at);
  }

  #takePayload(bytes: Uint8Array, at: number, end: number): number {
    const rest = this.#length - this.#received;
    const stop = end - at < rest ? end : at + rest;
    const last = stop - at === rest;
    if (this.#opcode >= CLOSE) {
      this.#takeControl(bytes, at, stop, last);
      return stop;
    }
    const seen = this.#expectMask
      ? this.#masker.apply(bytes, at, stop, this.#key, this.#received)
      : seenBits(bytes, at, stop);
    this.#received += stop - at;
    // The stage first: the target may halt the decoder, or throw, and must find it between frames.
    if (last) this.#stage = FIRST_BYTE;
    this.#data.append(bytes, at, stop, seen, last);
    return stop;
  }

  #takeControl(bytes: Uint8Array, at: number, stop: number, last: boolean): void {
    if (this.#expectMask) this.#masker.apply(bytes, at, stop, this.#key, this.#received);
    if (last && this.#received === 0) {
      this.#stage = FIRST_BYTE;
      this.#traceFrame();
      this.#control.onControl(this.#opcode, bytes, at, stop);
      return;
    }
    const control = (this.#cut ??= new Uint8Array(MAX_CONTROL_PAYLOAD));
    for (let i = at; i < stop; i++) control[this.#received++] = bytes[i];
    if (!last) return;
    this.#stage = FIRST_BYTE;
    this.#traceFrame();
    this.#control.onControl(this.#opcode, control, 0, this.#length);
  }

  /** §5.2: FIN, RSV1–3 and the opcode. */
  #checkFirst(byte: number): boolean {
    const opcode = byte & 0x0f;
    this.#fin = (byte & FIN) !== 0;
    this.#rsv1 = (byte & RSV1) !== 0;
    this.#opcode = opcode;
    if ((byte & (RSV1 | RSV2 | RSV3)) !== 0) {
      if ((byte & (RSV2 | RSV3)) !== 0) return this.#fault('a reserved bit is set', 'rsv2-rsv3');
      if (!this.#allowRsv1) return this.#fault('a reserved bit is set', 'rsv1');
      // RFC 7692 §6: only the first frame of a message may have it.
      if (opcode === 0 || opcode >= CLOSE) {
        return this.#fault('RSV1 is set on a frame that does not begin a message', 'rsv1');
      }
    }
    if ((opcode > BINARY && opcode < CLOSE) || opcode > PONG) {
      return this.#fault('a reserved opcode', 'opcode', opcode);
    }
    // §5.5: control frames must not be fragmented.
    if (opcode >= CLOSE && !this.#fin) return this.#fault('a fragmented control frame', 'fin');
    return true;
  }

  /** §5.1: a client masks, a server does not. §5.5: a control frame has at most 125 bytes. */
  #checkSecond(byte: number): boolean {
    this.#form = byte & 0x7f;
    this.#length = this.#form < 126 ? this.#form : 0;
    if (((byte & MASKED) !== 0) !== this.#expectMask) {
      return this.#expectMask
        ? this.#fault('a frame without a mask', 'mask-missing')
        : this.#fault('a masked frame', 'mask');
    }
    if (this.#opcode >= CLOSE && this.#form > MAX_CONTROL_PAYLOAD) {
      return this.#fault('a control frame over 125 bytes', 'control-length', this.#form);
    }
    // §5.5.1: a body begins with a code of two bytes.
    if (this.#opcode === CLOSE && this.#form === 1) {
      return this.#fault('a Close frame with a bad code or length', 'control-length', 1);
    }
    return true;
  }

  /** One byte of an eight- or two-byte length. */
  #addToLength(byte: number, first: boolean): boolean {
    if (first && byte > 0x7f) return this.#fault('a length with its top bit set', 'length');
    this.#length = this.#length * 256 + byte;
    return true;
  }

  /** §5.2: "the minimal number of bytes MUST be used to encode the length". */
  #checkLength(): boolean {
    const form = this.#form;
    if ((form === 126 && this.#length < 126) || (form === 127 && this.#length < 0x10000)) {
      return this.#fault('a length that is not in its shortest form', 'length-form');
    }
    if (this.#length > Number.MAX_SAFE_INTEGER) return this.#fault('message too big', 'length', undefined, 1009);
    return true;
  }

  #fault(reason: string, kind: FaultKind, found?: number, code = 1002): false {
    this.halt();
    this.#control.onFrameFault(code, reason, kind, found);
    return false;
  }
}

/** How long the header at `at` is: two bytes and more, whatever lies beyond one that is cut after its first. */
function headerLength(bytes: Uint8Array, at: number, keyLength: number): number {
  const form = bytes[at + 1] & 0x7f;
  return keyLength + (form < 126 ? 2 : form === 126 ? 4 : 10);
}
