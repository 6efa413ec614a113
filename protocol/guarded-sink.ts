import type { CloseInfo } from './closing/close-info.ts';
import type { ProtocolError } from './errors.ts';
import type { Opening, PlainRequest, Refusal, Rejection, UpgradeRequest } from './handshake/types.ts';
import type { Sink } from './sink.ts';

/**
 * The sink as the connection calls it: methods may be missing, and what one throws is kept until the connection has
 * done its work, so that it can corrupt nothing.
 */
export class GuardedSink implements Sink {
  readonly #sink: Partial<Sink>;
  #errors: unknown[] | undefined;

  constructor(sink: Partial<Sink>) {
    if (typeof sink !== 'object' || sink === null) throw new TypeError('the sink must be an object');
    this.#sink = sink;
    this.#errors = undefined;
  }

  /** Whether the sink decides on opening handshakes itself. */
  get decides(): boolean {
    return this.#sink.onRequest !== undefined;
  }

  /** Whether the sink answers requests that ask for no WebSocket. */
  get answers(): boolean {
    return this.#sink.onPlainRequest !== undefined;
  }

  /** Whether the sink wants to be told when a message is deflated off the thread. */
  get hearsDeflated(): boolean {
    return this.#sink.onDeflated !== undefined;
  }

  /** Called from outside of any call of the connection's: what it throws goes to the codec. */
  onDeflated(): void {
    this.#sink.onDeflated!();
  }

  /** Throws what the sink's methods threw since the last time: the error itself, or an AggregateError of several. */
  rethrow(): void {
    const errors = this.#errors;
    if (errors === undefined) return;
    this.#errors = undefined;
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'the sink threw more than once');
  }

  /** Keeps what something else of the application's threw, likewise. */
  keep(error: unknown): void {
    GuardedSink.#keep(this, error);
  }

  onRequest(request: UpgradeRequest): void {
    try {
      this.#sink.onRequest?.(request);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onRefused(refusal: Refusal): void {
    try {
      this.#sink.onRefused?.(refusal);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onPlainRequest(request: PlainRequest, refusal: Rejection): void {
    try {
      this.#sink.onPlainRequest?.(request, refusal);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onOpen(opening: Opening): void {
    try {
      this.#sink.onOpen?.(opening);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onText(text: string): void {
    try {
      this.#sink.onText?.(text);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onTextBytes(bytes: Uint8Array, owned: boolean): void {
    try {
      this.#sink.onTextBytes?.(bytes, owned);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    try {
      this.#sink.onBinary?.(bytes, owned);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onMessageStart(binary: boolean): void {
    try {
      this.#sink.onMessageStart?.(binary);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    try {
      this.#sink.onMessageChunk?.(chunk, owned);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onMessageEnd(): void {
    try {
      this.#sink.onMessageEnd?.();
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onPing(payload: Uint8Array): void {
    try {
      this.#sink.onPing?.(payload);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onPong(payload: Uint8Array, id: number, roundTrip: number): void {
    try {
      this.#sink.onPong?.(payload, id, roundTrip);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onEnding(): boolean {
    try {
      return this.#sink.onEnding?.() === true;
    } catch (error) {
      GuardedSink.#keep(this, error);
      return false;
    }
  }

  onFault(fault: ProtocolError): void {
    try {
      this.#sink.onFault?.(fault);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onCloseFrame(code: number, reason: string): void {
    try {
      this.#sink.onCloseFrame?.(code, reason);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  onClosed(info: CloseInfo): void {
    try {
      this.#sink.onClosed?.(info);
    } catch (error) {
      GuardedSink.#keep(this, error);
    }
  }

  /** Of the class: a private method of its own makes each of these larger. */
  static #keep(sink: GuardedSink, error: unknown): void {
    (sink.#errors ??= []).push(error);
  }
}
