import { InvalidStateError, WaitTimeoutError } from '../../protocol/index.ts';
import { checkOptions, resolveLimit } from '../../protocol/internal.ts';
import { type Wake, wakeAtDeadline } from '../clock.ts';
import { reasonOf } from '../socket/abort.ts';
import { checkTimeout } from '../socket/graceful-close.ts';
import type { Socket } from '../socket/socket.ts';
import { recapture } from '../socket/error-place.ts';
import { ITEM_COST, type ReceivedMessage } from './data.ts';
import { rejectedQuietly } from './deferred.ts';
import type { Ending } from './ending.ts';
import { type Fifo, NOTHING_QUEUED, queued } from './fifo.ts';
import { WaitLimit, TIMED_WAIT_OPTIONS, timedOut, type TimedWaitOptions } from './wait-limit.ts';
import { Receiver, Step, type Taker, TimedReceiver } from './takers.ts';
import { IncomingStream, STREAM_HIGH_WATER, type MessageStream } from './message-stream.ts';

/** How much is received ahead of the consumer. */
export interface InboxLimits {
  /** The most messages in the queue; the byte cap is `maxMessageSize`. */
  readonly receiveQueue: number;
  readonly maxMessageSize: number;
}

/** Nobody has received yet; somebody does; somebody did. */
const NEVER = 0;
const PRESENT = 1;
const GONE = 2;

export const DEFAULT_RECEIVE_QUEUE = 16;

/** A queue of any number of messages has this much room, whatever `maxMessageSize` is. */
const LEAST_ROOM = 64 * 1024;

/**
 * When the queue is full the transport stops, and what one read has brought is taken in all the same, as far as this: going
 * through its bytes once is cheaper than holding them back for a consumer that is about to receive them.
 */
const ONE_READ = 128 * 1024;

/** For how long a consumer may take nothing from a full queue while this side closes, in milliseconds. */
const PATIENCE = 1000;

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
  #flow: Flow;
  /** Whether anybody receives, as far as is known. */
  #attendance: typeof NEVER | typeof PRESENT | typeof GONE;
  /** This side has begun the closing handshake: the peer's Close must be reached, which only a consumer may hold up. */
  #closing: Closing | undefined;
  #ending: Ending | undefined;
  #isLooping: boolean;

  constructor(socket: Socket<any>, limits: InboxLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#messages = NOTHING_QUEUED;
    this.#taker = undefined;
    this.#takersBehind = NOTHING_QUEUED;
    this.#bytes = 0;
    this.#stream = undefined;
    this.#streamBytes = 0;
    this.#flow = Flow.READS;
    this.#attendance = NEVER;
    this.#closing = undefined;
    this.#ending = undefined;
    this.#isLooping = false;
  }

  /** How many messages were dropped, since they came after this side's Close frame and nobody took them. */
  get dropped(): number {
    return this.#closing === undefined ? 0 : this.#closing.dropped;
  }

  /** How many wait for a message, or for more of one. */
  get waiting(): number {
    return this.#takersBehind.length + (this.#taker === undefined ? 0 : 1) + (this.#stream === undefined ? 0 : 1);
  }

  /** Why nothing is received any more. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Whether anybody has ever received from it. */
  get wasAttended(): boolean {
    return this.#attendance !== NEVER;
  }

  // The consumer's side.

  /** Somebody iterates over the messages. Throws an InvalidStateError while somebody else does. */
  beginLoop(): void {
    if (this.#isLooping) {
      throw new InvalidStateError(
        'this connection is iterated over, or streamed, already: one loop at a time, or each gets some messages',
      );
    }
    this.#isLooping = true;
  }

  endLoop(): void {
    this.#isLooping = false;
  }

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

  /** Whoever iterated has left. */
  leave(): void {
    this.#attendance = GONE;
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
    if (this.#isDropped()) return;
    const taker = this.#nextTaker();
    if (taker !== undefined) {
      taker.take(message);
      if (this.#taker !== undefined) this.#startStream();
      return;
    }
    this.#messages = queued(this.#messages, message);
    this.#bytes += message.length;
    if (this.#isFull()) this.#hold();
  }

  startMessage(binary: boolean): void {
    if (!this.#isDropped()) this.#stream?.start(binary);
  }

  deliverChunk(chunk: ReceivedMessage): void {
    if (!this.#isDropping()) this.#stream?.push(chunk);
  }

  finishMessage(): void {
    // A message with a part of it discarded stays unfinished, until the end comes.
    if (this.#closing?.dropped) return;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.finish();
    this.#startStream();
  }

  /** This side closes: from here on a queue that is full holds the peer up only while somebody takes from it. */
  startClosing(): void {
    if (this.#closing !== undefined) return;
    this.#closing = { limit: undefined, dropped: 0 };
    if (this.#flow !== Flow.READS) this.#bePatient(this.#closing);
  }

  /** No message comes any more. What has come is still delivered, then this end. */
  end(ending: Ending): void {
    this.#ending = ending;
    this.#closing?.limit?.cancel();
    this.#flow = Flow.READS;
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
    this.#attendance = PRESENT;
    this.#streamBytes -= bytes;
    if (this.#flow !== Flow.READS) this.#letGo();
  }

  #receivePatiently(options: TimedWaitOptions): Promise<ReceivedMessage> {
    let limit: number;
    let signal: AbortSignal | undefined;
    try {
      const { timeout, ...rest } = checkOptions('receive', TIMED_WAIT_OPTIONS, options);
      signal = rest.signal;
      limit = checkTimeout(timeout);
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.#messages.length !== 0 || this.#ending !== undefined) return this.receive();
    if (limit === 0) return Promise.reject(timedOut(0));
    const receiver = new TimedReceiver();
    this.#lineUp(receiver);
    // Whoever gives up leaves the line before a message has reached them: none is lost.
    receiver.giveUp = new WaitLimit(signal, limit, this.#socket.clock, (reason) => {
      this.#leave(receiver);
      receiver.rejectWhereAwaited(() => ownStack(reason), false);
      this.#startStream();
    });
    return receiver.promise;
  }

  /** Whether a message that begins is one that nobody is there for any more. */
  #isDropped(): boolean {
    if (this.#closing === undefined) return false;
    const isDropped = this.#closing.dropped > 0 || (this.#attendance !== PRESENT && this.#isFull());
    if (isDropped) {
      this.#closing.dropped++;
      this.#socket.observer?.onDrop(this.#socket, 'closing');
    }
    return isDropped;
  }

  /** Whether the rest of the message is, which is then not whole. */
  #isDropping(): boolean {
    if (this.#closing === undefined || this.#closing.dropped > 0) return this.#closing !== undefined;
    return this.#isDropped();
  }

  #takeMessage(): ReceivedMessage {
    this.#attendance = PRESENT;
    const message = this.#messages.shift()!;
    this.#bytes -= message.length;
    if (this.#flow !== Flow.READS) this.#letGo();
    return message;
  }

  #lineUp(taker: Taker): void {
    this.#attendance = PRESENT;
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
      this.#cost() >= Math.max(this.#limits.maxMessageSize, LEAST_ROOM) ||
      this.#streamBytes >= STREAM_HIGH_WATER
    );
  }

  /** What the queue takes, in bytes. */
  #cost(): number {
    return this.#bytes + this.#messages.length * ITEM_COST;
  }

  /** Stops the transport; and delivery too, unless it is by the number of messages alone that the queue is full. */
  #hold(): void {
    const isLong = this.#messages.length >= this.#limits.receiveQueue && this.#streamBytes < STREAM_HIGH_WATER;
    const flow = isLong && this.#cost() < ONE_READ ? Flow.STOPPED : Flow.HELD;
    const before = this.#flow;
    if (before >= flow || this.#ending !== undefined) return;
    if (this.#closing !== undefined && this.#attendance !== PRESENT) return;
    this.#flow = flow;
    if (flow === Flow.HELD) this.#socket.pause();
    else this.#socket.stopReadingSoon();
    if (before === Flow.READS && this.#closing !== undefined) this.#bePatient(this.#closing);
  }

  /** While this side closes, whoever receives has so long to take something. Then nobody is there any more. */
  #bePatient(closing: Closing): void {
    const { clock } = this.#socket;
    const held = this.#held();
    if (this.#attendance !== PRESENT) return this.#readOn();
    closing.limit = wakeAtDeadline(clock, clock.now() + PATIENCE, () => {
      this.#attendance = this.#held() < held ? PRESENT : GONE;
      this.#bePatient(closing);
    });
  }

  /** What waits for a consumer, in messages and in bytes of streams. */
  #held(): number {
    return this.#messages.length + this.#streamBytes;
  }

  /** Reads on once there is room for several messages: stopping and going for each one would cost more than it saves. */
  #letGo(): void {
    if (this.#messages.length > this.#limits.receiveQueue / 4) return;
    if (this.#bytes > this.#limits.maxMessageSize / 4) return;
    if (this.#streamBytes > STREAM_HIGH_WATER / 4) return;
    this.#readOn();
  }

  #readOn(): void {
    this.#flow = Flow.READS;
    this.#closing?.limit?.cancel();
    this.#socket.resume();
  }
}

/** What the socket does: it reads, it has stopped reading, or it holds back what it has read, too. */
const Flow = { READS: 0, STOPPED: 1, HELD: 2 } as const;
type Flow = (typeof Flow)[keyof typeof Flow];

/** What an inbox has to remember once its side closes. */
interface Closing {
  /** While it is full: until when somebody is to take something. */
  limit: Wake | undefined;
  /** How many messages were dropped: what comes after a gap is not delivered either. */
  dropped: number;
}

/** A wait that ran out has whoever waited in its stack; a signal's reason is its owner's. */
function ownStack(reason: unknown): unknown {
  if (reason instanceof WaitTimeoutError) recapture(reason);
  return reason;
}

/** Fills in the default. Throws a RangeError or TypeError for what is not a limit. */
export function resolveReceiveQueue(value: number | false | undefined): number {
  return resolveLimit('receiveQueue', value, DEFAULT_RECEIVE_QUEUE);
}
