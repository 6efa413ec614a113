import { type CloseInfo, isOkCode, ProtocolError, WebSocketError } from '../../protocol/index.ts';
import { recapture } from '../socket/error-place.ts';

/**
 * That a connection takes or gives no more, for those who wait and those who come later. The error is made for the first
 * of them who is told one, and is the same for all: most connections end with nobody to tell, and a stack trace is dear.
 */
export class Ending {
  readonly #code: number;
  readonly #reason: string;
  readonly #cause: unknown;
  #error: WebSocketError | undefined;
  #isTold: boolean;

  private constructor(code: number, reason: string, cause?: unknown, error?: WebSocketError) {
    this.#code = code;
    this.#reason = reason;
    this.#cause = cause;
    this.#error = error;
    this.#isTold = false;
  }

  /** By a Close frame, sent or received. */
  static byClose(code: number, reason: string): Ending {
    return new Ending(code, reason);
  }

  /** When all is over. */
  static of({ code, reason, received, error }: CloseInfo): Ending {
    // The peer has said goodbye; that the answer did not get through to it, or the transport never ended, is no matter here.
    const wasSaid = received !== undefined && !(error instanceof ProtocolError);
    if (wasSaid || error === undefined) return new Ending(code, reason, error);
    return new Ending(error.code, error.reason, undefined, error);
  }

  /** Whether this is a normal end, as `WebSocketError` has it. */
  get isOk(): boolean {
    return isOkCode(this.#code);
  }

  /** What whoever receives or sends after the end is told. */
  get error(): WebSocketError {
    if (this.#error === undefined) this.#error = this.#makeError();
    // One that was made at the end has nobody's line in its stack yet.
    else if (!this.#isTold) recapture(this.#error);
    this.#isTold = true;
    return this.#error;
  }

  /** The same for whoever sends after it: a normal end says so in its text. */
  get errorOfSend(): WebSocketError {
    if (this.#error !== undefined && !this.isOk) return this.error;
    const how = new WebSocketError(this.#code, this.#reason).message;
    const message = `not sent, for the connection is closed: ${how}`;
    const init = this.#cause === undefined ? { message } : { message, cause: this.#cause };
    return new WebSocketError(this.#code, this.#reason, init);
  }

  #makeError(): WebSocketError {
    const init = this.#cause === undefined ? {} : { cause: this.#cause };
    return new WebSocketError(this.#code, this.#reason, init);
  }
}
