import { resolveLimit } from '../../protocol/index.ts';
import type { Socket } from '../socket.ts';
import type { ReceivedMessage } from './data.ts';
import { Deferred, rejectedQuietly } from './deferred.ts';
import type { Ending } from './ending.ts';
import { type Fifo, NOTHING_QUEUED, queued } from './fifo.ts';
import { checkTimeout, GiveUp, timedOut, type TimedWaitOptions } from './give-up.ts';
import { IncomingStream, STREAM_HIGH_WATER, type MessageStream } from './message-stream.ts';

/** How much is received ahead of the consumer. */
export interface InboxLimits {
  /** The most messages in the queue; the byte cap is `maxMessageSize`. */
  readonly receiveQueue: number;
  readonly maxMessageSize: number;
}

/** Who waits in line for a message. */
interface Taker {
  take(message: ReceivedMessage): void;
  /** The connection has ended: no message is coming. */
  fail(ending: Ending): void;
}

const DEFAULT_RECEIVE_QUEUE = 16;

/**
 * The messages that have come and those who wait for one; never both at once. Beyond its caps it stops the socket's
 * reading, so that a consumer that does not receive holds the peer up instead of filling the memory.
 *
 * The end of the connection stands in the same line as the messages: it is told when the queue is empty, so that what
 * the consumer was doing when it came makes no difference.
 */
export class Inbox {
  readonly #socket: Socket<unknown>;
  readonly #limits: InboxLimits;
  #messages: Fifo<ReceivedMessage>;
  /** The first in line, and those behind: as a rule there is one. */
  #taker: Taker | undefined;
  #takersBehind: Fifo<Taker>;
  /** Bytes in `#messages`. */
  #bytes: number;
  /** The stream that the message coming in goes to. */
  #stream: IncomingStream | undefined;
  /** Bytes that have come for streams and were not taken. */
  #streamBytes: number;
  #paused: boolean;
  /** This side has begun the closing handshake: the peer's Close must be reached, so that nothing is held up any more. */
  #closing: boolean;
  /** While closing, more came than the caps allow. What comes after the gap is not delivered either. */
  #discarding: boolean;
  #ending: Ending | undefined;

  constructor(socket: Socket<any>, limits: InboxLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#messages = NOTHING_QUEUED;
    this.#taker = undefined;
    this.#takersBehind = NOTHING_QUEUED;
    this.#bytes = 0;
    this.#stream = undefined;
    this.#streamBytes = 0;
    this.#paused = false;
    this.#closing = false;
    this.#discarding = false;
    this.#ending = undefined;
  }

  // The consumer's side.

  receive(options?: TimedWaitOptions): Promise<ReceivedMessage> {
    if (options !== undefined) return this.#receivePatiently(options);
    if (this.#messages.length !== 0) return Promise.resolve(this.#takeMessage());
    if (this.#ending !== undefined) return rejectedQuietly(this.#ending.error);
    const receiver = new Receiver();
    this.#lineUp(receiver);
    return receiver.promise;
  }

  /** What an iterator's `next` returns. */
  next(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    if (this.#messages.length !== 0) return Promise.resolve({ value: this.#takeMessage(), done: false });
    const step = new Step();
    if (this.#ending !== undefined) step.fail(this.#ending);
    else this.#lineUp(step);
    return step.promise;
  }

  stream(): MessageStream {
    const stream = new IncomingStream(this);
    if (this.#messages.length !== 0) {
      stream.take(this.#takeMessage());
    } else if (this.#ending !== undefined) {
      stream.fail(this.#ending);
    } else {
      this.#lineUp(stream);
      this.#startStream();
    }
    return stream;
  }

  // The socket's side.

  deliver(message: ReceivedMessage): void {
    if (this.#discarding) return;
    const taker = this.#nextTaker();
    if (taker !== undefined) {
      taker.take(message);
      if (this.#taker !== undefined) this.#startStream();
      return;
    }
    if (this.#closing && this.#isFull()) {
      this.#discarding = true;
      return;
    }
    this.#messages = queued(this.#messages, message);
    this.#bytes += message.length;
    if (this.#isFull()) this.#hold();
  }

  startMessage(binary: boolean): void {
    if (!this.#discarding) this.#stream?.start(binary);
  }

  deliverChunk(chunk: ReceivedMessage): void {
    if (this.#closing && this.#isFull()) this.#discarding = true;
    if (!this.#discarding) this.#stream?.push(chunk);
  }

  finishMessage(): void {
    // A message with a part of it discarded stays unfinished, until the end comes.
    if (this.#discarding) return;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.finish();
    this.#startStream();
  }

  /** This side closes: from here on whatever the caps don't hold is discarded, and nothing stops the reading. */
  startClosing(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** No message comes any more. What has come is still delivered, then this end. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#paused = false;
    this.#stream?.fail(ending);
    this.#stream = undefined;
    for (let taker = this.#nextTaker(); taker !== undefined; taker = this.#nextTaker()) taker.fail(ending);
  }

  // The streams' side: they tell what they hold.

  streamHolds(bytes: number): void {
    this.#streamBytes += bytes;
    if (this.#isFull()) this.#hold();
  }

  streamReleases(bytes: number): void {
    this.#streamBytes -= bytes;
    if (this.#paused) this.#letGo();
  }

  #receivePatiently({ signal, timeout }: TimedWaitOptions): Promise<ReceivedMessage> {
    let patience: number;
    try {
      patience = checkTimeout(timeout);
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#messages.length !== 0 || this.#ending !== undefined) return this.receive();
    if (patience === 0) return Promise.reject(timedOut(0));
    const receiver = new PatientReceiver();
    this.#lineUp(receiver);
    // Whoever gives up leaves the line before a message has reached them: none is lost.
    receiver.giveUp = new GiveUp(signal, patience, this.#socket.clock, (reason) => {
      this.#leave(receiver);
      receiver.reject(reason);
      this.#startStream();
    });
    return receiver.promise;
  }

  #takeMessage(): ReceivedMessage {
    const message = this.#messages.shift()!;
    this.#bytes -= message.length;
    if (this.#paused) this.#letGo();
    return message;
  }

  #lineUp(taker: Taker): void {
    if (this.#taker === undefined) this.#taker = taker;
    else this.#takersBehind = queued(this.#takersBehind, taker);
  }

  /** Takes the first out of the line. */
  #nextTaker(): Taker | undefined {
    const taker = this.#taker;
    if (taker !== undefined) this.#taker = this.#takersBehind.shift();
    return taker;
  }

  #leave(taker: Taker): void {
    if (this.#taker === taker) this.#nextTaker();
    else this.#takersBehind.remove(taker);
  }

  /** When a stream is first in line, the message that is coming in, or the next to begin, goes to it piece by piece. */
  #startStream(): void {
    const first = this.#taker;
    if (!(first instanceof IncomingStream) || this.#stream !== undefined) return;
    this.#nextTaker();
    this.#stream = first;
    this.#socket.streamNext();
  }

  #isFull(): boolean {
    return (
      this.#messages.length >= this.#limits.receiveQueue ||
      this.#bytes >= this.#limits.maxMessageSize ||
      this.#streamBytes >= STREAM_HIGH_WATER
    );
  }

  #hold(): void {
    if (this.#paused || this.#closing || this.#ending !== undefined) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** Reads on once there is room for several messages: stopping and going for each one would cost more than it saves. */
  #letGo(): void {
    if (this.#messages.length > this.#limits.receiveQueue / 4) return;
    if (this.#bytes > this.#limits.maxMessageSize / 4) return;
    if (this.#streamBytes > STREAM_HIGH_WATER / 4) return;
    this.#paused = false;
    this.#socket.resume();
  }
}

/** Fills in the default. Throws a RangeError or TypeError for what is not a limit. */
export function resolveReceiveQueue(value: number | false | undefined): number {
  return resolveLimit('receiveQueue', value, DEFAULT_RECEIVE_QUEUE);
}

class Receiver extends Deferred<ReceivedMessage> implements Taker {
  take(message: ReceivedMessage): void {
    this.resolve(message);
  }

  fail(ending: Ending): void {
    this.rejectQuietly(ending.error);
  }
}

class PatientReceiver extends Receiver {
  giveUp: GiveUp | undefined = undefined;

  override take(message: ReceivedMessage): void {
    this.giveUp!.callOff();
    this.resolve(message);
  }

  override fail(ending: Ending): void {
    this.giveUp!.callOff();
    this.rejectQuietly(ending.error);
  }
}

/** A step of an iteration, which a normal close ends without an error. */
class Step extends Deferred<IteratorResult<ReceivedMessage, undefined>> implements Taker {
  take(message: ReceivedMessage): void {
    this.resolve({ value: message, done: false });
  }

  fail(ending: Ending): void {
    if (ending.isOk) this.resolve({ value: undefined, done: true });
    else this.rejectQuietly(ending.error);
  }
}
