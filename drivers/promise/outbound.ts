import { PreparedMessage } from '../../protocol/index.ts';
import { reasonOf } from '../socket/abort.ts';
import { SEND_HIGH_WATER, sendLimitPassed } from '../socket/options.ts';
import {
  checkSendOptions,
  SENDS,
  type SendOptions as SocketSendOptions,
  sendOptionsOf,
} from '../socket/send-options.ts';
import type { Socket } from '../socket/socket.ts';
import { isData, isWhole, notData, sizeOf, type Data, type Fragments } from './data.ts';
import { Pending, rejectedQuietly } from './deferred.ts';
import { Ending } from './ending.ts';
import { type Fifo, NOTHING_QUEUED, queued } from './fifo.ts';
import { checkFragments, FragmentedMessage, isFragments, type FragmentedMessageOwner } from './fragmented-message.ts';
import { WaitLimit, type WaitOptions } from './wait-limit.ts';

/** How a message is sent. */
export interface SendOptions extends WaitOptions {
  /** Whether to compress this message, where compression was negotiated. Default: what the compression decides. */
  compress?: boolean | undefined;
}

/** Who closes the connection over a message that cannot be completed: the session. */
export interface OutboundOwner {
  close(code: number, reason: string): void;
}

/** What a message that waits takes besides its bytes, in bytes: its promise above all. An empty one counts too. */
const SEND_COST = 256;

/** Nothing is in the way: a message goes straight to the socket. */
const IDLE = 0;
/** A fragmented message is under way, or the transport wants a rest: messages wait for their turn. */
const BUSY = 1;
/** Nothing is sent any more. */
const ENDED = 2;

/** What a send resolves to that has nothing to wait for: one promise for them all. */
export const SENT: Promise<void> = Promise.resolve();

/**
 * The messages on their way to the socket, in the order of the calls. One begins when the one before it is whole and
 * the transport takes more, so that fragments never interleave and what has not begun can still be given up.
 *
 * A session makes it for the first message that has to wait: most connections, most of the time, have none.
 */
export class Outbound implements FragmentedMessageOwner {
  readonly #socket: Socket<unknown>;
  readonly #sendLimit: number;
  readonly #owner: OutboundOwner;
  #state: typeof IDLE | typeof BUSY | typeof ENDED;
  /** Not begun, in order. */
  #queue: Fifo<PendingSend>;
  #queuedBytes: number;
  /** What the queue takes: bytes, and what holds them. */
  #queueCost: number;
  /** The fragmented message under way. */
  #current: PendingSend | undefined;
  /** Written, and waiting for the transport to take more. */
  #written: Fifo<PendingSend>;
  /** The socket is over its high-water mark; it drains. */
  #full: boolean;
  #advancing: boolean;
  /** What a send is told once nothing is sent any more. */
  #ending: Ending | undefined;
  /** The connection has ended: nothing is waited for either. */
  #isOver: boolean;

  constructor(socket: Socket<any>, sendLimit: number, owner: OutboundOwner) {
    this.#socket = socket;
    this.#sendLimit = sendLimit;
    this.#owner = owner;
    this.#state = IDLE;
    this.#queue = NOTHING_QUEUED;
    this.#queuedBytes = 0;
    this.#queueCost = 0;
    this.#current = undefined;
    this.#written = NOTHING_QUEUED;
    this.#full = false;
    this.#advancing = false;
    this.#ending = undefined;
    this.#isOver = false;
  }

  /** Bytes that wait here; those that the socket holds come on top. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** How many sends wait for their turn, or for the transport to take more. */
  get waiting(): number {
    return this.#queue.length + this.#written.length;
  }

  /** Whether nothing is in the way: a message may go straight to the socket. */
  get isIdle(): boolean {
    return this.#state === IDLE;
  }

  /** A message has gone straight to the socket, which wants a rest, or is not open. Resolves when it takes more. */
  whenDrained(message: Data | PreparedMessage, options: SendOptions | undefined): Promise<void> {
    const pending = new PendingSend(message, options);
    this.#wait(pending);
    return pending.promise;
  }

  /** Sends a message that was encoded once for many, behind what is in the way. */
  sendPrepared(message: PreparedMessage, options?: { compress?: boolean }): Promise<void> {
    if (this.#state === ENDED) return rejectedQuietly(this.#ending!.errorOfSend);
    const pending = new PendingSend(message, options);
    this.#enqueue(pending);
    return pending.promise;
  }

  trySend(message: Data, options?: { compress?: boolean }): boolean {
    if (!isData(message)) throw notData(message, 'a string or bytes as a message');
    if (options !== undefined) checkSendOptions(options, SENDS.tried);
    if (this.#state === ENDED || this.#socket.state !== 'open') return false;
    const isFull = this.#socket.bufferedAmount + this.#queuedBytes >= this.#socket.sendHighWater;
    if (isFull || this.#queueCost >= SEND_HIGH_WATER) {
      this.#socket.observer?.onDrop(this.#socket, 'slow');
      return false;
    }
    if (this.#state === BUSY) {
      this.#enqueue(new PendingSend(message, options));
    } else if (!this.#socket.send(message, sendOptionsOf(options))) {
      if (this.#socket.state !== 'open') return false;
      this.#full = true;
      this.#state = BUSY;
    }
    return true;
  }

  /** The transport takes more. */
  drained(): void {
    const wasFull = this.#full;
    this.#full = false;
    for (let next = this.#written.shift(); next !== undefined; next = this.#written.shift()) next.succeed();
    if (this.#state !== BUSY) return;
    // A message that waits for its source, and not for this, is left alone.
    if (wasFull) this.#current?.fragments?.proceed();
    this.#advance();
  }

  /** Hands over what waits although the transport wants a rest: a Close frame is to come after it. */
  flush(): void {
    if (this.#state !== BUSY || this.#current !== undefined) return;
    for (let next = this.#queue.peek(); next !== undefined && isWhole(next.message); next = this.#queue.peek()) {
      this.#begin(this.#dequeue()!);
    }
  }

  /** Sends nothing more. Whoever has not begun or is not done is told this end; what is written stays written. */
  shut(ending: Ending): void {
    if (this.#state === ENDED) return;
    this.#state = ENDED;
    this.#ending = ending;
    const current = this.#current;
    this.#current = undefined;
    current?.fragments?.stop();
    current?.fail(ending);
    for (let next = this.#dequeue(); next !== undefined; next = this.#dequeue()) next.fail(ending);
  }

  /** The connection has ended. */
  end(ending: Ending): void {
    this.shut(ending);
    this.#ending = ending;
    this.#isOver = true;
    for (let next = this.#written.shift(); next !== undefined; next = this.#written.shift()) next.fail(ending);
  }

  messageWaits(): void {
    this.#full = true;
  }

  messageWritten(goOn: boolean): void {
    const current = this.#current!;
    this.#current = undefined;
    if (goOn) current.succeed();
    else this.#wait(current);
    this.#advance();
  }

  messageFailed(error: unknown, begun: boolean): void {
    const current = this.#current!;
    this.#current = undefined;
    current.refuse(error);
    if (begun) this.#abandon();
    else this.#advance();
  }

  /** Sends any message, behind what is in the way. Throws for what is none. */
  send(message: Data | Fragments, options: SendOptions | undefined): Promise<void> {
    if (!isData(message)) {
      if (!isFragments(message)) throw notData(message, 'a string, bytes, or an iterable of either as a message');
      checkFragments(message);
    }
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.#state === ENDED) return rejectedQuietly(this.#ending!.errorOfSend);
    const pending = new PendingSend(message, options);
    if (this.#state === BUSY) {
      this.#enqueue(pending);
    } else {
      this.#begin(pending);
      this.#advance();
    }
    // A source that was asked for its first fragment may have fired it.
    if (signal?.aborted && !pending.isOver) {
      this.#forgo(pending, reasonOf(signal));
    } else if (signal !== undefined && !pending.isOver) {
      pending.giveUp = new WaitLimit(signal, Infinity, this.#socket.clock, (reason) => this.#forgo(pending, reason));
    }
    return pending.promise;
  }

  /** Whoever sent this gives up. What has begun goes on when it is whole; otherwise it never will be. */
  #forgo(pending: PendingSend, reason: unknown): void {
    if (this.#queue.remove(pending)) {
      this.#leave(pending);
    } else if (this.#current === pending) {
      this.#current = undefined;
      pending.fragments!.stop();
      if (pending.fragments!.begun) this.#abandon();
      else this.#advance();
    } else {
      this.#written.remove(pending);
    }
    pending.refuse(reason);
  }

  /** A message was begun and will not be completed: no other can follow it, but a Close frame can (RFC 6455 §5.4). */
  #abandon(): void {
    const reason = 'message not completed';
    this.shut(Ending.byClose(1011, reason));
    this.#owner.close(1011, reason);
  }

  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#state !== ENDED && !this.#full && this.#current === undefined && this.#queue.length !== 0) {
      this.#begin(this.#dequeue()!);
    }
    this.#advancing = false;
    if (this.#state !== ENDED) this.#state = this.#full || this.#current !== undefined ? BUSY : IDLE;
  }

  #begin(pending: PendingSend): void {
    try {
      const { message, options } = pending;
      if (isWhole(message)) {
        const isPrepared = message instanceof PreparedMessage;
        const goOn = isPrepared ? this.#socket.sendPrepared(message, options) : this.#socket.send(message, options);
        if (goOn) pending.succeed();
        else this.#wait(pending);
      } else {
        this.#state = BUSY;
        this.#current = pending;
        pending.fragments = new FragmentedMessage(this.#socket, message, options, this);
        if (this.#current === pending) pending.fragments.proceed();
        else pending.fragments.stop();
      }
    } catch (error) {
      if (this.#current === pending) this.#current = undefined;
      pending.refuse(error);
    }
  }

  /** The socket has taken the message and wants a rest; or it is not open any more, and the end is to come. */
  #wait(pending: PendingSend): void {
    if (this.#isOver) return pending.fail(this.#ending!);
    this.#written = queued(this.#written, pending);
    if (this.#state === ENDED || this.#socket.state !== 'open') return;
    this.#full = true;
    this.#state = BUSY;
  }

  #enqueue(pending: PendingSend): void {
    this.#queue = queued(this.#queue, pending);
    this.#queuedBytes += pending.size;
    this.#queueCost += pending.size + SEND_COST;
    if (this.#socket.bufferedAmount + this.#queueCost <= this.#sendLimit) return;
    this.#socket.terminate(sendLimitPassed(this.#sendLimit));
  }

  #dequeue(): PendingSend | undefined {
    const pending = this.#queue.shift();
    if (pending !== undefined) this.#leave(pending);
    return pending;
  }

  #leave({ size }: PendingSend): void {
    this.#queuedBytes -= size;
    this.#queueCost -= size + SEND_COST;
  }
}

/** A message that waits: for its turn, for its source, or for the transport to take more. */
class PendingSend extends Pending<void> {
  readonly message: Data | PreparedMessage | Fragments;
  readonly options: SocketSendOptions | undefined;
  /** What it takes of the queue. A source's messages are not known yet. */
  readonly size: number;
  fragments: FragmentedMessage | undefined;
  giveUp: WaitLimit | undefined;
  isOver: boolean;

  constructor(message: Data | PreparedMessage | Fragments, options: { compress?: boolean | undefined } | undefined) {
    super();
    this.message = message;
    this.options = sendOptionsOf(options);
    this.size = isWhole(message) ? sizeOf(message) : 0;
    this.fragments = undefined;
    this.giveUp = undefined;
    this.isOver = false;
  }

  succeed(): void {
    this.isOver = true;
    this.giveUp?.callOff();
    this.resolve();
  }

  /** The connection's end came first. */
  fail(ending: Ending): void {
    this.isOver = true;
    this.giveUp?.callOff();
    this.rejectWhereAwaited(() => ending.error);
  }

  /** The sender's own doing: a bad source, or a signal. */
  refuse(reason: unknown): void {
    this.isOver = true;
    this.giveUp?.callOff();
    this.resolve(Promise.reject(reason)); // the other end of the promise would be 72 bytes more for each that waits
  }
}
