import { type BytesLike, toBytes } from './data.ts';
import { encodeFrame } from './frame.ts';
import { BINARY, TEXT } from './framing/opcodes.ts';
import { nameOf } from './option-check.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { Resources } from './resources.ts';

/**
 * A message that is encoded once for many connections: its frame without a mask, and, once a connection wants it, the
 * compressed one. Give it to `Connection.sendPrepared` of each. The bytes must not change as long as it is in use.
 */
export class PreparedMessage {
  readonly #encodings: Encodings;

  /** Bytes are BINARY, or TEXT with `asText`. Throws a TypeError for what is no message, and for text that is not UTF-8. */
  constructor(data: string | BytesLike, resources: Resources = new Resources(), asText = false) {
    if (!(resources instanceof Resources)) throw new TypeError(`expected a Resources, not ${nameOf(resources)}`);
    if (typeof data === 'string') {
      this.#encodings = new Encodings(TEXT, encode(data, resources));
      return;
    }
    const bytes = Object.preventExtensions(toBytes(data));
    if (asText && !resources.text.isValid(bytes, 0, bytes.length)) throw new TypeError('the text is not UTF-8');
    this.#encodings = new Encodings(asText ? TEXT : BINARY, bytes);
  }

  /** @internal What stands behind it, whatever else a subclass says. Throws a TypeError for what is no PreparedMessage. */
  static encodingsOf(message: PreparedMessage): Encodings {
    // `in` would throw words of its own for what is no object.
    if (Object(message) !== message || !(#encodings in message)) {
      throw new TypeError(`expected a PreparedMessage, not ${nameOf(message)}`);
    }
    return message.#encodings;
  }

  /** TEXT or BINARY. */
  get opcode(): number {
    return this.#encodings.opcode;
  }

  /** The payload, in UTF-8 when it is TEXT. */
  get payload(): Uint8Array {
    return this.#encodings.payload;
  }

  /** The frame that a server sends uncompressed. */
  get frame(): Uint8Array {
    return this.#encodings.frame;
  }
}

/** @internal A message as the connections send it. Its bytes are such as nobody can give another length. */
export class Encodings {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** The frame that a server sends uncompressed, once one has. */
  #frame: Uint8Array | undefined;
  /** What it is compressed, by what it was compressed for. */
  readonly #deflated: Map<string, Deflated>;
  /** Who waits for that, likewise. */
  readonly #coming: Map<string, (() => void)[]>;

  constructor(opcode: number, payload: Uint8Array) {
    this.opcode = opcode;
    this.payload = payload;
    this.#frame = undefined;
    this.#deflated = new Map();
    this.#coming = new Map();
  }

  get frame(): Uint8Array {
    return (this.#frame ??= encodeFrame(this.opcode, this.payload));
  }

  /** The frame of this message compressed in a context of its own, such as this connection may send. */
  deflatedFrame(deflate: PermessageDeflate): Uint8Array {
    const key = keyOf(deflate);
    return (this.#deflated.get(key) ?? this.#keep(key, deflate.compressAlone(this.payload))).frame;
  }

  /** The payload of that frame, if it was compressed already. */
  deflatedPayload(deflate: PermessageDeflate): Uint8Array | undefined {
    return this.#deflated.get(keyOf(deflate))?.payload;
  }

  /**
   * Compresses it off the thread for connections such as this one, once for all that ask. Returns false when it is done
   * already; otherwise `done` is called later, once, whether it went well or not.
   */
  deflateLater(deflate: PermessageDeflate, done: () => void): boolean {
    const key = keyOf(deflate);
    if (this.#deflated.has(key)) return false;
    const others = this.#coming.get(key);
    if (others !== undefined) {
      others.push(done);
      return true;
    }
    const waiting = [done];
    this.#coming.set(key, waiting);
    deflate.compressLater(this.payload, (payload) => {
      this.#coming.delete(key);
      if (payload !== undefined) this.#keep(key, payload);
      callAll(waiting);
    });
    return true;
  }

  #keep(key: string, payload: Uint8Array): Deflated {
    const frame = encodeFrame(this.opcode, payload, { rsv1: true });
    const deflated = { frame, payload: frame.subarray(frame.length - payload.length) };
    this.#deflated.set(key, deflated);
    return deflated;
  }
}

/** A compressed payload, in the frame that a server sends it in. */
interface Deflated {
  readonly frame: Uint8Array;
  readonly payload: Uint8Array;
}

/** Connections with the same key compress alike, and may look back equally far. */
function keyOf(deflate: PermessageDeflate): string {
  const { windowBits, level, memLevel } = deflate.params;
  return `${windowBits} ${level} ${memLevel}`;
}

function encode(text: string, resources: Resources): Uint8Array {
  const bytes = resources.allocate(resources.text.byteLength(text));
  resources.text.encode(text, bytes, 0);
  return Object.preventExtensions(bytes);
}

/** Calls them all, each another connection's. Throws what the first to throw threw, once all were called. */
function callAll(callbacks: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
