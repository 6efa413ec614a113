import type { Socket } from '../socket/socket.ts';
import { isData, notData, type Data, type Fragments } from './data.ts';
import { ignore } from './deferred.ts';

/** Where a fragmented message reports how it goes: the outbound queue. */
export interface FragmentedMessageOwner {
  /** The transport wants a rest: `proceed` goes on. */
  messageWaits(): void;
  /** The whole message is written; `goOn` is what the socket said to its last fragment. */
  messageWritten(goOn: boolean): void;
  /** The source threw, or gave what is no fragment of this message; `begun` tells whether any of it was written. */
  messageFailed(error: unknown, begun: boolean): void;
}

const EMPTY = new Uint8Array(0);

/**
 * One message from an iterable, a fragment an element, each sent as it comes; an empty iterable makes an empty TEXT
 * message (RFC 6455 §5.4).
 *
 * An iterable is looked at one element ahead, so that its last fragment is the one with FIN. Of an async iterable the
 * next element may be long in coming: its fragments leave at once, and an empty one with FIN follows at its end.
 */
export class FragmentedMessage {
  readonly #socket: Socket<unknown>;
  readonly #owner: FragmentedMessageOwner;
  readonly #options: { compress?: boolean } | undefined;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #isAsync: boolean;
  readonly #onStep: (step: IteratorResult<unknown>) => void;
  readonly #onThrow: (error: unknown) => void;
  #isText: boolean | undefined;
  /** An element that was taken and not yet sent. */
  #ahead: Data | undefined;
  #begun: boolean;
  #stopped: boolean;

  /** Throws what the source throws when its iterator is made. */
  constructor(
    socket: Socket<any>,
    source: Fragments,
    options: { compress?: boolean } | undefined,
    owner: FragmentedMessageOwner,
  ) {
    this.#socket = socket;
    this.#owner = owner;
    this.#options = options;
    this.#isAsync = Symbol.asyncIterator in source;
    this.#iterator = this.#isAsync
      ? (source as AsyncIterable<Data>)[Symbol.asyncIterator]()
      : (source as Iterable<Data>)[Symbol.iterator]();
    this.#onStep = (step) => this.#stepped(step);
    this.#onThrow = (error) => this.#failed(error);
    this.#isText = undefined;
    this.#ahead = undefined;
    this.#begun = false;
    this.#stopped = false;
  }

  /** Whether any of the message was written. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Begins, or goes on after `messageWaits`. */
  proceed(): void {
    if (this.#isAsync) this.#request();
    else this.#sendAll();
  }

  /** Takes nothing more from the source, and sends nothing more. */
  stop(): void {
    this.#stopped = true;
    try {
      // An async generator that is waiting for something hears of this when that has come. Nobody waits for it here.
      Promise.resolve(this.#iterator.return?.()).catch(ignore);
    } catch {
      // The source is on its own.
    }
  }

  #sendAll(): void {
    try {
      if (!this.#begun) this.#ahead ??= this.#pull();
      for (;;) {
        const piece = this.#ahead;
        this.#ahead = piece === undefined ? undefined : this.#pull();
        // The source may have closed the connection when it was asked.
        if (this.#stopped) return;
        const isLast = this.#ahead === undefined;
        const goOn = this.#send(piece ?? '', isLast);
        if (isLast) return this.#owner.messageWritten(goOn);
        if (!goOn) return this.#owner.messageWaits();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #pull(): Data | undefined {
    const step = (this.#iterator as Iterator<unknown>).next();
    return step.done === true ? undefined : this.#check(step.value);
  }

  #request(): void {
    try {
      Promise.resolve((this.#iterator as AsyncIterator<unknown>).next()).then(this.#onStep, this.#onThrow);
    } catch (error) {
      this.#failed(error);
    }
  }

  #stepped(step: IteratorResult<unknown>): void {
    if (this.#stopped) return;
    try {
      if (step.done === true) {
        this.#owner.messageWritten(this.#send(this.#isText === false ? EMPTY : '', true));
      } else if (this.#send(this.#check(step.value), false)) {
        this.#request();
      } else {
        this.#owner.messageWaits();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #send(piece: Data, fin: boolean): boolean {
    const goOn = this.#socket.sendFragment(piece, fin, this.#options);
    this.#begun = true;
    return goOn;
  }

  #check(value: unknown): Data {
    if (!isData(value)) throw notData(value, 'a string or bytes as a fragment');
    const isText = typeof value === 'string';
    this.#isText ??= isText;
    if (isText !== this.#isText) throw new TypeError('a message is either text or bytes: its fragments were both');
    return value;
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#owner.messageFailed(error, this.#begun);
  }
}

/** Whether this can be sent fragment by fragment. */
export function isFragments(value: unknown): value is Fragments {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Throws a TypeError for an array that is no message, while nothing of it is sent. Other sources tell as they go. */
export function checkFragments(source: Fragments): void {
  if (!Array.isArray(source)) return;
  for (const piece of source) {
    if (!isData(piece)) throw notData(piece, 'a string or bytes as a fragment');
    if ((typeof piece === 'string') !== (typeof source[0] === 'string')) {
      throw new TypeError('a message is either text or bytes: its fragments were both');
    }
  }
}
