import type { CloseFrame } from './closing/close-info.ts';
import { parseClosePayload } from './closing/close-payload.ts';
import type { Limits } from './limits.ts';
import { FrameDecoder, type FrameTarget, HALT, HOLD, PROCEED, type Verdict } from './framing/decoder.ts';
import { CLOSE, PING } from './framing/opcodes.ts';
import type { FrameTrace } from './framing/trace.ts';
import type { GuardedSink } from './guarded-sink.ts';
import { MessageAssembler, type MessageTarget } from './message/assembler.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import type { PingLedger } from './pings.ts';
import type { Sender } from './sender.ts';
import type { Workspace } from './workspace.ts';

/** A rule or a limit that the peer broke: the close code to fail the connection with (RFC 6455 §7.1.7), and why. */
export interface Fault {
  readonly code: number;
  readonly reason: string;
}

/** What a receiver works for: one side of one connection. */
export interface Receiving {
  readonly isServer: boolean;
  readonly sink: GuardedSink;
  readonly sender: Sender;
  readonly pings: PingLedger;
  readonly limits: Limits;
  readonly deflate: PermessageDeflate | undefined;
  readonly trace: FrameTrace | undefined;
  /** Whether the next message is held back. */
  readonly paused: boolean;
  /** Whether the transport brings nothing more, and no pause is heeded. */
  readonly isInputOver: boolean;
  /** Whether a Close frame was sent, so that pings are answered no more. */
  readonly isCloseSent: boolean;
  readonly now: number;
  /** The round trip of the newest ping that was answered, in milliseconds. */
  latency: number;
}

/** Whom a receiver works for that has been given back. */
const NOBODY = {} as Receiving;

/**
 * Bytes into events, once the connection is open: frames to the assembler, messages to the sink, pings answered. It
 * ends with a Close frame or a fault, which it keeps for the connection to act on.
 *
 * It belongs to a connection only from a message's first byte to its last: between messages there is nothing to
 * remember, so that the connections of a workspace lend one another a few of these, and an idle one has none.
 */
export class Receiver implements FrameTarget, MessageTarget {
  readonly #workspace: Workspace;
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  /** The Close frame that was received, once it was. */
  closeFrame: CloseFrame | undefined;
  /** What the peer did wrong, once it did. */
  fault: Fault | undefined;
  /** Whether the sink has put off what follows from either. */
  lingers: boolean;
  #side: Receiving;
  /** Whether output waited already when this chunk came. */
  #isBacklogged: boolean;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#decoder = new FrameDecoder(this, workspace.masker);
    this.#assembler = new MessageAssembler(this, workspace.text, workspace.blocks);
    this.closeFrame = undefined;
    this.fault = undefined;
    this.lingers = false;
    this.#side = NOBODY;
    this.#isBacklogged = false;
  }

  /** Begins to work for this side. */
  begin(side: Receiving): void {
    this.#side = side;
    this.#decoder.reset(side.isServer, side.deflate !== undefined);
    this.#assembler.reset(side.limits, side.deflate);
    if (side.isInputOver) this.#assembler.endInput();
    this.closeFrame = undefined;
    this.fault = undefined;
    this.lingers = false;
  }

  /** Forgets whom it worked for, so as to keep nothing of it alive. */
  end(): void {
    this.#assembler.reset(this.#side.limits, undefined);
    this.#side = NOBODY;
  }

  /** Whether nothing more is decoded, and that is to be acted on. */
  get isOver(): boolean {
    return (this.closeFrame !== undefined || this.fault !== undefined) && !this.lingers;
  }

  /** Whether it stands between two messages, with nothing to remember. */
  get isIdle(): boolean {
    return this.#decoder.isIdle && this.#assembler.isIdle;
  }

  get paused(): boolean {
    return this.#side.paused;
  }

  /** Decodes `bytes[start, end)` in place and keeps none of them. Returns where it stopped: before `end` when paused. */
  receive(bytes: Uint8Array, start: number, end: number): number {
    this.#isBacklogged = this.#side.sender.size > 0;
    this.#assembler.proceed();
    const stopped = this.#decoder.decode(bytes, start, end);
    this.#assembler.endChunk();
    this.#assembler.proceed(); // a control frame's event may have ended the pause
    return stopped;
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    this.#assembler.streamNext();
  }

  /** No pause is heeded from here on: the transport brings nothing more. */
  endInput(): void {
    this.lingers = false;
    this.#assembler.endInput();
  }

  /** What the sink has put off is due. */
  conclude(): void {
    this.lingers = false;
  }

  /** Decodes nothing more and gives the memory back. */
  release(): void {
    this.#decoder.halt();
    this.#assembler.release();
  }

  onFrame(opcode: number, fin: boolean, rsv1: boolean, length: number): Verdict {
    this.#assembler.proceed();
    if (this.paused && (!this.#assembler.midMessage || this.#assembler.isBehind)) return HOLD;
    this.#side.trace?.({ sent: false, opcode, fin, rsv1, length });
    return this.#assembler.begin(opcode, fin, rsv1, length) ? PROCEED : HALT;
  }

  onPayload(bytes: Uint8Array, start: number, end: number, seen: number, last: boolean): void {
    this.#assembler.append(bytes, start, end, seen, last);
  }

  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#side.trace?.({ sent: false, opcode, fin: true, rsv1: false, length: end - start });
    if (opcode === CLOSE) return this.#onClose(bytes, start, end);
    const payload = bytes.subarray(start, end);
    if (opcode === PING) {
      if (!this.#side.isCloseSent) this.#side.sender.answer(payload, this.#isBacklogged);
      this.#side.sink.onPing(payload);
    } else {
      const { pings, now, sink } = this.#side;
      const { id, roundTrip } = pings.acknowledge(payload, now);
      if (id > 0) this.#side.latency = roundTrip;
      sink.onPong(payload, id, roundTrip);
    }
  }

  onFrameFault(code: number, reason: string): void {
    this.#fail(code, reason);
  }

  onText(text: string): void {
    this.#side.sink.onText(text);
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    this.#side.sink.onBinary(bytes, owned);
  }

  onMessageStart(binary: boolean): void {
    this.#side.sink.onMessageStart(binary);
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    this.#side.sink.onMessageChunk(chunk, owned);
  }

  onMessageEnd(): void {
    this.#side.sink.onMessageEnd();
  }

  onMessageFault(code: number, reason: string): void {
    this.#fail(code, reason);
  }

  #onClose(bytes: Uint8Array, start: number, end: number): void {
    const frame = parseClosePayload(bytes, start, end, this.#workspace.text);
    if (frame === 1002) return this.#fail(1002, 'a Close frame with a bad code or length');
    if (frame === 1007) return this.#fail(1007, 'a close reason that is not UTF-8');
    this.closeFrame = frame;
    this.#end();
  }

  #fail(code: number, reason: string): void {
    this.fault = { code, reason };
    this.#end();
  }

  #end(): void {
    this.release();
    this.lingers = !this.#side.isCloseSent && this.#side.sink.onEnding();
  }
}
