import { randomFillSync } from 'node:crypto';
import { cut } from './case.ts';
import type { Deflate } from './deflate.ts';
import { CLOSE, CONTINUATION, FrameReader, PONG, encodeFrame, encodeHead, mask } from './frames.ts';
import { Incoming } from './incoming.ts';
import type { IncomingHandler } from './incoming.ts';
import { Traffic } from './traffic.ts';
import { Transmitter } from './transmitter.ts';
import { Utf8Validator } from './utf8.ts';
import type { Sending, WireLog } from './wire-log.ts';
import { textOf } from './wire-log.ts';
import type { Timing, Wire } from './wire.ts';

export type Role = 'client' | 'server';

/** What an endpoint tells the case that runs on it. */
export interface EndpointHandler {
  onMessage(payload: Uint8Array, binary: boolean): void;
  onPong(payload: Uint8Array): void;
}

/** Who closed how: what the closing is judged by. The names are those of the official suite's reports. */
export interface ClosingFacts {
  /** The first Close frame was this side's. */
  closedByMe: boolean;
  /** This side failed the connection: the peer broke the protocol or a deadline. */
  failedByMe: boolean;
  /** This side ended the TCP connection. */
  droppedByMe: boolean;
  /** A Close frame went each way, and a server under test then ended TCP in time. */
  wasClean: boolean;
  wasNotCleanReason: string | null;
  wasServerConnectionDropTimeout: boolean;
  wasCloseHandshakeTimeout: boolean;
  localCloseCode: number | null;
  localCloseReason: string | null;
  remoteCloseCode: number | null;
  remoteCloseReason: string | null;
}

/** How long the peer has for its Close, and a server for ending TCP after it, in seconds. */
const CLOSE_TIMEOUT = 1;
/** How long what was written may take to leave, once the connection is dropped, in milliseconds. */
const LINGER = 5000;

const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

const VALID_CODES: ReadonlySet<number> = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]);
const WHOLE: Sending = { chop: 0, alone: false };

/**
 * The suite's own end of an open connection. It answers pings and closes, holds the peer to the protocol, and sends
 * whatever a case wants, right or wrong. How it closes, and what it makes of the peer's closing, is what the official
 * suite's library does: the verdicts on closing depend on it.
 */
export class Endpoint implements IncomingHandler {
  readonly facts: ClosingFacts;
  readonly traffic: Traffic;
  private readonly role: Role;
  private readonly wire: Wire;
  private readonly timing: Timing;
  private readonly log: WireLog;
  private readonly deflate: Deflate | undefined;
  private readonly handler: EndpointHandler;
  private readonly patience: number;
  private readonly transmitter: Transmitter;
  private readonly reader: FrameReader;
  private readonly timers: Set<() => void>;
  private state: number;
  private stopCloseTimer: () => void;
  /** The masking key and position of a frame that is sent in parts. */
  private partKey: Uint8Array | undefined;
  private partPosition: number;

  constructor(
    role: Role,
    wire: Wire,
    timing: Timing,
    log: WireLog,
    deflate: Deflate | undefined,
    handler: EndpointHandler,
    patience = 1,
  ) {
    this.facts = {
      closedByMe: false,
      failedByMe: false,
      droppedByMe: false,
      wasClean: false,
      wasNotCleanReason: null,
      wasServerConnectionDropTimeout: false,
      wasCloseHandshakeTimeout: false,
      localCloseCode: null,
      localCloseReason: null,
      remoteCloseCode: null,
      remoteCloseReason: null,
    };
    this.traffic = new Traffic();
    this.role = role;
    this.wire = wire;
    this.timing = timing;
    this.log = log;
    this.deflate = deflate;
    this.handler = handler;
    this.patience = patience;
    this.transmitter = new Transmitter(wire, timing, (bytes, alone) => {
      this.traffic.sent.wire += bytes.length;
      log.sent(bytes, alone);
    });
    this.reader = new FrameReader(new Incoming(role, deflate !== undefined, log, this.traffic.received, this));
    this.timers = new Set();
    this.state = OPEN;
    this.stopCloseTimer = () => {};
    this.partKey = undefined;
    this.partPosition = 0;
  }

  /** No Close frame was sent or received yet, and the connection stands. */
  get open(): boolean {
    return this.state === OPEN;
  }

  /** The connection was dropped or is gone. */
  get closed(): boolean {
    return this.state === CLOSED;
  }

  get compresses(): boolean {
    return this.deflate !== undefined;
  }

  /** Bytes came. */
  receive(bytes: Uint8Array): void {
    this.log.received(bytes);
    if (this.state === CLOSED) return;
    this.traffic.received.wire += bytes.length;
    this.reader.push(bytes);
  }

  /** The wire is gone. */
  gone(): void {
    this.state = CLOSED;
    this.transmitter.stop();
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    if (!this.facts.wasClean && !this.facts.droppedByMe && this.facts.wasNotCleanReason === null) {
      this.facts.wasNotCleanReason = 'the peer dropped the TCP connection without a closing handshake';
    }
  }

  /** Calls back in so many seconds, if the connection is not gone by then. */
  later(seconds: number, callback: () => void): () => void {
    const cancel = this.timing.after(seconds * 1000, () => {
      this.timers.delete(cancel);
      if (this.state !== CLOSED) callback();
    });
    this.timers.add(cancel);
    return () => {
      this.timers.delete(cancel);
      cancel();
    };
  }

  /** The same for a deadline, of which there is more where patience is asked for. */
  deadline(seconds: number, callback: () => void): () => void {
    return this.later(seconds * this.patience, callback);
  }

  /** Sends any frame at all, whatever the state. */
  sendFrame(opcode: number, fin: boolean, rsv: number, payload: Uint8Array, sending: Sending = WHOLE): void {
    const head = { opcode, fin, rsv, length: payload.length, key: this.newKey() };
    this.log.frameSent(head, payload, sending);
    if (opcode < CLOSE) this.traffic.sent.frames++;
    this.transmitter.send(encodeFrame(head, payload), sending.chop, sending.alone);
  }

  /** Sends the head of a frame whose payload comes with `sendPart`. */
  sendHead(opcode: number, fin: boolean, length: number): void {
    this.partKey = this.newKey();
    this.partPosition = 0;
    const head = { opcode, fin, rsv: 0, length, key: this.partKey };
    this.transmitter.send(encodeHead(head), 0, false);
  }

  sendPart(payload: Uint8Array): void {
    const bytes = payload.slice();
    if (this.partKey !== undefined) mask(bytes, this.partKey, this.partPosition);
    this.partPosition += bytes.length;
    this.transmitter.send(bytes, 0, false);
  }

  /** Sends a message: compressed, where that was negotiated, and in fragments of at most `size` octets, if not 0. */
  sendMessage(opcode: number, message: Uint8Array, size: number): void {
    if (this.state !== OPEN) return;
    const payload = this.deflate === undefined ? message : this.deflate.compress(message);
    const { sent } = this.traffic;
    sent.messages++;
    sent.application += message.length;
    sent.payload += payload.length;
    for (const { start, end, first, last } of cut(payload.length, size)) {
      const rsv = first && this.deflate !== undefined ? 4 : 0;
      this.sendFrame(first ? opcode : CONTINUATION, last, rsv, payload.subarray(start, end));
    }
  }

  /** Starts the closing handshake, unless it has begun. */
  sendClose(body: Uint8Array): void {
    if (this.state !== OPEN) return;
    this.closeWith(body);
    this.facts.closedByMe = true;
    this.stopCloseTimer = this.deadline(CLOSE_TIMEOUT, () => {
      this.facts.wasClean = false;
      this.facts.wasNotCleanReason = 'the peer did not answer the Close in time';
      this.facts.wasCloseHandshakeTimeout = true;
      this.drop(true);
    });
  }

  /** Fails the connection (§7.1.7): with a Close frame, or by dropping it when one was sent already. */
  fail(code: number, reason: string): void {
    if (this.state === CLOSED) return;
    this.facts.failedByMe = true;
    if (this.state === CLOSING) {
      this.drop(false);
    } else {
      const text = Buffer.from(reason).subarray(0, 123);
      this.sendClose(Uint8Array.of(code >> 8, code & 0xff, ...text));
    }
  }

  onFault(code: number, fault: string): void {
    this.fail(code, fault);
  }

  onMessage(payload: Uint8Array, binary: boolean): void {
    if (!this.facts.failedByMe) this.handler.onMessage(payload, binary);
  }

  inflate(payload: Uint8Array): Uint8Array | undefined {
    try {
      return this.deflate!.decompress(payload);
    } catch (error) {
      // The official suite has no way out of this either: the connection is gone, and nobody has closed it.
      this.facts.wasNotCleanReason = `a message cannot be inflated (${(error as Error).message})`;
      this.state = CLOSED;
      this.wire.abort();
      return undefined;
    }
  }

  onPing(payload: Uint8Array): void {
    if (this.state === OPEN) this.sendFrame(PONG, true, 0, payload);
  }

  onPong(payload: Uint8Array): void {
    this.handler.onPong(payload);
  }

  onClose(body: Uint8Array): void {
    const { facts } = this;
    const code = body.length === 0 ? null : (body[0]! << 8) | body[1]!;
    facts.remoteCloseCode = code;
    if (code !== null && !VALID_CODES.has(code) && (code < 3000 || code > 4999)) {
      this.fail(1002, `close code ${code}`);
    }
    if (body.length > 2) {
      const reason = body.subarray(2);
      const validator = new Utf8Validator();
      if (!validator.push(reason) || !validator.complete) this.fail(1007, 'a close reason that is not UTF-8');
      facts.remoteCloseReason = textOf(reason);
    }
    if (this.state === CLOSED) {
      facts.wasClean = false;
    } else if (this.state === CLOSING) {
      this.stopCloseTimer();
      facts.wasClean = true;
      // §7.1.1: it is the server that ends TCP. A client waits for it, but not for long.
      if (this.role === 'server') this.drop(true);
      else this.expectDrop();
    } else {
      facts.wasClean = true;
      this.closeWith(Uint8Array.of(1000 >> 8, 1000 & 0xff));
      // The official suite sets no deadline here: a server that goes on keeps it waiting until the case has one.
      if (this.role === 'server') this.drop(false);
      else this.expectDrop();
    }
  }

  private closeWith(body: Uint8Array): void {
    this.sendFrame(CLOSE, true, 0, body);
    this.state = CLOSING;
    this.facts.localCloseCode = body.length < 2 ? null : (body[0]! << 8) | body[1]!;
    this.facts.localCloseReason = body.length > 2 ? textOf(body.subarray(2)) : null;
  }

  private expectDrop(): void {
    this.deadline(CLOSE_TIMEOUT, () => {
      this.facts.wasClean = false;
      this.facts.wasNotCleanReason = 'the server did not drop the TCP connection in time';
      this.facts.wasServerConnectionDropTimeout = true;
      this.drop(true);
    });
  }

  private drop(abort: boolean): void {
    if (this.state === CLOSED) return;
    this.facts.droppedByMe = true;
    this.state = CLOSED;
    this.transmitter.stop();
    if (abort) {
      this.wire.abort();
      return;
    }
    this.wire.end();
    this.timers.add(this.timing.after(LINGER, () => this.wire.abort()));
  }

  private newKey(): Uint8Array | undefined {
    return this.role === 'client' ? randomKey() : undefined;
  }
}

const POOL = new Uint8Array(8192);
let poolPosition = POOL.length;

/** A masking key, from a pool: asking for four random octets takes longer than masking a frame. */
function randomKey(): Uint8Array {
  if (poolPosition === POOL.length) {
    randomFillSync(POOL);
    poolPosition = 0;
  }
  poolPosition += 4;
  return POOL.slice(poolPosition - 4, poolPosition);
}
