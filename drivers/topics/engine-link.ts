import type { Engine, EngineContext, EngineMessage, EngineSink, Page } from './engine.ts';
import { closed, EngineDownError, NOT_STARTED, TopicsError } from './errors.ts';
import type { HubMachine } from './hub/machine.ts';
import type { Fetch, Line } from './hub/line.ts';
import type { Outlet } from './outlets/outlet.ts';
import type { Place } from './position.ts';

/** How many requests for pages are under way at once; the others wait for their turn. */
const MOST_PAGES = 32;
/** How many topics are asked about at once, and how many such questions are under way: a heartbeat is not to wait behind a million topics. */
const MOST_HEADS = 1000;
const MOST_QUESTIONS = 8;
/** A page for a single subscriber: as much as it may take before it has to drain again. */
const SMALL_PAGE = 128;

type HubFetch = Fetch<Outlet>;

/** Engines that are some hub's: they know one sink, and a second hub would take it from the first. */
const taken = new WeakSet<Engine>();

/** Puts the machine's questions to the engine, and the answers, as far as they make sense, to the machine. */
export class EngineLink {
  readonly #engine: Engine;
  readonly #machine: HubMachine<Outlet>;
  readonly #pageSize: number;
  readonly #onError: (error: unknown) => void;
  /** Questions about the newest message, until the end of this turn at least. */
  readonly #heads: Set<HubFetch>;
  #questions: number;
  /** Questions for pages that wait for their turn: at most one a line and one a socket. */
  readonly #waiting: Set<HubFetch>;
  #pages: number;
  #state: 'new' | 'starting' | 'started';
  #isClosed: boolean;
  /** Why it is down, as it said last. */
  #reason: Error | undefined;

  constructor(engine: Engine, machine: HubMachine<Outlet>, pageSize: number, onError: (error: unknown) => void) {
    this.#engine = engine;
    this.#machine = machine;
    this.#pageSize = pageSize;
    this.#onError = onError;
    this.#heads = new Set();
    this.#questions = 0;
    this.#waiting = new Set();
    this.#pages = 0;
    this.#state = 'new';
    this.#isClosed = false;
    this.#reason = undefined;
  }

  /** What those are told who want something of it while it is down. */
  get downError(): EngineDownError {
    return new EngineDownError(this.#state === 'new' ? NOT_STARTED : 'the engine is down', { cause: this.#reason });
  }

  /**
   * Rejects with an EngineDownError when the engine can't be had, with a TopicsError when `close` was called meanwhile, and with a
   * TypeError when it is another hub's.
   */
  async start(sink: EngineSink, context: EngineContext): Promise<void> {
    if (taken.has(this.#engine)) {
      throw new TypeError('an engine is one hub’s until that has closed: make one for each hub');
    }
    taken.add(this.#engine);
    this.#state = 'starting';
    try {
      const down = (reason: Error): void => {
        this.#reason = reason;
        sink.down(reason);
      };
      await this.#engine.start({ ...sink, down }, context);
      this.#state = 'started';
      // What was not there yet could not be closed.
      if (this.#isClosed) await this.close();
    } catch (error) {
      this.#state = 'new';
      taken.delete(this.#engine);
      if (!this.#isClosed)
        throw error instanceof TopicsError ? error : new EngineDownError('the engine did not start', { cause: error });
    }
    if (this.#isClosed) throw closed();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#state === 'new') return;
    await this.#engine.close();
    if (this.#state === 'started') taken.delete(this.#engine);
  }

  open(line: Line<Outlet>): void {
    this.#ask(
      () => this.#engine.subscribe(line.topic),
      () => this.#machine.opened(line),
      (error) => this.#machine.refused(line, error),
    );
  }

  shut(line: Line<Outlet>): void {
    try {
      this.#engine.unsubscribe(line.topic);
    } catch (error) {
      this.#onError(error);
    }
  }

  fetch(request: HubFetch): void {
    if (request.isHead) {
      if (this.#heads.size === 0) void Promise.resolve().then(() => this.#askHeads());
      this.#heads.add(request);
      return;
    }
    this.#waiting.add(request);
    this.#askPages();
  }

  #askHeads(): void {
    while (this.#heads.size > 0 && this.#questions < MOST_QUESTIONS) {
      const some: HubFetch[] = [];
      for (const request of this.#heads) {
        if (some.length === MOST_HEADS) break;
        this.#heads.delete(request);
        // An outage may have come in between.
        if (request.line.asked === request) some.push(request);
      }
      if (some.length > 0) this.#askSomeHeads(some);
    }
  }

  #askSomeHeads(requests: readonly HubFetch[]): void {
    const topics = requests.map(({ line }) => line.topic);
    const ask =
      this.#engine.heads?.bind(this.#engine) ??
      ((names: readonly string[]) =>
        Promise.all(names.map(async (name) => (await this.#engine.history!(name, undefined, 1)).position)));
    this.#questions++;
    const done = (): void => {
      this.#questions--;
      this.#askHeads();
    };
    this.#ask(
      () => ask(topics),
      (places) => {
        done();
        requests.forEach((request, i) => {
          if (isPlace(places[i])) this.#machine.answeredHead(request, places[i]);
          else this.#machine.failed(request);
        });
      },
      () => {
        done();
        for (const request of requests) this.#machine.failed(request);
      },
    );
  }

  #askPages(): void {
    for (const request of this.#waiting) {
      if (this.#pages >= MOST_PAGES) return;
      this.#waiting.delete(request);
      this.#pages++;
      this.#askPage(request);
    }
  }

  #askPage(request: HubFetch): void {
    const { line, subscription, since } = request;
    const limit = subscription === undefined ? this.#pageSize : Math.min(this.#pageSize, SMALL_PAGE);
    const done = (): void => {
      this.#pages--;
      this.#askPages();
    };
    this.#ask(
      () => this.#engine.history!(line.topic, since, limit),
      (page) => {
        const checked = checkedPage(page, line.topic);
        if (checked === undefined) this.#machine.failed(request);
        else this.#machine.answered(request, checked);
        done();
      },
      () => {
        this.#machine.failed(request);
        done();
      },
    );
  }

  /** Calls an engine that may throw as well as reject, and reports what goes wrong here. */
  #ask<T>(call: () => Promise<T>, then: (result: T) => void, failed: (error: unknown) => void): void {
    new Promise<T>((resolve) => resolve(call())).then(then, failed).catch(this.#onError);
  }
}

function isPlace(place: Place | undefined): place is Place {
  if (typeof place !== 'object' || place === null) return false;
  const { epoch, offset, stamp } = place;
  return typeof epoch === 'string' && epoch !== '' && Number.isSafeInteger(offset) && typeof stamp === 'string';
}

/** Whether this is a message that can be given out. An engine carries what others have written to it. */
export function isMessage(message: EngineMessage, hasPlaces: boolean): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { topic, data, previous, offset } = message;
  if (typeof topic !== 'string' || !(typeof data === 'string' || data instanceof Uint8Array)) return false;
  return !hasPlaces || (isPlace(message) && Number.isSafeInteger(previous) && previous >= 0 && previous < offset);
}

/** A page in which everything is in order: what is not is left out, and without its position it is none. */
function checkedPage(page: Page, topic: string): Page | undefined {
  if (typeof page !== 'object' || page === null || !isPlace(page.position) || !Array.isArray(page.messages)) {
    return undefined;
  }
  const messages: EngineMessage[] = [];
  let offset = -1;
  for (const message of page.messages) {
    if (!isMessage(message, true) || message.topic !== topic || message.offset <= offset) continue;
    if (message.epoch !== page.position.epoch) continue;
    messages.push(message);
    offset = message.offset;
  }
  return { messages, hole: page.hole, more: page.more === true && messages.length > 0, position: page.position };
}
