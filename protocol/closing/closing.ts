import { ConnectionLostError, type ProtocolError, TimeoutError, type WebSocketError } from '../errors.ts';
import type { CloseFrame, CloseInfo } from './close-info.ts';
import { ABNORMAL } from './close-payload.ts';

/** The closing handshake, RFC 6455 §7: whose Close frame has gone where, and what that comes to. */
export class ClosingHandshake {
  #received: CloseFrame | undefined;
  #sent: CloseFrame | undefined;
  #first: CloseInfo['first'];
  #error: WebSocketError | undefined;
  /** What the peer has ended the messages with, until that counts. */
  ending: { readonly closeFrame: CloseFrame | undefined; readonly fault: ProtocolError | undefined } | undefined;
  /** How it has ended. */
  info: CloseInfo | undefined;
  /** The transport's error, once it takes no output any more. */
  loss: { readonly cause: unknown } | undefined;
  /** Once both Close frames are out: how long the transport's end may take where output still waits, an absolute time. */
  deadline: number;

  constructor() {
    this.#received = undefined;
    this.#sent = undefined;
    this.#first = undefined;
    this.#error = undefined;
    this.ending = undefined;
    this.info = undefined;
    this.loss = undefined;
    this.deadline = 0;
  }

  /** Whether a Close frame was sent: no frame may follow it (§5.5.1). */
  get isSent(): boolean {
    return this.#sent !== undefined;
  }

  /** Whether a Close frame was received: what follows it is not looked at (§5.5.1). */
  get isReceived(): boolean {
    return this.#received !== undefined;
  }

  /** Whether one went each way (§7.1.4). */
  get isComplete(): boolean {
    return this.#received !== undefined && this.#sent !== undefined;
  }

  send(frame: CloseFrame): void {
    this.#sent = frame;
    this.#first ??= 'sent';
  }

  receive(frame: CloseFrame): void {
    this.#received = frame;
    this.#first ??= 'received';
  }

  /** Counts what the peer has ended the messages with. Safe to repeat. */
  noteEnding(): void {
    const { ending } = this;
    if (ending?.fault !== undefined) this.fail(ending.fault);
    else if (ending?.closeFrame !== undefined) this.receive(ending.closeFrame);
  }

  /** Why it went wrong; the first cause is kept. */
  fail(error: WebSocketError): void {
    this.#error ??= error;
  }

  /** The end. */
  finish(): CloseInfo {
    const clean = this.isComplete && this.#error === undefined;
    const timer = this.#error instanceof TimeoutError ? this.#error.timer : undefined;
    const info: CloseInfo = {
      code: this.#received?.code ?? ABNORMAL,
      reason: this.#received?.reason ?? '',
      clean,
      received: this.#received,
      sent: this.#sent,
      first: this.#first,
      error: clean ? undefined : (this.#error ?? new ConnectionLostError('the connection ended without a Close frame')),
    };
    this.info = timer === undefined ? info : { ...info, timer };
    return this.info;
  }
}
