import { connectionLost, type ProtocolError, TimeoutError, type WebSocketError } from '../errors.ts';
import type { CloseFrame, CloseInfo } from './close-info.ts';
import { ABNORMAL } from './close-payload.ts';

/** What has happened to a transport that takes nothing any more. */
export const LOST = 'the transport was lost';

/** The closing handshake, RFC 6455 §7: whose Close frame has gone where, and what that comes to. */
export class ClosingHandshake {
  #received: CloseFrame | undefined;
  #sent: CloseFrame | undefined;
  #first: CloseInfo['first'];
  #error: WebSocketError | undefined;
  /** It went wrong since our Close frame could not leave. */
  #isUnsent: boolean;
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
    this.#isUnsent = false;
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

  /** Our Close frame, behind which nothing was written, is among what could not leave. */
  unsend(): void {
    this.#sent = undefined;
    if (this.#first === 'sent') this.#first = undefined;
    this.#isUnsent = this.#error === undefined;
  }

  /** Whether the peer's Close frame has come, be it that it does not count yet. */
  get hasCome(): boolean {
    return (this.#received ?? this.ending?.closeFrame) !== undefined;
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
    const error = clean ? undefined : ((this.#isUnsent ? undefined : this.#error) ?? this.#lossError());
    const timer = error instanceof TimeoutError ? error.timer : undefined;
    const info: CloseInfo = {
      code: this.#received?.code ?? ABNORMAL,
      reason: this.#received?.reason ?? '',
      clean,
      received: this.#received,
      sent: this.#sent,
      first: this.#first,
      error,
    };
    this.info = timer === undefined ? info : { ...info, timer };
    return this.info;
  }

  #lossError(): WebSocketError {
    return connectionLost(this.loss === undefined ? 'the connection ended' : LOST, this.loss?.cause, this.hasCome);
  }
}
