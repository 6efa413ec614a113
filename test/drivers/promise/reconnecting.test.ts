/** Reconnecting over the in-memory network, whose clock moves when it is told to and whose jitter is seeded. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createNetwork,
  HandshakeError,
  type Network,
  type ReconnectOptions,
  type ReconnectState,
  WebSocketError,
} from '../../../drivers/pipe/index.ts';
import type { ServerOptions, WebSocket } from '../../../drivers/pipe/index.ts';

type Waiting = Extract<ReconnectState, { state: 'waiting' }>;

function onWaiting(tell: (wait: Waiting) => void): (state: ReconnectState) => void {
  return (state) => {
    if (state.state === 'waiting') tell(state);
  };
}

type Iteration = AsyncIterableIterator<WebSocket>;

const URL = 'ws://server/';

function serve(network: Network, options: Partial<ServerOptions> = {}) {
  const most = { open: 0, served: 0 };
  const listening = network.listen({ host: 'server', ...options }, async (ws) => {
    most.served++;
    most.open = Math.max(most.open, server!.connections.size);
    for await (const message of ws) await ws.send(message);
  });
  let server: Awaited<typeof listening> | undefined;
  return listening.then((it) => ((server = it), Object.assign(it, { most })));
}

/** Lets time pass until the promise has settled, an hour at most. */
async function wait<T>(network: Network, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const watched = promise.finally(() => (isSettled = true));
  watched.catch(() => {});
  for (let second = 0; second < 3600 && !isSettled; second++) await network.advance(1000);
  if (!isSettled) throw new Error('it never settled');
  return watched;
}

async function nextOf(network: Network, iteration: Iteration): Promise<WebSocket> {
  const { value, done } = await wait(network, iteration.next());
  expect(done).toBe(false);
  return value!;
}

describe('connections', () => {
  test('follow one another, and there is one at a time', async () => {
    const network = createNetwork();
    const server = await serve(network);
    const iteration = network.open.reconnecting(URL);
    for (let round = 0; round < 5; round++) {
      const ws = await nextOf(network, iteration);
      await ws.send('hello');
      expect(await ws.receive()).toBe('hello');
      if (round % 2 === 0) network.links[0].reset();
      else for (const each of server.connections) void each.close(1001);
      await ws.closed;
    }
    await wait(network, iteration.return!());
    expect(server.most).toEqual({ open: 1, served: 5 });
  });

  test('the one that was left open is closed before the next is opened', async () => {
    const network = createNetwork();
    const server = await serve(network);
    const iteration = network.open.reconnecting(URL);
    const first = await nextOf(network, iteration);
    const second = await nextOf(network, iteration);
    expect(await first.closed).toMatchObject({ code: 1000, clean: true });
    expect(second.state).toBe('open');
    expect(server.most).toEqual({ open: 1, served: 2 });
    await wait(network, iteration.return!());
  });

  test('several calls of next at once are served one after the other', async () => {
    const network = createNetwork();
    const server = await serve(network);
    const iteration = network.open.reconnecting(URL);
    const all = await wait(network, Promise.all([iteration.next(), iteration.next(), iteration.next()]));
    expect(all.map(({ value }) => value!.state)).toEqual(['closed', 'closed', 'open']);
    expect(server.most).toEqual({ open: 1, served: 3 });
    await wait(network, iteration.return!());
  });

  test('leaving the loop closes, and nothing is left', async () => {
    for (const leave of ['break', 'throw'] as const) {
      const network = createNetwork();
      await serve(network);
      let kept: WebSocket | undefined;
      const loop = async (): Promise<void> => {
        for await (const ws of network.open.reconnecting(URL)) {
          kept = ws;
          if (leave === 'throw') throw new Error('mine');
          break;
        }
      };
      const error = await wait(network, loop()).catch((error) => error);
      expect(error?.message).toBe(leave === 'throw' ? 'mine' : undefined);
      expect(await kept!.closed).toMatchObject({ code: 1000, clean: true });
      await network.advance(60_000);
      expect({ links: network.links.length, timers: network.clock.timers }).toEqual({ links: 0, timers: 0 });
    }
  });
});

describe('waits', () => {
  /** The waits of the first attempts while nobody listens. */
  async function delays(seed: number, options: ReconnectOptions = {}, attempts = 12): Promise<number[]> {
    const network = createNetwork({ seed });
    const found: number[] = [];
    const { signal } = new AbortController();
    const iteration = network.open.reconnecting(URL, {
      ...options,
      attempts,
      signal,
      onState: onWaiting(({ delay }) => found.push(delay)),
    });
    await expect(wait(network, iteration.next())).rejects.toThrow(HandshakeError);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    return found;
  }

  test('are random, up to a bound that doubles, up to a bound', async () => {
    const bounds = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30].map((seconds) => seconds * 1000);
    const samples = await Promise.all(Array.from({ length: 40 }, (_, seed) => delays(seed)));
    for (const [i, bound] of bounds.entries()) {
      const column = samples.map((sample) => sample[i]);
      expect(Math.min(...column)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...column)).toBeLessThan(bound);
      // Full jitter: from nothing to everything, not around the middle.
      expect(Math.min(...column)).toBeLessThan(bound * 0.25);
      expect(Math.max(...column)).toBeGreaterThan(bound * 0.75);
    }
  });

  test('are the same for the same seed', async () => {
    expect(await delays(7)).toEqual(await delays(7));
    expect(await delays(7)).not.toEqual(await delays(8));
  });

  test('are as long as they are said to be', async () => {
    const network = createNetwork();
    const times: number[] = [];
    const iteration = network.open.reconnecting(URL, {
      attempts: 5,
      onState: onWaiting(({ delay }) => times.push(network.clock.now() + delay)),
    });
    const attempts: number[] = [];
    const { connect } = network;
    network.connect = ((...args: Parameters<typeof connect>) => {
      attempts.push(network.clock.now());
      return connect.apply(network, args);
    }) as typeof connect;
    await expect(wait(network, iteration.next())).rejects.toThrow(HandshakeError);
    expect(attempts.slice(1)).toEqual(times);
  });

  test('start over after a connection that lived long, and not after one that did not', async () => {
    const network = createNetwork();
    await serve(network);
    const bounds: number[] = [];
    // It is how long a connection was there that counts, and not how late it is.
    await network.advance(60_000);
    const options = { baseDelay: 1000, maxDelay: 1e9, stableAfter: 10_000 };
    const iteration = network.open.reconnecting(URL, {
      ...options,
      onState: onWaiting(({ delay }) => bounds.push(delay)),
    });
    for (let round = 0; round < 6; round++) {
      const ws = await nextOf(network, iteration);
      network.links[0].reset();
      await ws.closed;
    }
    expect(bounds.some((delay) => delay > 1000)).toBe(true);
    const ws = await nextOf(network, iteration);
    await network.advance(10_000);
    network.links[0].reset();
    await ws.closed;
    bounds.length = 0;
    await nextOf(network, iteration);
    expect(bounds).toHaveLength(1);
    expect(bounds[0]).toBeLessThan(1000);
    await wait(network, iteration.return!());
  });

  test('are longer by what Retry-After asks for', async () => {
    const network = createNetwork();
    let refusals = 2;
    await serve(network, {
      authorize: () => (refusals-- > 0 ? { status: 503, headers: { 'Retry-After': '120' } } : true),
    });
    const waits: { delay: number; failures: number; error: unknown }[] = [];
    const iteration = network.open.reconnecting(URL, { onState: onWaiting((wait) => waits.push(wait)) });
    const ws = await nextOf(network, iteration);
    expect(waits.map(({ failures }) => failures)).toEqual([1, 2]);
    for (const { delay, error } of waits) {
      expect(delay).toBeGreaterThanOrEqual(120_000);
      expect(delay).toBeLessThan(122_000);
      expect((error as HandshakeError).response!.status).toBe(503);
    }
    expect(ws.state).toBe('open');
    await wait(network, iteration.return!());
  });

  test.each([
    ['90000', {}, 3_600_000],
    [`1${'0'.repeat(308)}`, {}, 3_600_000],
    ['90000', { maxRetryAfter: 60_000 }, 60_000],
    ['90000', { maxRetryAfter: false as const }, 90_000_000],
  ])('of a Retry-After of %s with %j are not longer than that allows', async (field, options, asked) => {
    const network = createNetwork();
    await serve(network, { authorize: () => ({ status: 503, headers: { 'Retry-After': field } }) });
    const waits: number[] = [];
    const onState = onWaiting(({ delay }) => waits.push(delay));
    const iteration = network.open.reconnecting(URL, { ...options, onState });
    const next = iteration.next();
    await network.advance(1000);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(asked);
    expect(waits[0]).toBeLessThan(asked + 1000);
    await wait(network, iteration.return!());
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('failures', () => {
  test.each([408, 429, 500, 503])('a %i is tried again', async (status) => {
    const network = createNetwork();
    let refusals = 1;
    await serve(network, { authorize: () => (refusals-- > 0 ? { status } : true) });
    const iteration = network.open.reconnecting(URL);
    expect((await nextOf(network, iteration)).state).toBe('open');
    await wait(network, iteration.return!());
  });

  test.each([400, 401, 403, 404, 501])('a %i is thrown at once, and ends it', async (status) => {
    const network = createNetwork();
    const server = await serve(network, { authorize: () => ({ status }) });
    const waits: unknown[] = [];
    const iteration = network.open.reconnecting(URL, { onState: onWaiting((wait) => waits.push(wait)) });
    const error: HandshakeError = await wait(network, iteration.next()).catch((error) => error);
    expect(error.response!.status).toBe(status);
    expect(waits).toEqual([]);
    expect(await iteration.next()).toEqual({ value: undefined, done: true });
    expect(server.most.served).toBe(0);
  });

  test('isFatal decides otherwise', async () => {
    const network = createNetwork();
    let refusals = 3;
    await serve(network, { authorize: () => refusals-- <= 0 });
    const isFatal = (error: WebSocketError): boolean => (error as HandshakeError).response?.status !== 403;
    const iteration = network.open.reconnecting(URL, { isFatal });
    expect((await nextOf(network, iteration)).state).toBe('open');
    await wait(network, iteration.return!());
    const other = network.open.reconnecting('ws://nobody/', { isFatal: () => true });
    await expect(wait(network, other.next())).rejects.toThrow(HandshakeError);
  });

  test('a time-out is tried again', async () => {
    const network = createNetwork();
    let silent = true;
    await serve(network, {
      handshakeTimeout: false,
      authorize: () => (silent ? new Promise<never>(() => {}) : true),
    });
    const errors: unknown[] = [];
    const iteration = network.open.reconnecting(URL, {
      onState: onWaiting(({ error }) => {
        errors.push(error);
        silent = false;
      }),
    });
    expect((await nextOf(network, iteration)).state).toBe('open');
    expect(errors).toMatchObject([{ name: 'TimeoutError' }]);
    await wait(network, iteration.return!());
  });

  test('an isFatal that gives a promise is told so, and no promise of it ends the process', async () => {
    const isFatal = (async () => Promise.reject(new Error('unheard'))) as never;
    const iteration = createNetwork().open.reconnecting(URL, { isFatal });
    await expect(iteration.next()).rejects.toThrow('isFatal must return a boolean, not a promise of one');
  });

  test('in a row, as many as attempts, throw the last; a connection makes them count anew', async () => {
    const network = createNetwork();
    let refusals = 2;
    await serve(network, { authorize: () => (refusals-- > 0 ? { status: 503 } : true) });
    const iteration = network.open.reconnecting(URL, { attempts: 3 });
    for (let round = 0; round < 3; round++) {
      await nextOf(network, iteration);
      refusals = 2;
    }
    refusals = 3;
    await expect(wait(network, iteration.next())).rejects.toMatchObject({ response: { status: 503 } });
    expect(refusals).toBe(0);
    expect(await iteration.next()).toEqual({ value: undefined, done: true });
  });

  test('of the caller are thrown, whatever isFatal says', async () => {
    const { open } = createNetwork();
    const isFatal = () => false;
    await expect(open.reconnecting('ws://server/#x', { isFatal }).next()).rejects.toThrow(SyntaxError);
    await expect(open.reconnecting(URL, { isFatal, sendLimit: -1 }).next()).rejects.toThrow(RangeError);
    for (const name of ['attempts', 'baseDelay', 'maxDelay', 'maxRetryAfter', 'stableAfter']) {
      expect(() => open.reconnecting(URL, { [name]: 0 })).toThrow(RangeError);
      expect(() => open.reconnecting(URL, { [name]: NaN })).toThrow(RangeError);
      expect(() => open.reconnecting(URL, { [name]: '1' })).toThrow(TypeError);
    }
    expect(() => open.reconnecting(URL, { attempts: false })).not.toThrow();
  });
});

describe('giving up', () => {
  const reason = new Error('enough');

  test('by the signal: before, while waiting, while opening, and while a connection is there', async () => {
    const states: string[] = [];
    const note = { onState: ({ state }: ReconnectState) => void states.push(state) };
    const before = createNetwork().open.reconnecting(URL, { signal: AbortSignal.abort(reason), ...note });
    await expect(before.next()).rejects.toBe(reason);
    expect(states).toEqual(['over']);

    for (const when of ['waiting', 'onState', 'opening', 'open'] as const) {
      const network = createNetwork();
      const controller = new AbortController();
      const { signal } = controller;
      if (when === 'opening') await serve(network, { authorize: () => new Promise(() => {}) });
      if (when === 'open') await serve(network);
      const onState = (told: ReconnectState) => {
        if (signal.aborted) states.push(told.state);
        if (when === 'onState' && told.state === 'waiting') controller.abort(reason);
      };
      states.length = 0;
      const iteration = network.open.reconnecting(URL, { signal, onState });
      let next: Promise<unknown> = iteration.next();
      next.catch(() => {});
      await network.settle();
      if (when === 'open') {
        const ws = ((await next) as IteratorResult<WebSocket>).value as WebSocket;
        expect(ws.state).toBe('open');
        controller.abort(reason);
        await network.settle();
        expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
        next = iteration.next();
      }
      controller.abort(reason);
      // At once, and with no attempt more.
      await expect(Promise.race([next, network.settle()])).rejects.toBe(reason);
      expect(states).toEqual(['over']);
      expect(await iteration.next()).toEqual({ value: undefined, done: true });
      await network.advance(60_000);
      expect(network.clock.timers).toBe(0);
    }
  });

  test('by return: while waiting, and while opening', async () => {
    for (const when of ['waiting', 'opening']) {
      const network = createNetwork();
      let accept: (value: boolean) => void = () => {};
      const server =
        when === 'opening'
          ? await serve(network, { authorize: () => new Promise<boolean>((resolve) => (accept = resolve)) })
          : undefined;
      const iteration = network.open.reconnecting(URL);
      const next = iteration.next();
      await network.settle();
      const left = iteration.return!();
      accept(true);
      await network.settle();
      expect(await next).toEqual({ value: undefined, done: true });
      expect(await left).toEqual({ value: undefined, done: true });
      await network.settle();
      expect(server?.connections.size ?? 0).toBe(0);
      expect(network.links).toEqual([]);
      expect(network.clock.timers).toBe(0);
    }
  });
});

describe('a return within onState ends the loop there:', () => {
  test.each(['connecting', 'open', 'waiting'] as const)('%s', async (when) => {
    const network = createNetwork();
    let asked = 0;
    const server = await serve(network, { authorize: () => (asked++, when !== 'waiting' || { status: 503 }) });
    let left: Promise<unknown> | undefined;
    const states: string[] = [];
    const iteration: Iteration = network.open.reconnecting(URL, {
      // So long that a test which lets a minute pass does not see the end of it.
      baseDelay: 1e9,
      maxDelay: 1e9,
      onState: ({ state }) => {
        states.push(state);
        if (state === when) left = iteration.return!();
      },
    });
    const next = iteration.next();
    await network.advance(60_000);
    expect(states).toEqual(['connecting', ...(when === 'connecting' ? [] : [when]), 'over']);
    // One that was open is given, as `onState` was told of it, and closed.
    expect((await next).value?.state).toBe(when === 'open' ? 'closed' : undefined);
    expect(await left).toEqual({ value: undefined, done: true });
    expect(asked).toBe(when === 'connecting' ? 0 : 1);
    expect(server.connections.size).toBe(0);
    expect({ links: network.links, timers: network.clock.timers }).toEqual({ links: [], timers: 0 });
  });
});

describe('an onState that throws ends the loop with that, and leaves no connection behind:', () => {
  test.each(['connecting', 'open', 'waiting', 'over'] as const)('%s', async (when) => {
    const network = createNetwork();
    const server = await serve(network);
    let error: Error | undefined;
    const iteration = network.open.reconnecting(URL, {
      onState: ({ state }) => {
        if (state === when) throw (error = new Error(`from ${state}`));
      },
    });
    const loop = (async () => {
      for await (const ws of iteration) {
        if (when === 'over') break;
        await ws.close();
      }
    })();
    await expect(wait(network, loop)).rejects.toThrow(`from ${when}`);
    await network.advance(1000);
    expect(error).toBeDefined();
    expect(server.connections.size).toBe(0);
    expect(iteration.connection).toBeUndefined();
    await expect(iteration.send('x', { wait: false })).rejects.toThrow('the loop over the connections is over');
  });
});
