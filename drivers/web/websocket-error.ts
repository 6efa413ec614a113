import { type CloseInfoInit, parseCloseInfo } from './arguments.ts';

let create: (message: string, closeCode: number, reason: string, cause: unknown) => WebSocketError;

/** One that tells how a connection ended, whatever its code; `cause` is what the core says of it. */
export function errorOfEnd(closeCode: number, reason: string, cause: Error | undefined): WebSocketError {
  return create(cause?.message ?? 'the connection was not closed cleanly', closeCode, reason, cause);
}

/**
 * The standard's `WebSocketError`, a DOMException. What a WebSocketStream fails with has the core's error as its `cause`;
 * one that a stream is cancelled or aborted with says how to close.
 */
export class WebSocketError extends DOMException {
  /** Null where there is none. */
  #closeCode: number | null;
  #reason: string;

  static {
    create = (message, closeCode, reason, cause) => {
      const error = new WebSocketError(message);
      error.#closeCode = closeCode;
      error.#reason = reason;
      if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, configurable: true });
      return error;
    };
  }

  /** Throws an InvalidAccessError or SyntaxError DOMException for a code or reason that may not be sent. */
  constructor(message = '', init: CloseInfoInit = {}) {
    super(message, 'WebSocketError');
    // In some versions of Node the base class returns an object of its own prototype (nodejs/node#59677).
    Object.setPrototypeOf(this, new.target.prototype);
    [this.#closeCode, this.#reason] = parseCloseInfo(init);
  }

  /** The close code, or null where none came. */
  get closeCode(): number | null {
    return this.#closeCode;
  }

  /** The reason, or an empty string. */
  get reason(): string {
    return this.#reason;
  }
}
