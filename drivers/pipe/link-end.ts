import type { Transport, TransportHandler } from '../transport.ts';
import type { OneWayLink } from './one-way-link.ts';
import type { TraceEvent } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What goes wrong in a network in memory, by the names that Node has for it. */
export type PipeErrorCode = 'EADDRINUSE' | 'ECONNREFUSED' | 'ECONNRESET' | 'EPIPE';

/** What went wrong in the network. `code` is what a real socket's error would carry. */
export class PipeError extends Error {
  /** The code that a real socket's error would have. */
  readonly code: PipeErrorCode;

  constructor(code: PipeErrorCode, message: string) {
    super(`${message} (${code})`);
    this.code = code;
  }

  override get name(): string {
    return 'PipeError';
  }
}

const OPEN = 0;
const GONE = 1;

/** One end of a link: a transport that waits for its handler. */
export interface TransportEnd extends Transport {
  /** From now on `handler` is told what comes; what came before is told first. Once only. */
  start(handler: TransportHandler): void;
}

/** What is behind it. */
export class LinkEnd implements TransportEnd {
  readonly #clock: VirtualClock;
  readonly #record: (event: TraceEvent, bytes: number) => void;
  readonly #closed: () => void;
  #outgoing: OneWayLink | undefined;
  #incoming: OneWayLink | undefined;
  #handler: TransportHandler | undefined;
  #state: number;
  #paused: boolean;
  /** `end` was called; the end of the stream has entered the network; the peer's has come. */
  #ended: boolean;
  #endSent: boolean;
  #endReceived: boolean;
  #error: Error | undefined;
  /** Whether a write has failed, and how many bytes had been written, until that is told. */
  #hasFailed: boolean;
  #refused: number;

  constructor(clock: VirtualClock, record: (event: TraceEvent, bytes: number) => void, closed: () => void) {
    this.#clock = clock;
    this.#record = record;
    this.#closed = closed;
    this.#outgoing = undefined;
    this.#incoming = undefined;
    this.#handler = undefined;
    this.#state = OPEN;
    this.#paused = false;
    this.#ended = false;
    this.#endSent = false;
    this.#endReceived = false;
    this.#error = undefined;
    this.#hasFailed = false;
    this.#refused = 0;
  }

  /** Connects the end to its lanes: once, by the link. */
  join(outgoing: OneWayLink, incoming: OneWayLink): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) throw new Error('this end has a handler');
    this.#handler = handler;
    if (this.#state === GONE) this.#tellLost();
    else this.#incoming!.arrange();
  }

  // Transport

  get bufferedAmount(): number {
    return this.#refused + this.#outgoing!.bufferedAmount;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ended) throw new Error('a transport was written to after its end');
    if (this.#state === GONE) return true;
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    this.#record('write', length);
    if (this.#hasFailed) return true;
    if (this.#incoming!.resetArrived || this.#outgoing!.isRefused) {
      // Whoever has not read that far learns of a reset by writing. What has come before it can be read all the same.
      this.#hasFailed = true;
      this.#outgoing!.abandon(false);
      this.#refused = length;
      this.#clock.carryAt(this.#clock.now(), () => this.#tellFailure());
      return false;
    }
    return this.#outgoing!.write(chunks);
  }

  #tellFailure(): void {
    this.#refused = 0;
    if (this.#state === GONE) return;
    const error = new PipeError('EPIPE', 'the peer has reset the connection');
    if (this.#handler?.onWriteFailed !== undefined) this.#handler.onWriteFailed(error);
    else this.#lose(error);
  }

  end(): void {
    if (this.#state === GONE || this.#ended) return;
    this.#ended = true;
    this.#outgoing!.end();
  }

  abort(): void {
    if (this.#state === GONE) return;
    this.#record('abort', 0);
    this.#outgoing!.abandon(true);
    this.#lose(undefined);
  }

  pause(): void {
    this.#paused = true;
    this.#incoming!.arrange();
  }

  resume(): void {
    this.#paused = false;
    this.#incoming!.arrange();
  }

  // What the lanes tell

  /** Whether anything can be delivered to it. */
  get takes(): boolean {
    return this.#handler !== undefined && this.#state === OPEN && !this.#paused;
  }

  takeData(bytes: Uint8Array): void {
    this.#record('data', bytes.length);
    this.#handler!.onData(bytes);
  }

  takeEnd(): void {
    this.#record('end', 0);
    this.#endReceived = true;
    // The handler first: it may answer the end with its own.
    try {
      this.#handler!.onEnd();
    } finally {
      this.#finish();
    }
  }

  takeReset(): void {
    if (this.#state === GONE) return;
    this.#outgoing!.abandon(false);
    this.#lose(new PipeError('ECONNRESET', 'the connection was reset'));
  }

  hasRoom(): void {
    if (this.#state === GONE || this.bufferedAmount > 0) return;
    this.#record('drain', 0);
    this.#handler?.onDrain();
  }

  hasEnded(): void {
    this.#endSent = true;
    this.#finish();
  }

  /** Both directions have ended: the transport is gone, and no error took it. */
  #finish(): void {
    if (this.#state === OPEN && this.#endSent && this.#endReceived) this.#lose(undefined);
  }

  #lose(error: Error | undefined): void {
    this.#state = GONE;
    this.#error = error;
    this.#incoming!.discard();
    if (this.#handler !== undefined) this.#tellLost();
  }

  #tellLost(): void {
    this.#clock.carryAt(this.#clock.now(), () => {
      this.#record(this.#error === undefined ? 'lost' : 'broken', 0);
      this.#closed();
      this.#handler!.onLost(this.#error);
    });
  }
}
