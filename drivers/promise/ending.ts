import { type CloseInfo, isOkCode, ProtocolError, WebSocketError } from '../../protocol/index.ts';

/**
 * That a connection takes or gives no more, for those who wait and those who come later. The error is made for the first
 * of them who is told one, and is the same for all: with its stack trace it takes as long as a third of an opening
 * handshake, and most connections end with nobody to tell.
 */
export class Ending {
  readonly code: number;
  readonly reason: string;
  readonly #cause: unknown;
  #error: WebSocketError | undefined;

  private constructor(code: number, reason: string, cause: unknown, error: WebSocketError | undefined) {
    this.code = code;
    this.reason = reason;
    this.#cause = cause;
    this.#error = error;
  }

  /** By a Close frame, sent or received. */
  static byClose(code: number, reason: string): Ending {
    return new Ending(code, reason, undefined, undefined);
  }

  /** When all is over. */
  static of({ code, reason, received, error }: CloseInfo): Ending {
    // The peer has said goodbye; that the answer did not get through to it, or the transport never ended, is no matter here.
    const wasSaid = received !== undefined && !(error instanceof ProtocolError);
    return wasSaid ? new Ending(code, reason, error, undefined) : new Ending(code, reason, undefined, error);
  }

  /** Whether this is a normal end, as `WebSocketError` has it. */
  get isOk(): boolean {
    return this.#error === undefined ? isOkCode(this.code) : this.#error.isOk;
  }

  /** What whoever receives or sends after the end is told. */
  get error(): WebSocketError {
    const init = this.#cause === undefined ? {} : { cause: this.#cause };
    return (this.#error ??= new WebSocketError(this.code, this.reason, init));
  }
}
