import { CLOSE, CONTINUATION, PING, PONG, TEXT, joinBytes } from './frames.ts';
import type { FrameHandler, FrameHead } from './frames.ts';
import type { Flow } from './traffic.ts';
import { Utf8Validator } from './utf8.ts';
import type { WireLog } from './wire-log.ts';

const NOT_UTF8 = 'text that is not UTF-8';

/** Where what the peer sent is told: the endpoint. */
export interface IncomingHandler {
  /** The connection was dropped: nothing more is read. */
  readonly closed: boolean;
  /** The peer broke the protocol; `code` is what to fail the connection with. */
  onFault(code: number, fault: string): void;
  onMessage(payload: Uint8Array, binary: boolean): void;
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onClose(body: Uint8Array): void;
  /** Inflates a message's payload; undefined when that can't be done, which ends the connection. */
  inflate(payload: Uint8Array): Uint8Array | undefined;
}

/**
 * Frames into messages, with the eyes of a strict peer (RFC 6455 §5): what is sent to the suite is judged as well. After
 * a fault it goes on, as the official suite's library does: it waits for the peer's Close, and a second fault drops the
 * connection. A control frame is taken even when it is wrong.
 */
export class Incoming implements FrameHandler {
  private readonly server: boolean;
  private readonly compresses: boolean;
  private readonly log: WireLog;
  private readonly flow: Flow;
  private readonly handler: IncomingHandler;
  /** The frame being read. */
  private head: FrameHead | undefined;
  private skipping: boolean;
  private framePieces: Uint8Array[];
  /** The message being read; opcode 0 is none. */
  private messageOpcode: number;
  private messageCompressed: boolean;
  private messagePieces: Uint8Array[];
  private validator: Utf8Validator | undefined;
  private textIsInvalid: boolean;

  constructor(role: 'client' | 'server', compresses: boolean, log: WireLog, flow: Flow, handler: IncomingHandler) {
    this.server = role === 'server';
    this.compresses = compresses;
    this.log = log;
    this.flow = flow;
    this.handler = handler;
    this.head = undefined;
    this.skipping = false;
    this.framePieces = [];
    this.messageOpcode = 0;
    this.messageCompressed = false;
    this.messagePieces = [];
    this.validator = undefined;
    this.textIsInvalid = false;
  }

  onHead(head: FrameHead): boolean {
    this.head = head;
    this.framePieces = [];
    const fault = this.faultOf(head);
    this.skipping = fault !== undefined && head.opcode < CLOSE;
    if (fault !== undefined) this.handler.onFault(1002, fault);
    else if (head.opcode < CLOSE && head.opcode !== CONTINUATION) this.startMessage(head);
    return !this.handler.closed;
  }

  onPayload(bytes: Uint8Array): boolean {
    this.framePieces.push(bytes);
    if (this.skipping || this.head!.opcode >= CLOSE || this.validator === undefined || this.messageCompressed)
      return true;
    if (!this.validator.push(bytes)) {
      this.textIsInvalid = true;
      this.handler.onFault(1007, NOT_UTF8);
    }
    return !this.handler.closed;
  }

  onFrameEnd(): boolean {
    const head = this.head!;
    const pieces = this.framePieces;
    this.log.frameReceived(head, () => joinBytes(pieces));
    if (head.opcode >= CLOSE) this.onControl(head.opcode, joinBytes(pieces));
    else if (!this.skipping) this.onDataFrame(head, pieces);
    this.framePieces = [];
    return !this.handler.closed;
  }

  /** What is wrong with a frame that the peer sent, by its head. */
  private faultOf(head: FrameHead): string | undefined {
    const { opcode, fin, rsv, length, key } = head;
    if (rsv !== 0 && !(rsv === 4 && this.compresses)) return `RSV ${rsv} was not negotiated`;
    if (this.server && key === undefined) return 'an unmasked frame from a client';
    if (!this.server && key !== undefined) return 'a masked frame from a server';
    if (head.shortest === false) return 'a length that is not in its shortest form';
    if (opcode >= CLOSE) {
      if (opcode > PONG) return `reserved opcode ${opcode}`;
      if (!fin) return 'a fragmented control frame';
      if (length > 125) return 'a control frame over 125 octets';
      if (rsv !== 0) return 'a compressed control frame';
      if (opcode === CLOSE && length === 1) return 'a Close frame with 1 octet';
      return undefined;
    }
    if (opcode > 2) return `reserved opcode ${opcode}`;
    if (opcode === CONTINUATION && this.messageOpcode === 0) return 'nothing to continue';
    if (opcode !== CONTINUATION && this.messageOpcode !== 0) return 'a new message inside a message';
    if (opcode === CONTINUATION && rsv !== 0) return 'RSV1 on a continuation frame';
    return undefined;
  }

  private startMessage(head: FrameHead): void {
    this.messageOpcode = head.opcode;
    this.messageCompressed = head.rsv === 4;
    this.messagePieces = [];
    this.validator = head.opcode === TEXT ? new Utf8Validator() : undefined;
    this.textIsInvalid = false;
  }

  private onDataFrame(head: FrameHead, pieces: readonly Uint8Array[]): void {
    this.flow.frames++;
    for (const piece of pieces) this.messagePieces.push(piece);
    if (!head.fin) return;
    const payload = joinBytes(this.messagePieces);
    const binary = this.messageOpcode !== TEXT;
    this.messageOpcode = 0;
    this.messagePieces = [];
    const message = this.messageCompressed ? this.handler.inflate(payload) : payload;
    if (message === undefined) return;
    if (this.validator !== undefined && this.messageCompressed) this.textIsInvalid = !this.validator.push(message);
    if (this.textIsInvalid || this.validator?.complete === false) {
      this.handler.onFault(1007, NOT_UTF8);
      return;
    }
    this.flow.messages++;
    this.flow.payload += payload.length;
    this.flow.application += message.length;
    this.handler.onMessage(message, binary);
  }

  private onControl(opcode: number, payload: Uint8Array): void {
    if (opcode === CLOSE) this.handler.onClose(payload);
    else if (opcode === PONG) this.handler.onPong(payload);
    else if (opcode === PING) this.handler.onPing(payload);
  }
}
