import { isBytes, isLate, toBytes } from '../../protocol/internal.ts';
import { callOut, complain } from './callbacks.ts';
import { diagnostics } from './diagnostics.ts';
import type { EngineLink } from './engine-link.ts';
import { TopicsError } from './errors.ts';
import type { Delivery, Fetch, Line, MachineGap, Member, Subscription } from './hub/line.ts';
import { type HubOutput, Sent } from './hub/output.ts';
import type { Meter } from './metrics.ts';
import type { Gap, TopicsObserver, TopicsOptions } from './options.ts';
import type { Subscriber } from './outlets/index.ts';
import { Outgoing, type Outlet, Tap } from './outlets/outlet.ts';
import { formatPosition, type Place, type Position } from './position.ts';
import type { Subscribed } from './results.ts';

interface Waiter {
  resolve(subscribed: Subscribed): void;
  reject(error: unknown): void;
}

/** What the machine decides, done: on sockets, on the engine, and to whoever waits for a subscription to begin. */
export class Output implements HubOutput<Outlet> {
  link: EngineLink | undefined;
  readonly #options: TopicsOptions;
  readonly #meter: Meter;
  readonly #waiters: Map<Member<Outlet>, Map<string, Waiter[]>>;
  /** The most that wait for one subscription. */
  readonly #mostWaiters: number;

  constructor(options: TopicsOptions, meter: Meter, mostWaiters: number) {
    this.link = undefined;
    this.#options = options;
    this.#meter = meter;
    this.#waiters = new Map();
    this.#mostWaiters = mostWaiters;
  }

  /** Somebody waits until this subscription has begun. Throws a TopicsError of kind `'limit'` when too many do. */
  expect(member: Member<Outlet>, topic: string, resolve: Waiter['resolve'], reject: Waiter['reject']): void {
    const byTopic = this.#waiters.get(member) ?? new Map<string, Waiter[]>();
    this.#waiters.set(member, byTopic);
    const waiters = byTopic.get(topic) ?? [];
    byTopic.set(topic, waiters);
    if (waiters.length >= this.#mostWaiters) throw new TopicsError('limit', 'too many wait for this subscription');
    waiters.push({ resolve, reject });
  }

  isAwaited({ member, line }: Subscription<Outlet>): boolean {
    return this.#waiters.get(member)?.has(line.topic) === true;
  }

  open(line: Line<Outlet>): void {
    this.link!.open(line);
  }

  shut(line: Line<Outlet>): void {
    this.link!.shut(line);
  }

  fetch(request: Fetch<Outlet>): void {
    this.link!.fetch(request);
  }

  deliver(subscription: Subscription<Outlet>, message: Delivery): Sent {
    const { owner } = subscription.member;
    if (owner instanceof Tap) {
      owner.message(message);
      return Sent.TAPPED;
    }
    if (message.frame === undefined) {
      message.frame = this.#frame(message);
      // By what `frame` has called.
      if (subscription.isOver) return Sent.ENDED;
    }
    const outgoing = message.frame as Outgoing | typeof BAD;
    if (outgoing !== BAD) {
      try {
        return owner.send(outgoing);
      } catch (error) {
        // What a socket of somebody else's throws is its own affair: all others get theirs.
        this.report(error);
      }
    }
    const place = message.epoch === '' ? undefined : message;
    this.#meter.gap('frame');
    this.gap(subscription, { reason: 'frame', last: place, next: undefined });
    return Sent.MORE;
  }

  gap({ member, line }: Subscription<Outlet>, gap: MachineGap): boolean {
    if (member.owner instanceof Tap) {
      member.owner.gap();
      return false;
    }
    const told: Gap = { reason: gap.reason, last: textOf(gap.last), next: textOf(gap.next) };
    const ws = member.owner.ws as Subscriber;
    const { onGap } = this.#options;
    if (onGap !== undefined) this.#call(() => onGap.call(this.#options, ws, line.topic, told));
    this.observe((observer) => observer.onGap?.({ ws, topic: line.topic, gap: told }));
    return true;
  }

  began({ member, line, lag }: Subscription<Outlet>): void {
    const position = textOf(lag?.place ?? line.place);
    for (const { resolve } of this.#take(member, line.topic)) resolve({ position });
  }

  failed({ member, line }: Subscription<Outlet>, error: unknown): void {
    for (const { reject } of this.#take(member, line.topic)) reject(error);
  }

  /** The socket has ended. */
  left(member: Member<Outlet>, error: TopicsError): void {
    for (const topic of [...(this.#waiters.get(member)?.keys() ?? [])]) {
      for (const { reject } of this.#take(member, topic)) reject(error);
    }
  }

  end({ owner }: Member<Outlet>): void {
    this.#call(() => owner.terminate(new TopicsError('limit', 'it was too slow for its topics')));
  }

  observe(tell: (observer: TopicsObserver) => void): void {
    const { observer } = this.#options;
    tell(diagnostics);
    if (observer !== undefined) this.#call(() => tell(observer));
  }

  /** Something of the user's has failed. */
  report(error: unknown): void {
    const { onError } = this.#options;
    try {
      if (onError !== undefined) onError(error);
      else complain(error);
    } catch {
      // There is nobody left to tell.
    }
  }

  #take(member: Member<Outlet>, topic: string): Waiter[] {
    const byTopic = this.#waiters.get(member);
    const waiters = byTopic?.get(topic) ?? [];
    byTopic?.delete(topic);
    if (byTopic?.size === 0) this.#waiters.delete(member);
    return waiters;
  }

  #frame(message: Delivery): Outgoing | typeof BAD {
    const { frame } = this.#options;
    let { data } = message;
    try {
      if (frame !== undefined) {
        const position = message.epoch === '' ? undefined : formatPosition(message);
        data = frame.call(this.#options, message.topic, data, position);
        if (isLate(data)) throw new TypeError('frame must return a string or bytes, not a promise of them');
        if (typeof data !== 'string' && !isBytes(data)) throw new TypeError('frame must return a string or bytes');
      }
      // Bytes whose memory somebody has taken meanwhile throw here, before any socket is asked.
      return new Outgoing(typeof data === 'string' ? data : toBytes(data), message.compress);
    } catch (error) {
      this.report(error);
      return BAD;
    }
  }

  /** What it throws, now or in a promise, goes to `onError`. */
  #call(callback: () => unknown): void {
    callOut(callback, (error) => this.report(error));
  }
}

/** What a message has become whose frame could not be made. */
const BAD: unique symbol = Symbol('bad frame');

function textOf(place: Place | undefined): Position | undefined {
  return place === undefined || place.epoch === '' ? undefined : formatPosition(place);
}
