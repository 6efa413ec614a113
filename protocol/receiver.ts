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

export interface ReceiverParts {
  isServer: boolean;
  sink: GuardedSink;
  sender: Sender;
  pings: PingLedger;
  workspace: Workspace;
  limits: Limits;
  deflate: PermessageDeflate | undefined;
  trace: FrameTrace | undefined;
}

/**
 * Bytes into events, once the connection is open: frames to the assembler, messages to the sink, pings answered. It
 * ends with a Close frame or a fault, which it keeps for the connection to act on.
 */
export class Receiver implements FrameTarget, MessageTarget {
  readonly #sink: GuardedSink;
  readonly #sender: Sender;
  readonly #pings: PingLedger;
  readonly #workspace: Workspace;
  readonly #trace: FrameTrace | undefined;
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  /** Whether the next message is held back. */
  paused: boolean;
  /** Whether a Close frame was sent, so that pings are answered no more. */
  isClosing: boolean;
  /** The Close frame that was received, once it was. */
  closeFrame: CloseFrame | undefined;
  /** What the peer did wrong, once it did. */
  fault: Fault | undefined;
  /** Whether the sink has put off what follows from either. */
  lingers: boolean;
  /** The round trip of the newest ping that was answered, in milliseconds. */
  latency: number;
  #now: number;
  /** Whether output waited already when this chunk came. */
  #isBacklogged: boolean;

  constructor(parts: ReceiverParts) {
    const { deflate, limits, workspace } = parts;
    this.#sink = parts.sink;
    this.#sender = parts.sender;
    this.#pings = parts.pings;
    this.#workspace = workspace;
    this.#trace = parts.trace;
    this.#decoder = new FrameDecoder(this, workspace.masker, parts.isServer, deflate !== undefined);
    this.#assembler = new MessageAssembler(this, {
      text: workspace.text,
      allocate: workspace.allocate,
      maxMessageSize: limits.maxMessageSize,
      maxFragments: limits.maxFragments,
      inflate:
        deflate === undefined ? undefined : (part, fin, maxLength) => deflate.decompressPart(part, fin, maxLength),
    });
    this.paused = false;
    this.isClosing = false;
    this.closeFrame = undefined;
    this.fault = undefined;
    this.lingers = false;
    this.latency = NaN;
    this.#now = 0;
    this.#isBacklogged = false;
  }

  /** Whether nothing more is decoded, and that is to be acted on. */
  get isOver(): boolean {
    return (this.closeFrame !== undefined || this.fault !== undefined) && !this.lingers;
  }

  /** Decodes `bytes[start, end)` in place and keeps none of them. Returns where it stopped: before `end` when paused. */
  receive(bytes: Uint8Array, start: number, end: number, now: number): number {
    this.#now = now;
    this.#isBacklogged = this.#sender.size > 0;
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
    this.#trace?.({ sent: false, opcode, fin, rsv1, length });
    return this.#assembler.begin(opcode, fin, rsv1, length) ? PROCEED : HALT;
  }

  onPayload(bytes: Uint8Array, start: number, end: number, seen: number, last: boolean): void {
    this.#assembler.append(bytes, start, end, seen, last);
  }

  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#trace?.({ sent: false, opcode, fin: true, rsv1: false, length: end - start });
    if (opcode === CLOSE) return this.#onClose(bytes, start, end);
    const payload = bytes.subarray(start, end);
    if (opcode === PING) {
      if (!this.isClosing) this.#sender.answer(payload, this.#isBacklogged);
      this.#sink.onPing(payload);
    } else {
      const { id, roundTrip } = this.#pings.acknowledge(payload, this.#now);
      if (id > 0) this.latency = roundTrip;
      this.#sink.onPong(payload, id, roundTrip);
    }
  }

  onFrameFault(code: number, reason: string): void {
    this.#fail(code, reason);
  }

  onText(text: string): void {
    this.#sink.onText(text);
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    this.#sink.onBinary(bytes, owned);
  }

  onMessageStart(binary: boolean): void {
    this.#sink.onMessageStart(binary);
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    this.#sink.onMessageChunk(chunk, owned);
  }

  onMessageEnd(): void {
    this.#sink.onMessageEnd();
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
    this.lingers = !this.isClosing && this.#sink.onEnding();
  }
}
