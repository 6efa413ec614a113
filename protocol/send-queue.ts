import { type BytesLike, checkFin, toBytes } from './data.ts';
import { InvalidStateError } from './errors.ts';
import type { GuardedSink } from './guarded-sink.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { PreparedMessage } from './prepared.ts';
import type { Resources } from './resources.ts';
import type { Sender } from './sender.ts';

/** Longer bytes are left alone by whoever sends them until they are written; shorter ones may change, and are copied. */
const BY_REFERENCE_OVER = 1024;

/** What something that waits takes besides its bytes, so that many empty messages count too. */
const ENTRY_SIZE = 128;

/** Whose messages wait: the connection's life. */
export interface SendQueueOwner {
  readonly sender: Sender;
  readonly sink: GuardedSink;
  readonly resources: Resources;
  /** Something of ours broke: it costs this connection, and no other. */
  fail(cause: unknown): void;
}

/** Something to do when its turn comes. */
interface Entry {
  /** The bytes that it sends. */
  readonly size: number;
  /** What is to be deflated first, until that has begun. */
  later: PreparedMessage | undefined;
  readonly run: () => void;
  /** What is to be done once it has run. */
  readonly after: (() => void)[];
  next: Entry | undefined;
}

/**
 * What stands before the sender of a connection that has large messages deflated off the thread (`asyncAbove`): what is
 * sent behind one waits until that is done, a Close frame too, so that messages keep their order. Control frames go ahead.
 *
 * One message of a connection is deflated at a time. While there is none, everything goes straight through.
 */
export class SendQueue {
  /** What the bytes that wait come to, and what holds them. */
  size: number;
  readonly #owner: SendQueueOwner;
  readonly #deflate: PermessageDeflate;
  /** The first of those that wait, which is being deflated, and the last. */
  #first: Entry | undefined;
  #last: Entry | undefined;
  #isDeflating: boolean;
  /** What the fragments of the message are that is being sent in fragments, as far as it has been handed in. */
  #fragments: 'string' | 'object' | undefined;

  constructor(owner: SendQueueOwner, deflate: PermessageDeflate) {
    this.size = 0;
    this.#owner = owner;
    this.#deflate = deflate;
    this.#first = undefined;
    this.#last = undefined;
    this.#isDeflating = false;
    this.#fragments = undefined;
  }

  // The methods of the sender, as far as they send messages.

  text(text: string | BytesLike, compress: boolean): void {
    this.#checkBetweenMessages();
    if (typeof text !== 'string') return this.#bytes(toBytes(text), compress, true);
    const { sender, resources } = this.#owner;
    // A code unit comes to three bytes at most: what can't be large is not measured here.
    if (this.#first === undefined && !this.#deflate.shouldCompressLater(3 * text.length)) {
      return sender.text(text, compress);
    }
    const size = resources.text.byteLength(text);
    if (compress && this.#deflate.shouldCompressLater(size)) return this.#later(new PreparedMessage(text, resources));
    this.add(size, () => sender.text(text, compress));
  }

  binary(data: BytesLike, compress: boolean): void {
    this.#checkBetweenMessages();
    this.#bytes(toBytes(data), compress, false);
  }

  prepared(message: PreparedMessage, compress: boolean): void {
    const { payload } = PreparedMessage.encodingsOf(message);
    this.#checkBetweenMessages();
    if (compress && this.#deflate.shouldCompressLater(payload.length)) return this.#later(message);
    this.add(payload.length, () => this.#owner.sender.prepared(message, compress));
  }

  fragment(data: string | BytesLike, fin: boolean, compress: boolean, asText: boolean): void {
    checkFin(fin);
    const { sender, resources } = this.#owner;
    const part = typeof data === 'string' ? data : this.#keep(toBytes(data));
    const kind = asText || typeof part === 'string' ? 'string' : 'object';
    if (this.#fragments !== undefined && kind !== this.#fragments) {
      throw new TypeError('the fragments of a message must be all text or all bytes');
    }
    if (this.#first === undefined) {
      sender.fragment(part, fin, compress, asText);
    } else {
      const size = typeof part === 'string' ? resources.text.byteLength(part) : part.length;
      this.add(size, () => sender.fragment(part, fin, compress, asText));
    }
    this.#fragments = fin ? undefined : kind;
  }

  /** Does this, which sends so many bytes, when everything before it is sent: now, if nothing waits. */
  add(size: number, run: () => void): void {
    if (this.#first === undefined) run();
    else this.#append(size, undefined, run);
  }

  /** Calls back, once, when what waits now has been sent, unless the end comes before: at once if nothing waits. */
  whenSent(callback: () => void): void {
    if (this.#last === undefined) callback();
    else this.#last.after.push(callback);
  }

  /** Goes on, where a message was being deflated and is now. */
  goOn(): void {
    if (this.#isDeflating) return;
    try {
      this.#advance();
    } catch (error) {
      // Memory that there isn't, as a rule.
      this.#owner.fail(error);
    }
  }

  /** Drops what waits. */
  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#isDeflating = false;
    this.size = 0;
  }

  #bytes(bytes: Uint8Array, compress: boolean, asText: boolean): void {
    const { sender, resources } = this.#owner;
    if (compress && this.#deflate.shouldCompressLater(bytes.length)) {
      return this.#later(new PreparedMessage(copyOfFew(bytes), resources, asText));
    }
    if (asText && !resources.text.isValid(bytes, 0, bytes.length)) throw new TypeError('the text is not UTF-8');
    const kept = this.#keep(bytes);
    this.add(kept.length, () => {
      if (asText) sender.text(kept, compress);
      else sender.binary(kept, compress);
    });
  }

  /** Bytes that stay as they are until they are sent. */
  #keep(bytes: Uint8Array): Uint8Array {
    return this.#first === undefined ? bytes : copyOfFew(bytes);
  }

  /** As the sender would, which may not have been handed the fragments before. */
  #checkBetweenMessages(): void {
    if (this.#fragments !== undefined) throw new InvalidStateError('a fragmented message is being sent');
  }

  /** Has a message deflated in its turn, and sends it then. */
  #later(message: PreparedMessage): void {
    this.#append(message.payload.length, message, () => this.#owner.sender.prepared(message, true));
    if (this.#first === this.#last) this.#advance();
  }

  #append(size: number, later: PreparedMessage | undefined, run: () => void): void {
    const entry: Entry = { size, later, run, after: [], next: undefined };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.size += size + ENTRY_SIZE;
  }

  /** Lets go what need not wait, up to the next message that is to be deflated. */
  #advance(): void {
    for (let entry = this.#first; entry !== undefined; entry = this.#first) {
      if (entry.later !== undefined && this.#begin(entry, entry.later)) return;
      this.#first = entry.next;
      if (entry.next === undefined) this.#last = undefined;
      this.size -= entry.size + ENTRY_SIZE;
      entry.run();
      for (const callback of entry.after) callback();
    }
  }

  /** Begins to deflate the first. Returns false when that is done already. */
  #begin(entry: Entry, message: PreparedMessage): boolean {
    entry.later = undefined;
    this.#isDeflating = PreparedMessage.encodingsOf(message).deflateLater(this.#deflate, () => {
      // The end may have come before.
      if (this.#first !== entry) return;
      this.#isDeflating = false;
      this.#owner.sink.onDeflated();
    });
    return this.#isDeflating;
  }
}

function copyOfFew(bytes: Uint8Array): Uint8Array {
  return bytes.length > BY_REFERENCE_OVER ? bytes : new Uint8Array(bytes);
}
