/** `onState`, `connection` and `send` of `open.reconnecting`, over the in-memory network. */
import { describe, expect, test } from 'vitest';
import {
  createNetwork,
  type Network,
  type Reconnecting,
  type ReconnectState,
  type Server,
} from '../../../drivers/pipe/index.ts';

const URL = 'ws://server/';

/** A server that keeps what it gets, and the states that a client of it goes through. */
async function setup(options: { sendLimit?: number | false; signal?: AbortSignal } = {}) {
  const network = createNetwork();
  const received: unknown[] = [];
  const states: ReconnectState[] = [];
  const listen = (): Promise<Server> =>
    network.listen({ host: 'server' }, async (ws) => {
      for await (const message of ws) received.push(message);
    });
  const connections = network.open.reconnecting(URL, { ...options, onState: (state) => states.push(state) });
  return { network, listen, connections, received, states };
}

/** Iterates, leaving each connection when it has ended, until the loop is told to end. */
async function run(connections: Reconnecting): Promise<void> {
  for await (const ws of connections) await ws.closed;
}

/** Lets time pass until the promise has settled, an hour at most. */
async function wait<T>(network: Network, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const watched = promise.finally(() => (isSettled = true));
  watched.catch(() => {});
  for (let second = 0; second < 3600 && !isSettled; second++) await network.advance(1000);
  expect(isSettled).toBe(true);
  return watched;
}

describe('onState', () => {
  test('tells of attempts, connections, waits with their reasons, and the end', async () => {
    const { network, listen, connections, states } = await setup();
    const first = connections.next();
    await network.settle();
    const server = await listen();
    const { value: ws } = await wait(network, first);
    for (const each of server.connections) void each.close(1012, 'restart');
    await ws!.closed;
    await wait(network, server.close() as Promise<unknown>);
    const second = connections.next();
    await network.advance(1000);
    await listen();
    await wait(network, second);
    expect(connections.toJSON()).toEqual({ state: 'open', failures: 0, connection: connections.connection });
    await wait(network, connections.return!());
    expect(states).toEqual([
      { state: 'connecting', failures: 0 },
      {
        ...{ state: 'waiting', delay: expect.any(Number), failures: 1, closed: undefined },
        error: expect.objectContaining({ kind: 'connect' }),
      },
      { state: 'connecting', failures: 1 },
      { state: 'open', connection: ws },
      {
        ...{ state: 'waiting', delay: expect.any(Number), failures: 0, error: undefined },
        closed: expect.objectContaining({ code: 1012, reason: 'restart' }),
      },
      { state: 'connecting', failures: 0 },
      {
        ...{ state: 'waiting', delay: expect.any(Number), failures: 1, closed: undefined },
        error: expect.objectContaining({ kind: 'connect' }),
      },
      { state: 'connecting', failures: 1 },
      { state: 'open', connection: expect.anything() },
      { state: 'over', error: undefined },
    ]);
    expect(await connections.return!()).toEqual({ value: undefined, done: true });
    expect(states.filter(({ state }) => state === 'over').length).toBe(1);
  });

  test('tells of the error that the loop ends with', async () => {
    const controller = new AbortController();
    const { network, connections, states } = await setup({ signal: controller.signal });
    const next = connections.next();
    await network.settle();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(wait(network, next)).rejects.toBe(reason);
    expect(states.at(-1)).toEqual({ state: 'over', error: reason });
  });
});

describe('send', () => {
  test('waits for the first connection and for the next, and keeps the order', async () => {
    const { network, listen, connections, received } = await setup();
    const all = [connections.send('one'), connections.send(['t', 'w', 'o'])];
    expect(connections.connection).toBe(undefined);
    void run(connections);
    await listen();
    await wait(network, Promise.all(all));
    expect(connections.connection!.state).toBe('open');
    await connections.send('three');
    await network.settle();
    expect(received).toEqual(['one', 'two', 'three']);

    network.links[0]!.reset();
    await network.settle();
    expect(connections.connection).toBe(undefined);
    const later = [connections.send('four'), connections.send(new Uint8Array([5]))];
    await wait(network, Promise.all(later));
    await network.settle();
    expect(received).toEqual(['one', 'two', 'three', 'four', new Uint8Array([5])]);
    await wait(network, connections.return!() as Promise<unknown>);
  });

  test('refuses where it is told not to wait', async () => {
    const { network, listen, connections } = await setup();
    const error = await connections.send('now', { wait: false }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'InvalidStateError', kind: 'invalid-state' });
    await listen();
    await wait(network, connections.next());
    await connections.send('now', { wait: false });
    await wait(network, connections.return!() as Promise<unknown>);
  });

  test('gives up by its timeout or its signal, and the others go on', async () => {
    const { network, listen, connections, received } = await setup();
    const controller = new AbortController();
    const late = connections.send('late', { timeout: 500 }).catch((error: unknown) => error);
    const aborted = connections.send('aborted', { signal: controller.signal }).catch((error: unknown) => error);
    const patient = connections.send('patient', { timeout: 5000 });
    controller.abort('never mind');
    expect(await aborted).toBe('never mind');
    await network.advance(500);
    const text = 'not sent: no connection opened within 500 ms';
    expect(await late).toMatchObject({ name: 'WaitTimeoutError', timeout: 500, message: text });
    await listen();
    await network.settle();
    void run(connections);
    await wait(network, patient);
    await network.settle();
    expect(received).toEqual(['patient']);
    await wait(network, connections.return!() as Promise<unknown>);
    await network.settle();
    expect(network.clock.timers).toBe(0);
    await expect(connections.send('x', { signal: AbortSignal.abort('before') })).rejects.toBe('before');
  });

  test('holds no more than sendLimit, empty messages included', async () => {
    const { connections } = await setup({ sendLimit: 1000 });
    const sends = Array.from({ length: 20 }, () => connections.send(''));
    const errors = await Promise.all(sends.slice(7).map((sending) => sending.catch((error: unknown) => error)));
    expect(errors).toMatchObject(Array(13).fill({ name: 'ConnectionLostError', kind: 'send-limit' }));
    await connections.return!();
    for (const sending of sends.slice(0, 7)) await expect(sending).rejects.toMatchObject({ kind: 'invalid-state' });
  });

  test('holds 16 MiB where it is told nothing else, and anything where it is told false', async () => {
    const all = 'x'.repeat(16 * 1024 * 1024);
    const { connections } = await setup();
    await expect(connections.send(all)).rejects.toMatchObject({ kind: 'send-limit' });
    const { connections: unbounded } = await setup({ sendLimit: false });
    const sending = unbounded.send(all);
    await unbounded.return!();
    await expect(sending).rejects.toMatchObject({ kind: 'invalid-state' });
  });

  test('has room again for what is given up, and once what waited has gone', async () => {
    const { network, listen, connections } = await setup({ sendLimit: 1000 });
    const kindOf = (sending: Promise<void>) => sending.then(String, ({ kind }: { kind: string }) => kind);
    const controller = new AbortController();
    const all = 'x'.repeat(1000 - 128);
    const given = connections.send(all, { signal: controller.signal });
    expect(await kindOf(connections.send(''))).toBe('send-limit');
    controller.abort('never mind');
    await expect(given).rejects.toBe('never mind');
    const second = connections.send(all);
    expect(await kindOf(connections.send(''))).toBe('send-limit');
    await listen();
    const { value: ws } = await wait(network, connections.next());
    await wait(network, second);
    ws!.terminate();
    await ws!.closed;
    const third = kindOf(connections.send(all));
    await connections.return!();
    expect(await third).toBe('invalid-state');
  });

  test('rejects with what the loop ends with, and once it is over', async () => {
    const { network, listen, connections } = await setup();
    await listen();
    const controller = new AbortController();
    const other = network.open.reconnecting('ws://nobody/', { attempts: 1, signal: controller.signal });
    const sending = other.send('x').catch((error: unknown) => error);
    const ended = await wait(network, other.next()).catch((error: unknown) => error);
    const told = { kind: 'invalid-state', cause: ended };
    expect(await sending).toMatchObject(told);
    await expect(other.send('y')).rejects.toMatchObject(told);
    await connections.return!();
    await expect(connections.send('z')).rejects.toThrow('not sent: the loop over the connections is over');
  });

  test('what is no message, and options that are none, are the caller’s fault', async () => {
    const { connections } = await setup();
    await expect(connections.send(5 as never)).rejects.toThrow('not the number 5: String(it)');
    await expect(connections.send(['a', new Uint8Array(1)])).rejects.toThrow(TypeError);
    await expect(connections.send('x', { waits: false } as never)).rejects.toThrow('did you mean wait?');
    await expect(connections.send('x', { timeout: -1 })).rejects.toThrow(RangeError);
  });
});
