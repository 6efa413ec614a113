import type { Duplex } from 'node:stream';
import type { DialProgress } from '../../socket/observer.ts';
import type { Transport } from '../../transport.ts';
import { nodeClock } from '../clock.ts';
import { discard } from './failure.ts';

/** What the way to a stream has come to. */
export type Stage = 'DNS' | 'TCP' | 'the proxy' | 'TLS' | 'createConnection' | 'the agent' | 'HTTP/2' | 'the response';

/**
 * A transport in the making: it keeps what is to be written until there is a stream, and giving it up gives up whatever
 * the way to a stream has come to.
 */
export class PendingTransport implements Transport, DialProgress {
  /** What was waited for, since when. */
  #stages: { readonly stage: Stage; readonly since: number }[];
  #isGivenUp: boolean;
  #bufferedAmount: number;
  #chunks: Uint8Array[];
  #streams: Duplex[];
  #controller: AbortController | undefined;
  /** Called when the connection is open. */
  whenOpen: (() => void) | undefined;
  /** Another's way, while that is waited for: a session's that many share. */
  following: PendingTransport | undefined;

  constructor() {
    this.#stages = [{ stage: 'TCP', since: nodeClock.now() }];
    this.#isGivenUp = false;
    this.#bufferedAmount = 0;
    this.#chunks = [];
    this.#streams = [];
    this.#controller = undefined;
    this.whenOpen = undefined;
    this.following = undefined;
  }

  /** What is waited for. */
  get stage(): Stage {
    return this.following?.stage ?? this.#stages[this.#stages.length - 1].stage;
  }

  set stage(stage: Stage) {
    this.#stages.push({ stage, since: nodeClock.now() });
  }

  opened(): void {
    this.whenOpen?.();
  }

  durations(): Record<string, number> {
    const durations: Record<string, number> = {};
    const now = nodeClock.now();
    this.#stages.forEach(({ stage, since }, i) => {
      const spent = (this.#stages[i + 1]?.since ?? now) - since;
      if (spent > 0) durations[stage] = (durations[stage] ?? 0) + spent;
    });
    return durations;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Fires when it is given up. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isGivenUp) this.#controller.abort();
    return this.#controller.signal;
  }

  /** A stream on the way, which goes when this is given up, and with its first error, which it keeps as `errored`. */
  track<S extends Duplex>(stream: S): S {
    // Before anything of it is called, which may throw.
    this.#streams.push(stream);
    stream.on('error', giveUp);
    if (this.#isGivenUp) discard(stream);
    return stream;
  }

  /** The stream is there: it is no longer this one's. Returns what waits to be written. */
  finish(): readonly Uint8Array[] {
    this.#streams = [];
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bufferedAmount = 0;
    return chunks;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#bufferedAmount += chunk.length;
    }
    return false;
  }

  end(): void {
    this.abort();
  }

  abort(): void {
    this.#isGivenUp = true;
    // From the top: node:tls ends the process where what is below it goes first, in the middle of its handshake.
    for (const stream of this.#streams.reverse()) discard(stream);
    this.finish();
    this.#controller?.abort();
  }

  pause(): void {}

  resume(): void {}
}

/** node:tls tells of an alert that comes after its handshake, and does nothing about it. */
function giveUp(this: Duplex, error: Error): void {
  if (!this.destroyed) discard(this, error);
}
