/** One end of a conversation that outlives its connections: it numbers what it sends, and acknowledges what it takes. */
import { isSame, messageOf, numberOf } from './messages.ts';

/** A connection, of whichever face. */
export interface Line {
  send(data: string | Uint8Array, fragmented: boolean): void;
  close(): void;
  terminate(): void;
}

/** Messages that may be on their way without an acknowledgement. */
const WINDOW = 24;

/** An end that closes does so after so many messages of one connection, or one to three times as many. */
const CLOSE_AFTER = 40;

/**
 * Both ends first say how far they have come (`r<number>`); each then goes on behind what the other has. What they hold
 * each other to: a message comes exactly once, in order, and as it was sent; and what was acknowledged (`a<number>`) the
 * other end still has after a reconnection.
 */
export class End {
  /** How many messages of the peer have come. */
  received: number;
  /** The highest number that was sent, and the highest that the peer has acknowledged. */
  sent: number;
  acknowledged: number;
  /** No new messages beyond this number. */
  last: number;
  readonly #name: string;
  readonly #inward: number;
  readonly #outward: number;
  readonly #closes: boolean;
  #line: Line | undefined;
  #next: number;
  #isResumed: boolean;
  /** When this connection is to be closed. */
  #closeAt: number;
  #isClosed: boolean;

  /** `inward` and `outward` name the two ways; `closes` says that this end closes connections that nothing else ends. */
  constructor(name: string, inward: number, outward: number, closes: boolean) {
    this.received = 0;
    this.sent = 0;
    this.acknowledged = 0;
    this.last = Infinity;
    this.#name = name;
    this.#inward = inward;
    this.#outward = outward;
    this.#closes = closes;
    this.#line = undefined;
    this.#next = 1;
    this.#isResumed = false;
    this.#closeAt = Infinity;
    this.#isClosed = false;
  }

  get isDone(): boolean {
    return this.acknowledged >= this.last;
  }

  /** A new connection takes the place of the last one, of which nothing is taken any more. */
  attach(line: Line): void {
    const old = this.#line;
    this.#line = line;
    this.#isResumed = false;
    old?.terminate();
    line.send(`r${this.received}`, false);
    if (this.#isClosed) line.close();
  }

  detach(line: Line): void {
    if (this.#line === line) this.#line = undefined;
  }

  /** Nothing more is wanted: neither of this connection nor, where a fault has just ended the last one, of the next. */
  close(): void {
    this.#isClosed = true;
    this.#line?.close();
  }

  /** Throws when the message is not what must come now. */
  take(line: Line, data: string | Uint8Array): void {
    if (line !== this.#line) return;
    const kind = typeof data === 'string' ? data[0] : 'm';
    if (kind === 'r') this.#resume(Number((data as string).slice(1)));
    else if (kind === 'a') this.#onAcknowledged(Number((data as string).slice(1)));
    else this.#onMessage(line, data);
    this.#sendMore();
    // In the middle of things: what is under way either way is answered or resumed.
    if (this.acknowledged >= this.#closeAt) line.close();
  }

  #resume(peerHas: number): void {
    this.#hold(!this.#isResumed, 'the peer resumed twice on one connection');
    this.#hold(peerHas >= this.acknowledged, `the peer has ${peerHas} of ${this.acknowledged} that it acknowledged`);
    this.#hold(peerHas <= this.sent, `the peer has ${peerHas} of ${this.sent} that were sent`);
    this.#isResumed = true;
    this.#onAcknowledged(peerHas);
    this.#next = peerHas + 1;
    if (this.#closes) this.#closeAt = peerHas + CLOSE_AFTER * (1 + (this.sent % 4));
  }

  #onAcknowledged(number: number): void {
    this.#hold(number >= this.acknowledged && number <= this.sent, `${number} was acknowledged of ${this.sent}`);
    this.acknowledged = number;
  }

  #onMessage(line: Line, data: string | Uint8Array): void {
    this.#hold(this.#isResumed, 'a message came first');
    this.#hold(numberOf(data) === this.received + 1, `message ${numberOf(data)} came behind ${this.received}`);
    this.#hold(isSame(data, messageOf(this.#inward, numberOf(data))), `message ${numberOf(data)} was changed`);
    this.received++;
    line.send(`a${this.received}`, false);
  }

  #sendMore(): void {
    if (!this.#isResumed) return;
    while (this.#next <= this.last && this.#next <= this.acknowledged + WINDOW) {
      const number = this.#next++;
      this.sent = Math.max(this.sent, number);
      this.#line?.send(messageOf(this.#outward, number), number % 5 === 0);
    }
  }

  #hold(condition: boolean, otherwise: string): void {
    if (!condition) throw new Error(`${this.#name}: ${otherwise}`);
  }
}
