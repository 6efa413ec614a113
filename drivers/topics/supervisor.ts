import type { Clock, Wake } from '../clock.ts';
import { EngineDownError, OutcomeUnknownError } from './errors.ts';

/** What a supervisor is given of an engine. */
export interface Supervised<Link> {
  readonly clock: Clock;
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number;
  random(): number;
  /**
   * Makes a link, with everything subscribed. `lost` says that it is of no use any more, as often as it likes; `signal` fires when
   * nobody waits for it any more: whatever was opened for it is to be ended then.
   */
  dial(lost: (reason: Error) => void, signal: AbortSignal): Promise<Link>;
  /** Whether an attempt has failed because the engine is about to be there: then the next follows soon. */
  isStarting?(reason: Error): boolean;
  /** Ends a link, whatever state it is in. Must not throw. */
  end(link: Link): void;
  /** Sends a heartbeat, which comes round by `beat`. */
  sendBeat(link: Link): Promise<unknown>;
  up(): void;
  /** The link was lost, or another attempt has failed. */
  down(reason: Error): void;
}

/** Waits between two attempts, in milliseconds. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2000;
/** Heartbeats that an attempt may take in which nothing is heard, and at least so many milliseconds. */
const PATIENCE = 5;
const LEAST_PATIENCE = 3000;

/**
 * Keeps a link to an engine: dials, throws it away at any trouble, and dials again; beats, and takes a link whose beats don't
 * come round for a lost one. Nothing is queued: what was under way when a link is lost is of unknown outcome.
 */
export class Supervisor<Link> {
  readonly #of: Supervised<Link>;
  #link: Link | undefined;
  /** Counts the links: what an old one says means nothing. */
  #count: number;
  /** When something came last that the engine sends by itself, and when it answered last: it takes both to be there. */
  #heardAt: number;
  #answeredAt: number;
  #wait: number;
  #wake: Wake | undefined;
  /** The attempt that is being made. */
  #dialing: AbortController | undefined;
  #isClosed: boolean;
  readonly #underWay: Set<(error: Error) => void>;

  constructor(supervised: Supervised<Link>) {
    this.#of = supervised;
    this.#link = undefined;
    this.#count = 0;
    this.#heardAt = 0;
    this.#answeredAt = 0;
    this.#wait = FIRST_WAIT;
    this.#wake = undefined;
    this.#dialing = undefined;
    this.#isClosed = false;
    this.#underWay = new Set();
  }

  /** The link there is, while there is one. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** The first attempt: it rejects when that fails, and is not repeated then. */
  async start(): Promise<void> {
    this.#isClosed = false;
    const reason = await this.#attempt();
    if (reason === undefined) return;
    this.#isClosed = true;
    throw reason;
  }

  /** Something has come that the engine sends by itself, a heartbeat at least; or, of an attempt, that it goes on. */
  heard(): void {
    this.#heardAt = this.#of.clock.now();
  }

  /** Does something over the link. Rejects with what it rejects with, or when the link is lost or not there. */
  call<T>(work: (link: Link) => Promise<T>): Promise<T> {
    const link = this.#link;
    if (link === undefined) return Promise.reject(new EngineDownError('the engine is down'));
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      new Promise<T>((settle) => settle(work(link))).then(resolve, reject).finally(() => this.#underWay.delete(reject));
    });
  }

  /** The link is of no use any more. */
  lose(reason: Error): void {
    this.#lose(this.#count, reason);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.cancel();
    this.#dialing?.abort();
    this.#drop(new Error('closed'));
  }

  #lose(count: number, reason: Error): void {
    if (count !== this.#count || this.#link === undefined) return;
    this.#drop(reason);
    this.#of.down(reason);
    this.#redial();
  }

  #drop(reason: Error): void {
    const link = this.#link;
    this.#link = undefined;
    this.#count++;
    this.#wake?.cancel();
    if (link !== undefined) this.#of.end(link);
    const lost = new OutcomeUnknownError('the engine was lost before it answered', { cause: reason });
    for (const reject of this.#underWay) reject(lost);
    this.#underWay.clear();
  }

  #redial(): void {
    if (this.#isClosed) return;
    const { clock, random } = this.#of;
    const wait = this.#wait * (0.5 + random() / 2);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    this.#wake = clock.wakeAt(clock.now() + wait, () => {
      void this.#attempt().then((reason) => {
        if (reason === undefined || this.#isClosed) return;
        this.#of.down(reason);
        if (this.#of.isStarting?.(reason) === true) this.#wait = FIRST_WAIT;
        this.#redial();
      });
    });
  }

  /** Resolves to why it failed, if it did. */
  async #attempt(): Promise<Error | undefined> {
    const count = ++this.#count;
    const { clock, heartbeat } = this.#of;
    const attempt = (this.#dialing = new AbortController());
    const { signal } = attempt;
    const lost = (reason: Error): void => {
      attempt.abort();
      this.#lose(count, reason);
    };
    const dialing = this.#of.dial(lost, signal);
    const patience = Math.max(PATIENCE * heartbeat, LEAST_PATIENCE);
    this.#heardAt = clock.now();
    const link = await new Promise<Link | Error>((resolve) => {
      let late: Wake;
      const wait = (): void => {
        late = clock.wakeAt(this.#heardAt + patience, () => {
          if (clock.now() - this.#heardAt < patience) wait();
          else resolve(new Error('no answer in time'));
        });
      };
      wait();
      dialing.then(resolve, (error: unknown) => resolve(error as Error)).finally(() => late.cancel());
    });
    this.#dialing = undefined;
    if (link instanceof Error || signal.aborted || this.#isClosed || count !== this.#count) {
      // It may yet be there, when nobody waits for it any more.
      attempt.abort();
      dialing.then((late) => this.#of.end(late)).catch(() => {});
      return link instanceof Error ? link : new Error('lost at once');
    }
    this.#link = link;
    this.#wait = FIRST_WAIT;
    this.#heardAt = this.#answeredAt = clock.now();
    this.#of.up();
    this.#tick();
    return undefined;
  }

  #tick(): void {
    const link = this.#link;
    if (link === undefined) return;
    const { clock, heartbeat } = this.#of;
    const now = clock.now();
    this.call((there) => this.#of.sendBeat(there)).then(
      () => (this.#answeredAt = clock.now()),
      (error: unknown) => {
        if (link === this.#link) this.lose(error as Error);
      },
    );
    const last = this.#lastSign;
    if (now - last < 1.9 * heartbeat) {
      this.#wake = clock.wakeAt(now + heartbeat, () => this.#tick());
      return;
    }
    // The loop may have stood still: what has come by now is read before it is judged.
    this.#wake = clock.wakeAt(now + heartbeat / 4, () => {
      if (this.#lastSign === last) this.lose(new Error(`nothing was heard for ${Math.round(clock.now() - last)} ms`));
      else this.#tick();
    });
  }

  get #lastSign(): number {
    return Math.min(this.#heardAt, this.#answeredAt);
  }
}
