import type { CloseInfo } from './closing/close-info.ts';
import type { Opening, UpgradeRequest } from './handshake/types.ts';
import type { Sink } from './sink.ts';

/** What happens on a connection, as plain objects. Their bytes are their own. */
export type Event =
  | { readonly type: 'request'; readonly request: UpgradeRequest }
  | { readonly type: 'open'; readonly opening: Opening }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'textBytes'; readonly bytes: Uint8Array }
  | { readonly type: 'binary'; readonly bytes: Uint8Array }
  | { readonly type: 'messageStart'; readonly binary: boolean }
  | { readonly type: 'messageChunk'; readonly chunk: string | Uint8Array }
  | { readonly type: 'messageEnd' }
  | { readonly type: 'ping'; readonly payload: Uint8Array }
  | { readonly type: 'pong'; readonly payload: Uint8Array; readonly id: number; readonly roundTrip: number }
  | { readonly type: 'closeFrame'; readonly code: number; readonly reason: string }
  | { readonly type: 'closed'; readonly info: CloseInfo };

/**
 * A Sink that keeps what happens as events, to be taken in order: for comfort, for tests, for embedding.
 *
 * It holds what the calls since the last `take` brought about, so that one who takes after every call holds no more
 * than one chunk's worth.
 */
export class EventQueue implements Sink {
  #events: Event[];

  constructor() {
    this.#events = [];
  }

  /** How many events wait. */
  get length(): number {
    return this.#events.length;
  }

  /** All events that wait, oldest first; they are the taker's. */
  take(): Event[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Takes the events one by one, those included that come while it is under way. */
  *[Symbol.iterator](): IterableIterator<Event> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) yield event;
  }

  onRequest(request: UpgradeRequest): void {
    this.#events.push({ type: 'request', request });
  }

  onOpen(opening: Opening): void {
    this.#events.push({ type: 'open', opening });
  }

  onText(text: string): void {
    this.#events.push({ type: 'text', text });
  }

  onTextBytes(bytes: Uint8Array, owned: boolean): void {
    this.#events.push({ type: 'textBytes', bytes: owned ? bytes : bytes.slice() });
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    this.#events.push({ type: 'binary', bytes: owned ? bytes : bytes.slice() });
  }

  onMessageStart(binary: boolean): void {
    this.#events.push({ type: 'messageStart', binary });
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    this.#events.push({ type: 'messageChunk', chunk: owned ? chunk : chunk.slice() });
  }

  onMessageEnd(): void {
    this.#events.push({ type: 'messageEnd' });
  }

  onPing(payload: Uint8Array): void {
    this.#events.push({ type: 'ping', payload: payload.slice() });
  }

  onPong(payload: Uint8Array, id: number, roundTrip: number): void {
    this.#events.push({ type: 'pong', payload: payload.slice(), id, roundTrip });
  }

  onCloseFrame(code: number, reason: string): void {
    this.#events.push({ type: 'closeFrame', code, reason });
  }

  onClosed(info: CloseInfo): void {
    this.#events.push({ type: 'closed', info });
  }
}
