import { checkClose } from '../../protocol/index.ts';
import {
  always,
  checkOptions,
  LIMIT,
  NUMBER,
  type OptionTable,
  portableText,
  STRING,
} from '../../protocol/internal.ts';
import { type Clock, type Wake, wakeAtDeadline } from '../clock.ts';
import { each } from './guard.ts';
import type { Socket } from './socket.ts';

/** How a server closes. */
export interface ServerCloseOptions {
  /**
   * The close code for the connections. Default 1001, going away: for a restart too the safer word, since 1012 to 1014 are protocol
   * errors to some peers (websocket-driver of npm and Ruby, Tomcat 9, lua-http) and an exception in websocket-client 1.2.3.
   */
  code?: number | undefined;
  /** The reason that goes with it. Default: none. */
  reason?: string | undefined;
  /**
   * How long the connections and their handlers have, in milliseconds; then what is left is ended. Default 10 s; 0 ends
   * them now; `Infinity` or `false` gives them all the time they take.
   */
  timeout?: number | false | undefined;
}

const CLOSE_OPTIONS: OptionTable<ServerCloseOptions> = { code: always(NUMBER), reason: always(STRING), timeout: LIMIT };

const DEFAULT_TIMEOUT = 10_000;

/** Fills in the defaults. Throws a TypeError or RangeError for a bad code, reason or timeout. */
export function checkCloseOptions(
  given: ServerCloseOptions | undefined,
): Required<ServerCloseOptions> & { timeout: number } {
  const options = checkOptions('close', CLOSE_OPTIONS, given);
  const timeout = checkTimeout(options.timeout, DEFAULT_TIMEOUT);
  const { code = 1001, reason = '' } = options;
  checkClose(code, reason, portableText);
  return { code, reason, timeout };
}

/** A timeout as a number, `Infinity` when there is none. Throws a RangeError for one that is negative or NaN. */
export function checkTimeout(timeout: number | false | undefined, fallback = Infinity): number {
  if (timeout === undefined) return fallback;
  if (timeout === false) return Infinity;
  if (!(timeout >= 0)) throw new RangeError('timeout must not be negative or NaN');
  return timeout;
}

/** What there is to close of a server. */
interface Closable {
  readonly connections: ReadonlySet<Socket>;
  readonly closed: Promise<void>;
  stopListening(timeout?: number): void;
}

/** Ends what is left of a server once its time is up: of all that it was given, the shortest. */
export class LastCall {
  readonly #clock: Clock;
  readonly #end: () => void;
  #at: number;
  #wake: Wake | undefined;

  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.#end = end;
    this.#at = Infinity;
    this.#wake = undefined;
  }

  within(timeout: number): void {
    const at = this.#clock.now() + timeout;
    if (at >= this.#at) return;
    this.#wake?.cancel();
    this.#at = at;
    if (timeout === 0) this.#end();
    else this.#wake = wakeAtDeadline(this.#clock, at, this.#end);
  }

  /** Nothing is left, or will come. */
  cancel(): void {
    this.#at = -Infinity;
    this.#wake?.cancel();
  }
}

/**
 * Stops accepting, sends every connection a Close at once, and ends what is left when the time is up. Resolves when nothing
 * is left. Rejects for bad options, with nothing done.
 */
export async function closeGracefully(listener: Closable, given: ServerCloseOptions | undefined): Promise<void> {
  const { code, reason, timeout } = checkCloseOptions(given);
  const { connections, closed } = listener;
  each(connections, (socket) => socket.close(code, reason));
  listener.stopListening(timeout);
  const end = (): void => each([...connections], (socket) => socket.terminate());
  if (timeout === 0) end();
  // Any connection's clock will do: they are all the driver's.
  const [first] = connections;
  const wake = first && wakeAtDeadline(first.clock, first.clock.now() + timeout, end, 'server.close');
  await closed;
  wake?.cancel();
}
