import type { CloseFrame } from './closing/close-info.ts';
import { closeCodeIn, parseClosePayload } from './closing/close-payload.ts';
import type { Conduct } from './conduct.ts';
import { type FaultKind, ProtocolError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Masker } from './framing/masking.ts';
import { type ControlTarget, FrameDecoder } from './framing/decoder.ts';
import { CLOSE, PING } from './framing/opcodes.ts';
import type { FrameTrace } from './framing/trace.ts';
import type { GuardedSink } from './guarded-sink.ts';
import { MessageAssembler } from './message/assembler.ts';
import { type FaultTarget, FRAME_COST } from './message/targets.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import type { PingLedger } from './pings.ts';
import { Phase } from './states.ts';
import type { TextCodec } from './text/text-codec.ts';
import type { MemorySource } from './memory/block-pool.ts';

/** What receivers work with. */
export interface ReceiverParts {
  readonly text: TextCodec;
  readonly masker: Masker;
  readonly blocks: MemorySource;
}

/** Answers pings. */
interface Answerer {
  /** Bytes that wait to be taken. */
  readonly size: number;
  answer(payload: Uint8Array, isBacklogged: boolean): void;
}

/** Whom a receiver works for: one side of one connection. */
export interface ReceiverOwner {
  readonly isServer: boolean;
  readonly sink: GuardedSink;
  readonly sender: Answerer;
  readonly pings: PingLedger;
  readonly limits: Limits;
  readonly conduct: Conduct;
  readonly deflate: PermessageDeflate | undefined;
  readonly trace: FrameTrace | undefined;
  readonly phase: Phase;
  /** Whether the next message is held back. */
  readonly isPaused: boolean;
  /** So much work has been done, in bytes that were inflated or what takes as long. */
  spend(cost: number): void;
  /** Whether the transport brings nothing more, and no pause is heeded. */
  readonly isDraining: boolean;
  readonly now: number;
}

/** Whom a receiver works for that has been given back. */
const NOBODY = {} as ReceiverOwner;

/**
 * Bytes into events, once the connection is open: frames to the assembler, messages to the sink, pings answered. It
 * ends with a Close frame or a fault, which it keeps for the connection to act on.
 *
 * It belongs to a connection only from a message's first byte to its last: between messages there is nothing to
 * remember, so that the connections of a thread lend one another a few of these, and an idle one has none.
 */
export class Receiver implements ControlTarget, FaultTarget {
  readonly #text: TextCodec;
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  /** The Close frame that was received, once it was. */
  closeFrame: CloseFrame | undefined;
  /** What the peer did wrong, once it did. */
  fault: ProtocolError | undefined;
  #owner: ReceiverOwner;
  /** Whether output waited already when this chunk came. */
  #isBacklogged: boolean;

  constructor({ text, masker, blocks }: ReceiverParts) {
    this.#text = text;
    this.#assembler = new MessageAssembler(this, text, blocks);
    this.#decoder = new FrameDecoder(this.#assembler, this, masker);
    this.closeFrame = undefined;
    this.fault = undefined;
    this.#owner = NOBODY;
    this.#isBacklogged = false;
  }

  /** Begins to work for this owner. */
  begin(owner: ReceiverOwner): void {
    this.#owner = owner;
    const { sink, limits, deflate: inflater, conduct } = owner;
    this.#decoder.reset(owner.isServer, inflater !== undefined, owner.trace);
    this.#assembler.reset({ owner, sink, limits, inflater, textAsBytes: conduct.textAsBytes });
    if (owner.isDraining) this.#assembler.endInput();
    this.closeFrame = undefined;
    this.fault = undefined;
  }

  /** Forgets whom it worked for, so as to keep nothing of it alive. */
  end(): void {
    this.#assembler.forget();
    this.#owner = NOBODY;
  }

  /** Whether nothing more comes: there is a Close frame or a fault, and no message before it that is held back still. */
  get isOver(): boolean {
    return (this.closeFrame !== undefined || this.fault !== undefined) && !this.#assembler.isBehind;
  }

  /** Whether it stands between two messages, with nothing to remember. */
  get isIdle(): boolean {
    return this.#decoder.isIdle && this.#assembler.isIdle;
  }

  /** Decodes `bytes[start, end)` in place and keeps none of them. Returns where it stopped: before `end` when paused. */
  receive(bytes: Uint8Array, start: number, end: number): number {
    this.#isBacklogged = this.#owner.sender.size > 0;
    const stopped = this.#decoder.decode(bytes, start, end);
    this.#assembler.endChunk();
    this.#assembler.proceed(); // the pause may have ended: just before, or in a control frame's event
    return stopped;
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    this.#assembler.streamNext();
  }

  /** No pause is heeded from here on: the transport brings nothing more. */
  endInput(): void {
    this.#assembler.endInput();
  }

  /** Decodes nothing more and gives the memory back. */
  release(): void {
    this.#decoder.halt();
    this.#assembler.release();
  }

  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === CLOSE) return this.#onClose(bytes, start, end);
    this.#owner.spend(FRAME_COST);
    const payload = bytes.subarray(start, end);
    if (opcode === PING) {
      const { phase, conduct, sender } = this.#owner;
      if (phase === Phase.OPEN && conduct.autoPong) sender.answer(payload, this.#isBacklogged);
      this.#owner.sink.onPing(payload);
    } else {
      const { pings, now, sink } = this.#owner;
      const { id, roundTrip } = pings.acknowledge(payload, now);
      sink.onPong(payload, id, roundTrip);
    }
  }

  onFrameFault(code: number, reason: string, kind: FaultKind, found?: number): void {
    this.#fail(code, reason, kind, found);
  }

  onMessageFault(code: number, reason: string, kind: FaultKind, found?: number, cause?: unknown): void {
    this.#fail(code, reason, kind, found, cause);
  }

  #onClose(bytes: Uint8Array, start: number, end: number): void {
    const frame = parseClosePayload(bytes, start, end, this.#text);
    if (frame === 1002) {
      return this.#fail(1002, 'a Close frame with a bad code or length', 'close-code', closeCodeIn(bytes, start));
    }
    if (frame === 1007) return this.#fail(1007, 'a close reason that is not UTF-8', 'utf8');
    this.closeFrame = frame;
    this.#stop();
  }

  /** Decodes nothing more. A message that has come whole is delivered all the same, as it is wanted. */
  #stop(): void {
    this.#decoder.halt();
    if (!this.#assembler.isBehind) this.#assembler.release();
  }

  /** The limit that was passed, and by what: for this side's log, not for the peer. */
  #limitText(code: number, reason: string, kind: FaultKind, found: number | undefined): { message?: string } {
    const { maxMessageSize, maxFragments } = this.#owner.limits;
    const head = `${code} (${reason}): `;
    if (kind === 'fragments') return { message: `${head}a message of more than maxFragments, ${maxFragments}` };
    if (kind !== 'message-size') return {};
    const size = found === undefined ? 'one that inflates to more' : `one of ${found} bytes or more`;
    return { message: `${head}${size}, and maxMessageSize is ${maxMessageSize}` };
  }

  #fail(code: number, reason: string, kind: FaultKind, found?: number, cause?: unknown): void {
    const init = { kind, found, ...this.#limitText(code, reason, kind, found) };
    this.fault = new ProtocolError(code, reason, cause === undefined ? init : { ...init, cause });
    this.#stop();
  }
}

/** The most receivers that are kept for the next connection. */
const MOST_SPARE = 16;

/** Receivers for connections in the middle of a message. */
export class ReceiverPool {
  readonly #parts: ReceiverParts;
  /** Those that nobody uses. */
  readonly #spare: Receiver[];

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#spare = [];
  }

  /** A receiver for one that has something to decode. */
  lend(owner: ReceiverOwner): Receiver {
    const receiver = this.#spare.pop() ?? new Receiver(this.#parts);
    receiver.begin(owner);
    return receiver;
  }

  /** It is idle, and its owner has let go of it. */
  giveBack(receiver: Receiver): void {
    receiver.end();
    if (this.#spare.length < MOST_SPARE) this.#spare.push(receiver);
  }
}
