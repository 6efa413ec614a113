/** The server half of the protocol of `sansocket/topics/client`, asked by hand; what a client makes of it is in client/client.test.ts. */
import { expect, test, vi } from 'vitest';
import { createNetwork, type Network, type WebSocket } from '../../../drivers/pipe/index.ts';
import {
  clientProtocol,
  createTopics,
  serveClient,
  type Topics,
  type TopicsOptions,
} from '../../../drivers/topics/index.ts';
import { collectGarbage } from '../../support/garbage.ts';

interface Served {
  readonly hub: Topics;
  readonly ws: WebSocket;
  readonly network: Network;
  /** Whether `serveClient` has returned. */
  readonly isOver: boolean;
  ask(request: unknown): Promise<unknown>;
  next(): Promise<unknown>;
}

async function served(options: TopicsOptions = {}, serving: Parameters<Network['listen']>[0] = {}): Promise<Served> {
  const network = createNetwork();
  const hub = createTopics({ clock: network.clock, ...clientProtocol, ...options });
  await hub.start();
  let isOver = false;
  await network.listen(serving, async (ws) => {
    await serveClient(hub, ws);
    isOver = true;
  });
  const ws = await network.open('ws://server/');
  const next = async (): Promise<unknown> => {
    await network.advance(10);
    return JSON.parse(await ws.receiveText());
  };
  const ask = async (request: unknown): Promise<unknown> => {
    await ws.send(typeof request === 'string' ? request : JSON.stringify(request));
    return next();
  };
  return {
    ...{ hub, ws, network, ask, next },
    get isOver() {
      return isOver;
    },
  };
}

test('subscribes, publishes, resumes and unsubscribes, each with its answer', async () => {
  const { hub, ask, next } = await served();
  const { position } = (await ask({ id: 1, subscribe: 'news', since: null })) as { position: string };
  expect(position).toBeTypeOf('string');
  const given = (await ask({ id: 2, publish: 'news', message: { a: [1] }, key: null })) as { position: string };
  const answers = [given, await next()];
  expect(answers).toContainEqual({ topic: 'news', message: { a: [1] }, position: expect.any(String) });
  expect(answers).toContainEqual({ done: 2, position: expect.any(String) });
  expect(await ask({ id: 3, unsubscribe: 'news' })).toEqual({ done: 3 });
  expect(hub.topics()).toEqual([]);
  expect(await ask({ id: 4, subscribe: 'news', since: position })).toMatchObject({ done: 4 });
  expect(await next()).toMatchObject({ topic: 'news', message: { a: [1] } });
});

test('tells what a client did wrong, and what the hub does not do, by its kind', async () => {
  const { ask } = await served({ authorize: (_ws, topic) => topic !== 'secret', limits: { message: 100 } });
  const bad = { kind: 'bad-request', message: expect.any(String) };
  for (const request of ['no JSON', '[]', 'null', {}, { subscribe: 7 }, { subscribe: '' }]) {
    expect(await ask(request)).toEqual({ error: bad });
  }
  expect(await ask({ id: 1, subscribe: 'news', since: 'nowhere' })).toEqual({ done: 1, error: bad });
  expect(await ask({ id: 2, publish: 'news' })).toEqual({ done: 2, error: bad });
  expect(await ask({ id: 3, publish: 'news', message: 1, key: 5 })).toEqual({ done: 3, error: bad });
  expect(await ask({ id: 4, publish: 'secret', message: 1 })).toMatchObject({ done: 4, error: { kind: 'denied' } });
  expect(await ask({ id: 5, publish: 'news', message: 'x'.repeat(200) })).toMatchObject({ done: 5, error: bad });
});

test('takes no id that is nested: read at any depth, it could not be written back', async () => {
  const { ask } = await served();
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  const error = { kind: 'bad-request', message: 'id must be a number or a string, not an array' };
  for (const request of [`{"id":${deep},"subscribe":"news"}`, { id: [1], subscribe: 'news' }]) {
    expect(await ask(request)).toEqual({ error });
  }
  // What else may be as deep is answered, and published where JSON is written without a stack (Node 26).
  for (const rest of ['"publish":"news","message":', '"subscribe":', '"publish":"news","message":1,"key":']) {
    expect(await ask(`{"id":"a",${rest}${deep}}`)).toMatchObject({ done: 'a' });
  }
});

test('tells of no error that is neither’s', async () => {
  const { hub, ask } = await served();
  hub.subscribe = () => Promise.reject(new Error('the password is 1234'));
  expect(await ask({ id: 1, subscribe: 'news' })).toEqual({
    done: 1,
    error: { kind: 'failed', message: 'the server could not do it' },
  });
});

test('tells a subscriber of what is no JSON as of a gap, and of none but that', async () => {
  const reported: unknown[] = [];
  const { hub, ask, next } = await served({ onError: (error) => void reported.push(error) });
  await ask({ id: 1, subscribe: 'news' });
  for (const message of ['{', Uint8Array.of(49)]) {
    await hub.publish('news', message);
    expect(await next()).toEqual({ topic: 'news', gap: 'frame' });
  }
  await hub.publish('news', '1');
  expect(await next()).toMatchObject({ topic: 'news', message: 1 });
  expect(reported.map((error) => (error as Error).name)).toEqual(['SyntaxError', 'TypeError']);
});

test('ends who sends bytes with 1003, and is over when the connection is', async () => {
  const one = await served();
  await one.ws.send(Uint8Array.of(1));
  await one.network.advance(10);
  expect(await one.ws.closed).toMatchObject({ code: 1003, reason: 'JSON, as text' });
  expect(one.isOver).toBe(true);
});

test('is over when the connection is, whatever is under way, and what had come by then is asked for', async () => {
  let asked = 0;
  // The first fifty are answered.
  const authorize = (): Promise<boolean> => new Promise((resolve) => void (asked++ < 50 && resolve(true)));
  const one = await served({ authorize });
  const { network, ws } = one;
  for (let i = 0; i < 160; i++) void ws.send(JSON.stringify({ id: i, publish: 'news', message: i }));
  await network.advance(10);
  expect({ asked, isOver: one.isOver }).toEqual({ asked: 150, isOver: false });
  void ws.close();
  await network.advance(60_000);
  expect({ asked, isOver: one.isOver }).toEqual({ asked: 160, isOver: true });
});

test('has no more under way than a megabyte and one, however few they are', async () => {
  const decide: ((may: boolean) => void)[] = [];
  const authorize = (): Promise<boolean> => new Promise((resolve) => void decide.push(resolve));
  const { network, ws } = await served({ authorize }, { receiveQueue: 1 });
  const message = 'x'.repeat(400_000);
  for (let i = 0; i < 6; i++) void ws.send(JSON.stringify({ id: i, publish: 'news', message }));
  await network.advance(1000);
  expect(decide).toHaveLength(3);
  decide[0](true);
  await network.advance(1000);
  expect(decide).toHaveLength(4);
  for (let i = 1; i < 6; i++) {
    decide[i](true);
    await network.advance(1000);
  }
  expect(decide).toHaveLength(6);
  await ws.close();
});

test('keeps nothing of what a request says, but its text, while the hub decides', async () => {
  let decide = (_may: boolean): void => {};
  const authorize = (): Promise<boolean> => new Promise((resolve) => (decide = resolve));
  const { network, ws } = await served({ authorize });
  const { parse } = JSON;
  let said: WeakRef<object> | undefined;
  const spy = vi.spyOn(JSON, 'parse').mockImplementation((text) => {
    const value = parse(text) as { message: object };
    said = new WeakRef(value.message);
    return value;
  });
  await ws.send('{"id":1,"publish":"news","message":["what it says"]}');
  await network.advance(10);
  spy.mockRestore();
  expect(await collectGarbage(said!)).toBe(true);
  decide(true);
  expect(await ws.receiveJson()).toMatchObject({ done: 1 });
  await ws.close();
});

test('wants a hub and a WebSocket', async () => {
  const { hub, ws } = await served();
  for (const none of [{}, undefined, ws]) {
    await expect(serveClient(none as Topics, ws)).rejects.toThrow('expected a hub, as createTopics makes them');
  }
  for (const none of [{}, undefined, hub]) {
    await expect(serveClient(hub, none as WebSocket)).rejects.toThrow('expected a WebSocket');
  }
});
