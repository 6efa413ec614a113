import { costOf } from '../names.ts';
import type { Place } from '../position.ts';
import { type Delivery, follows, type Line, Tail } from './line.ts';

/**
 * Keeps what lines give out while history is asked for single subscribers. An answer ends where the topic was when it was asked, and
 * on a busy topic, whose messages are quicker than answers, the line is not there any more: from the answer to the line it is this way.
 */
export class Tails<Owner> {
  /** Of a line. */
  readonly #mostMessages: number;
  /** Of all lines. */
  readonly #mostBytes: number;
  #bytes: number;

  constructor(mostMessages: number, mostBytes: number) {
    this.#mostMessages = mostMessages;
    this.#mostBytes = mostBytes;
    this.#bytes = 0;
  }

  /** History is asked for one that follows the line. */
  begin(line: Line<Owner>): void {
    (line.more.tail ??= new Tail()).askers++;
  }

  /** It has been answered. */
  end(line: Line<Owner>): void {
    if (--line.tail!.askers > 0) return;
    this.forget(line);
    line.more.tail = undefined;
  }

  /** The line gives this out. */
  keep({ tail }: Line<Owner>, message: Delivery): void {
    if (tail === undefined) return;
    tail.messages.push(message);
    this.#count(tail, costOf(message.data));
    // The newest are those that an answer leads to.
    while (tail.messages.length > this.#mostMessages || (this.#bytes > this.#mostBytes && tail.messages.length > 0)) {
      this.#count(tail, -costOf(tail.messages.shift()!.data));
    }
  }

  /** What the line gives out next does not follow what it gave out before. */
  forget({ tail }: Line<Owner>): void {
    if (tail === undefined) return;
    tail.messages = [];
    this.#count(tail, -tail.bytes);
  }

  /** What leads from a place to where the line is, if that is kept. */
  after({ tail }: Line<Owner>, place: Place): readonly Delivery[] {
    if (tail === undefined) return [];
    const next = tail.messages.findIndex(({ offset }) => offset > place.offset);
    return next >= 0 && follows(place, tail.messages[next]!) ? tail.messages.slice(next) : [];
  }

  #count(tail: Tail, bytes: number): void {
    tail.bytes += bytes;
    this.#bytes += bytes;
  }
}
