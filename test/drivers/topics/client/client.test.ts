/** The client over connections that break, at nodes that change, with the server half of its protocol. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createNetwork, type Network } from '../../../../drivers/pipe/index.ts';
import { topicsClient, type TopicsClient } from '../../../../drivers/topics/client/index.ts';
import {
  clientProtocol,
  createTopics,
  serveClient,
  type Topics,
  type TopicsOptions,
} from '../../../../drivers/topics/index.ts';
import { Broker } from '../broker.ts';

interface World {
  readonly network: Network;
  readonly broker: Broker;
  readonly hubs: Topics[];
  readonly client: TopicsClient;
  readonly heard: unknown[];
  /** Ends the connection there is; the next one is to the next node. */
  lose(): void;
}

/** Two nodes, and a client that takes turns between them. */
async function world(options: TopicsOptions = {}): Promise<World> {
  const network = createNetwork();
  const broker = new Broker(network.clock);
  const hubs: Topics[] = [];
  let next = 0;
  for (let i = 0; i < 2; i++) {
    const hub = createTopics({ engine: broker.engine(), clock: network.clock, ...clientProtocol, ...options });
    await hub.start();
    hubs.push(hub);
  }
  await network.listen({ host: 'server' }, (ws) => serveClient(hubs[next++ % 2]!, ws));
  const heard: unknown[] = [];
  const client = topicsClient(network.open.reconnecting('ws://server', { baseDelay: 10 }), {
    onGap: (topic, gap) => void heard.push({ topic, ...gap }),
  });
  await network.advance(100);
  return { network, broker, hubs, client, heard, lose: () => network.links[0]!.reset() };
}

async function soon<T>({ network }: World, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await network.advance(50);
  return promise;
}

describe('the client of topics', () => {
  test('hears what is published, by itself too, in order', async () => {
    const all = await world();
    const { client, hubs, heard } = all;
    await soon(
      all,
      client.subscribe('news', (message) => void heard.push(message)),
    );
    await soon(all, client.publish('news', { text: 'hello' }));
    await soon(all, hubs[1]!.publish('news', '"from the server"'));
    expect(heard).toEqual([{ text: 'hello' }, 'from the server']);
  });

  test('resumes at another node with its position: nothing missing, nothing twice', async () => {
    const all = await world();
    const { client, hubs, heard, network, lose } = all;
    await soon(
      all,
      client.subscribe('news', (message) => void heard.push(message)),
    );
    for (let i = 0; i < 30; i++) {
      await soon(all, hubs[i % 2]!.publish('news', String(i)));
      if (i % 7 === 3) {
        lose();
        await soon(all, hubs[0]!.publish('news', String(i + 0.5)));
        await network.advance(5000);
      }
    }
    const expected = Array.from({ length: 30 }, (_, i) => (i % 7 === 3 ? [i, i + 0.5] : [i])).flat();
    expect(heard).toEqual(expected);
    expect(hubs.map((hub) => hub.metrics.subscriptions).sort()).toEqual([0, 1]);
  });

  test('an idle subscription resumes where it began', async () => {
    const all = await world();
    const { client, hubs, heard, network, lose } = all;
    await soon(
      all,
      client.subscribe('news', (message) => void heard.push(message)),
    );
    lose();
    await soon(all, hubs[0]!.publish('news', '1'));
    await network.advance(5000);
    expect(heard).toEqual([1]);
  });

  test('hears of a gap before what follows it', async () => {
    const all = await world();
    const { client, hubs, heard, network, lose, broker } = all;
    await soon(
      all,
      client.subscribe('news', (message) => void heard.push(message)),
    );
    await soon(all, hubs[0]!.publish('news', '1'));
    broker.history = 1;
    lose();
    const publishing = ['2', '3', '4'].map((text) => hubs[0]!.publish('news', text));
    await network.advance(5000);
    await Promise.all(publishing);
    expect(heard).toEqual([1, { topic: 'news', reason: 'trimmed' }, 4]);
  });

  test('is told what is refused, and why', async () => {
    const all = await world({ authorize: (_ws, topic) => topic !== 'secret' });
    const { client } = all;
    const kind = (error: { kind: string }): string => error.kind;
    expect(await soon(all, client.subscribe('secret', () => {}).catch(kind))).toBe('denied');
    expect(await soon(all, client.publish('secret', 1).catch(kind))).toBe('denied');
    expect(await soon(all, client.publish('', 1).catch(kind))).toBe('bad-request');
    await soon(
      all,
      client.subscribe('news', () => {}),
    );
    await expect(client.subscribe('news', () => {})).rejects.toThrow(TypeError);
  });

  test('what was not answered when the connection ended is lost, and a retry with its key is done once', async () => {
    const all = await world();
    const { client, heard, network, lose } = all;
    await soon(
      all,
      client.subscribe('news', (message) => void heard.push(message)),
    );
    const publishing = client.publish('news', 'once', { key: 'k' }).catch((error: { kind: string }) => error.kind);
    await network.advance(2.5);
    lose();
    expect(await soon(all, publishing)).toBe('lost');
    await network.advance(5000);
    await soon(all, client.publish('news', 'once', { key: 'k' }));
    expect(heard).toEqual(['once']);
  });

  test('has no more subscriptions than a new connection can ask for at once', async () => {
    async function* never(): AsyncGenerator<never> {
      await new Promise(() => {});
    }
    const client = topicsClient(never());
    for (let i = 0; i < 10_000; i++) client.subscribe(String(i), () => {}).catch(() => {});
    await expect(client.subscribe('one more', () => {})).rejects.toMatchObject({ kind: 'limit' });
    client.unsubscribe('0');
    client.subscribe('one more', () => {}).catch(() => {});
    await expect(client.subscribe('and another', () => {})).rejects.toMatchObject({ kind: 'limit' });
  });

  test('who unsubscribes and subscribes anew hears what follows its own beginning: once, and in order', async () => {
    const all = await world();
    const { client, hubs, network } = all;
    await soon(
      all,
      client.subscribe('news', () => {}),
    );
    const { position } = await soon(all, hubs[0]!.publish('news', '1'));
    await soon(all, hubs[0]!.publish('news', '2'));
    // On their way when it is unsubscribed.
    const publishing = ['3', '4'].map((text) => hubs[0]!.publish('news', text));
    client.unsubscribe('news');
    const heard: unknown[] = [];
    const subscribing = client.subscribe('news', (message) => void heard.push(message), { since: position });
    client.unsubscribe('news');
    await expect(subscribing).rejects.toMatchObject({ kind: 'closed' });
    const again = client.subscribe('news', (message) => void heard.push(message), { since: position });
    await Promise.all(publishing);
    await soon(all, again);
    await soon(all, hubs[1]!.publish('news', '5'));
    expect(heard).toEqual([2, 3, 4, 5]);
    client.unsubscribe('news');
    await network.advance(50);
    expect(hubs.map((hub) => hub.metrics.subscriptions)).toEqual([0, 0]);
  });

  test('who subscribes anew while the end is unconfirmed is subscribed, though the connection ends first', async () => {
    const all = await world();
    const { client, hubs, network, lose } = all;
    const heard: unknown[] = [];
    await soon(
      all,
      client.subscribe('news', () => {}),
    );
    client.unsubscribe('news');
    const again = client.subscribe('news', (message) => void heard.push(message));
    lose();
    await network.advance(5000);
    await again;
    await soon(all, hubs[0]!.publish('news', '1'));
    expect(heard).toEqual([1]);
  });

  test('closing ends everything', async () => {
    const all = await world();
    const { client, network, hubs } = all;
    await soon(
      all,
      client.subscribe('news', () => {}),
    );
    await soon(all, client.close());
    await client.closed;
    expect(hubs.map((hub) => hub.metrics.subscriptions)).toEqual([0, 0]);
    expect(network.links).toEqual([]);
    expect(await client.publish('news', 1).catch((error: { kind: string }) => error.kind)).toBe('closed');
  });
});

describe('the server half', () => {
  test.each(['null', '5', '"x"', '[]', '{}', 'not JSON', '{"subscribe":7,"id":1}', '{"publish":"a","key":{},"id":1}'])(
    'answers %s with an error, and lives',
    async (text) => {
      const { network } = await world();
      const ws = await network.open('ws://server');
      await ws.send(text);
      const answer = JSON.parse(String(await ws.receive())) as { error: { kind: string } };
      expect(answer.error.kind).toBe('bad-request');
      await ws.send('{"subscribe":"news","id":2}');
      await network.advance(50);
      expect(JSON.parse(String(await ws.receive()))).toMatchObject({ done: 2 });
    },
  );

  test('has a hundred requests of a connection under way, and no more; nobody else waits for them', async () => {
    let asked = 0;
    const { network } = await world({
      authorize: (_ws, topic) => (topic === 'news' ? true : new Promise<boolean>(() => void asked++)),
    });
    const [hostile, other] = [await network.open('ws://server'), await network.open('ws://server')];
    for (let i = 0; i < 1000; i++) void hostile.send(JSON.stringify({ subscribe: `t${i}`, id: i })).catch(() => {});
    await network.advance(100);
    expect(asked).toBe(100);
    await other.send('{"subscribe":"news","id":2}');
    await network.advance(50);
    expect(JSON.parse(String(await other.receive()))).toMatchObject({ done: 2 });
  });

  test('keeps nothing of what was answered while other requests stay under way', async () => {
    const race = vi.spyOn(Promise, 'race');
    onTestFinished(() => race.mockRestore());
    const { network } = await world({ authorize: () => new Promise<boolean>(() => {}) });
    const hostile = await network.open('ws://server');
    for (let i = 0; i < 99; i++) void hostile.send(JSON.stringify({ subscribe: `t${i}`, id: i })).catch(() => {});
    for (let i = 0; i < 500; i++) void hostile.send('{}').catch(() => {});
    await network.advance(100);
    for (let i = 0; i < 500; i++) expect(String(await hostile.receive())).toContain('bad-request');
    expect(race).not.toHaveBeenCalled();
  });

  test('hands out what is nested as deep as a request can be, as it is', async () => {
    const all = await world();
    const { network, hubs } = all;
    const ws = await network.open('ws://server');
    await ws.send('{"subscribe":"news","id":1}');
    await network.advance(50);
    await ws.receive();
    await soon(all, hubs[0]!.publish('news', '['.repeat(100_000) + ']'.repeat(100_000)));
    const { topic, message, position } = JSON.parse(String(await ws.receive())) as Record<string, unknown>;
    expect([topic, typeof position, Array.isArray(message)]).toEqual(['news', 'string', true]);
  });

  test('ends who sends bytes, and reads nothing into them', async () => {
    const { network } = await world();
    const ws = await network.open('ws://server');
    await ws.send(new TextEncoder().encode('{"subscribe":"news","id":1}'));
    await expect(ws.receive()).rejects.toMatchObject({ code: 1003 });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a topic as any other', async (topic) => {
    const all = await world();
    const { client, hubs, heard, network, lose } = all;
    await soon(
      all,
      client.subscribe(topic, (message) => void heard.push(message)),
    );
    await soon(all, client.publish(topic, { ['__proto__']: 1, constructor: 2 }, { key: topic }));
    lose();
    await soon(all, hubs[0]!.publish(topic, '2'));
    await network.advance(5000);
    expect(JSON.stringify(heard)).toBe('[{"__proto__":1,"constructor":2},2]');
    client.unsubscribe(topic);
    await network.advance(50);
    expect(hubs.map((hub) => hub.topics())).toEqual([[], []]);
  });
});

/** A connection as the client uses it: the test is its server. */
class Line {
  readonly said: { id: number }[] = [];
  isClosed = false;
  #give: ((result: IteratorResult<string | Uint8Array, undefined>) => void) | undefined;
  readonly #waiting: (string | Uint8Array)[] = [];

  async send(text: string): Promise<void> {
    this.said.push(JSON.parse(text) as { id: number });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#give?.({ done: true, value: undefined });
  }

  hear(text: string | Uint8Array): void {
    if (this.#give === undefined) this.#waiting.push(text);
    else this.#give({ done: false, value: text });
    this.#give = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array, undefined> {
    return {
      next: () => {
        const value = this.#waiting.shift();
        if (value !== undefined) return Promise.resolve({ done: false, value });
        if (this.isClosed) return Promise.resolve({ done: true, value: undefined });
        return new Promise((resolve) => (this.#give = resolve));
      },
    };
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe('the client with connections of any make', () => {
  test('a publish that is never answered is given up, and takes nothing any more', async () => {
    const { clock } = createNetwork();
    const line = new Line();
    const client = topicsClient(of(line), { clock });
    await clock.settle();
    const told: unknown[] = [];
    const late = (error: { kind: string; message: string }): unknown => told.push([error.kind, error.message]);
    client.publish('news', 1, { timeout: 50 }).catch(late);
    client.publish('news', 'x'.repeat(20_000_000)).catch(late);
    client.publish('news', 2, { timeout: Infinity }).then(({ position }) => told.push(position), late);
    client.publish('news', 3).catch(late);
    await clock.advance(49);
    expect(told).toEqual([['limit', 'too much waits for an answer']]);
    await clock.advance(1);
    expect(told.slice(1)).toEqual([['timeout', 'no answer came within 50 ms']]);
    await clock.advance(9950);
    expect(told.slice(2)).toEqual([['timeout', 'no answer came within 10000 ms']]);
    expect(clock.timers).toBe(0);
    // The answer to what was given up is nobody's, and the other's comes.
    line.hear(JSON.stringify({ done: line.said[0]!.id, position: 'late' }));
    await clock.settle();
    line.hear(JSON.stringify({ done: line.said[1]!.id, position: 'there' }));
    await clock.settle();
    expect(told.slice(3)).toEqual(['there']);
    await expect(client.publish('news', 4, { timeout: 0 })).rejects.toThrow(RangeError);
  });

  test('closes the one that it has, where leaving the loop over them does not', async () => {
    const line = new Line();
    async function* lines(): AsyncGenerator<Line> {
      yield line;
    }
    const client = topicsClient(lines());
    await turns();
    await client.close();
    expect(line.isClosed).toBe(true);
  });

  test('closes one that comes after it was closed itself', async () => {
    const line = new Line();
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    async function* lines(): AsyncGenerator<Line> {
      await opened;
      yield line;
    }
    const client = topicsClient(lines());
    const closing = client.close();
    open();
    await closing;
    expect(line.isClosed).toBe(true);
  });

  test.each([
    ['{"done":1,"error":null}', 'unknown'],
    ['{"done":1,"error":{}}', 'unknown'],
    ['{"done":1,"error":"no"}', 'unknown'],
    ['{"done":1,"error":{"kind":{},"message":7}}', 'unknown'],
    ['{"done":1,"error":{"kind":"denied","message":"no"}}', 'denied'],
  ])('an answer of %s settles what was asked', async (answer, kind) => {
    const line = new Line();
    const client = topicsClient(of(line), { onError: () => {} });
    await turns();
    const publishing = client.publish('news', 1).catch((error: { name: string; kind: string }) => error);
    line.hear(answer);
    expect(await publishing).toMatchObject({ name: 'TopicsClientError', kind });
    await client.close();
  });

  test.each(['null', '5', '"x"', '{', '[]', '{"topic":5,"message":1}', '{"topic":"news","message":1,"position":5}'])(
    'goes on after %s',
    async (nonsense) => {
      const line = new Line();
      const heard: unknown[] = [];
      const client = topicsClient(of(line), { onError: () => {} });
      await turns();
      void client.subscribe('news', (message, position) => void heard.push([message, position]));
      line.hear(nonsense);
      line.hear('{"topic":"news","message":2,"position":"p"}');
      await turns();
      expect(heard.at(-1)).toEqual([2, 'p']);
      for (const [, position] of heard as [unknown, unknown][]) expect(['p', undefined]).toContain(position);
      await client.close();
    },
  );

  test('what is still on its way of a subscription that was ended is for nobody, its successor least of all', async () => {
    const line = new Line();
    const heard: unknown[] = [];
    const client = topicsClient(of(line));
    await turns();
    const first = client.subscribe('news', (message) => void heard.push(message));
    line.hear('{"done":1,"position":"p1"}');
    await first;
    client.unsubscribe('news');
    const second = client.subscribe('news', (message) => void heard.push(message), { since: 'p1' });
    line.hear('{"topic":"news","message":"on its way","position":"p3"}');
    line.hear('{"topic":"news","gap":"trimmed"}');
    await turns();
    expect(line.said).toEqual([
      { subscribe: 'news', id: 1 },
      { unsubscribe: 'news', id: 2 },
    ]);
    line.hear('{"done":2}');
    await turns();
    expect(line.said[2]).toEqual({ subscribe: 'news', since: 'p1', id: 3 });
    for (const position of ['p2', 'p3']) line.hear(JSON.stringify({ topic: 'news', message: position, position }));
    line.hear('{"done":3,"position":"p3"}');
    await second;
    expect(heard).toEqual(['p2', 'p3']);
    await client.close();
  });

  test('after a connection was lost, a gap is told first where there is no position to go on from', async () => {
    const lines = [new Line(), new Line()];
    const heard: unknown[] = [];
    const client = topicsClient(each(lines), { onGap: (topic, { reason }) => void heard.push([topic, reason]) });
    await turns();
    for (const topic of ['news', 'sport', 'chess']) {
      client.subscribe(topic, (message) => void heard.push([topic, message])).catch(() => {});
    }
    lines[0]!.hear('{"done":1}');
    lines[0]!.hear('{"done":2,"position":"p1"}');
    await turns();
    await lines[0]!.close();
    await turns();
    lines[1]!.hear('{"topic":"news","message":1}');
    lines[1]!.hear('{"topic":"sport","message":2,"position":"p2"}');
    await turns();
    // The third had not begun.
    expect(heard).toEqual([
      ['news', 'outage'],
      ['news', 1],
      ['sport', 2],
    ]);
    await client.close();
  });

  test('what is unsubscribed and subscribed to in onGap begins anew, once', async () => {
    const lines = [new Line(), new Line()];
    const heard: unknown[] = [];
    const client = topicsClient(each(lines), {
      onGap() {
        client.unsubscribe('news');
        client.unsubscribe('sport');
        client.subscribe('news', (message) => void heard.push(message)).catch(() => {});
      },
    });
    await turns();
    for (const topic of ['news', 'sport']) void client.subscribe(topic, () => {});
    lines[0]!.hear('{"done":1}');
    lines[0]!.hear('{"done":2}');
    await turns();
    await lines[0]!.close();
    await turns();
    lines[1]!.hear('{"done":3}');
    await turns();
    expect(lines[1]!.said).toEqual([
      { unsubscribe: 'news', id: 3 },
      { unsubscribe: 'sport', id: 4 },
      { subscribe: 'news', id: 5 },
    ]);
    await client.close();
  });

  test.each(['closed', 'down', 'gone'])(
    'a server whose hub is %s is left for the next, and nothing is lost',
    async (kind) => {
      const lines = [new Line(), new Line(), new Line()];
      const [first, second, third] = lines as [Line, Line, Line];
      const told: unknown[] = [];
      const client = topicsClient(each(lines), { onError: (error) => void told.push(error) });
      await turns();
      void client.subscribe('news', (message) => void told.push(message));
      first.hear('{"done":1,"position":"p1"}');
      await turns();
      await first.close();
      await turns();
      second.hear(`{"done":2,"error":{"kind":"${kind}","message":"not now"}}`);
      await turns();
      expect(second.isClosed).toBe(true);
      expect(third.said).toEqual([{ subscribe: 'news', since: 'p1', id: 3 }]);
      third.hear('{"topic":"news","message":1,"position":"p2"}');
      await turns();
      expect(told).toEqual([1]);
      await client.close();
    },
  );

  test('a subscription that a server refuses to go on with is over, and onError is told whose', async () => {
    const lines = [new Line(), new Line()];
    const told: unknown[] = [];
    const client = topicsClient(each(lines), { onError: (error) => void told.push(error) });
    await turns();
    void client.subscribe('news', () => {});
    lines[0]!.hear('{"done":1,"position":"p1"}');
    await turns();
    await lines[0]!.close();
    await turns();
    lines[1]!.hear('{"done":2,"error":{"kind":"denied","message":"no\\u001b[2J"}}');
    await turns();
    expect(told).toEqual([expect.objectContaining({ kind: 'denied', topic: 'news', message: 'news: no\\u001b[2J' })]);
    expect(lines[1]!.isClosed).toBe(false);
    await client.close();
  });

  test.each([
    [new Uint8Array(8), 'the server sent bytes, not JSON as text'],
    ['\u001b[2J\u009b2J', 'the server said something that is no JSON: \\u001b[2J\\u009b2J'],
  ])('of %j it says what it is, and nothing that steers a terminal', async (nonsense, text) => {
    const line = new Line();
    const told: unknown[] = [];
    const client = topicsClient(of(line), { onError: (error) => void told.push((error as Error).message) });
    await turns();
    line.hear(nonsense);
    await turns();
    expect(told).toEqual([text]);
    await client.close();
  });

  test('a position of any length is not kept', async () => {
    const lines = [new Line(), new Line()];
    const client = topicsClient(each(lines));
    await turns();
    void client.subscribe('news', () => {});
    lines[0]!.hear('{"done":1,"position":"p1"}');
    lines[0]!.hear(JSON.stringify({ topic: 'news', message: 1, position: 'p'.repeat(1001) }));
    await turns();
    await lines[0]!.close();
    await turns();
    expect(lines[1]!.said).toEqual([{ subscribe: 'news', since: 'p1', id: 2 }]);
    await client.close();
  });

  test('what nobody awaits and the end overtakes is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const line = new Line();
    const client = topicsClient(of(line));
    void client.publish('news', 'without a connection');
    await turns();
    void client.subscribe('news', () => {});
    void client.subscribe('sport', () => {});
    client.unsubscribe('sport');
    void client.publish('news', 1);
    await client.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test('what listeners throw, now or in a promise, goes to onError, and what that throws to the console', async () => {
    const line = new Line();
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => complaints.mockRestore());
    const told: unknown[] = [];
    const client = topicsClient(of(line), {
      onError(error) {
        told.push((error as Error).message);
        if (told.length % 2 === 0) throw new Error('onError itself');
        return Promise.reject(new Error('onError itself, later')) as never;
      },
      onGap: () => Promise.reject(new Error('onGap, later')) as never,
    });
    await turns();
    const heard: unknown[] = [];
    const listener = (message: unknown): void => {
      heard.push(message);
      if (message === 1) throw new Error('listener');
      if (message === 2) return Promise.reject(new Error('listener, later')) as never;
    };
    void client.subscribe('news', listener);
    for (const message of [1, 2, 3]) line.hear(JSON.stringify({ topic: 'news', message }));
    line.hear('{"topic":"news","gap":"trimmed"}');
    await turns();
    expect(heard).toEqual([1, 2, 3]);
    expect(told).toEqual(['listener', 'listener, later', 'onGap, later']);
    expect(complaints.mock.calls.map(([, { errors }]) => errors.map(({ message }: Error) => message))).toEqual(
      expect.arrayContaining([
        ['listener', 'onError itself, later'],
        ['listener, later', 'onError itself'],
        ['onGap, later', 'onError itself, later'],
      ]),
    );
    await client.close();
  });
});

async function* of(line: Line): AsyncGenerator<Line> {
  yield line;
}

async function* each(lines: readonly Line[]): AsyncGenerator<Line> {
  yield* lines;
}

test('a single connection, whose messages would be taken for connections, is refused: so is what is none', async () => {
  const network = createNetwork();
  await network.listen({ host: 'server' }, (ws) => ws.closed);
  const ws = await network.open('ws://server');
  expect(() => topicsClient(ws as never)).toThrow(/and not a single one: open\.reconnecting\(url\)/);
  for (const none of [undefined, network.open('ws://server'), 'ws://server']) {
    expect(() => topicsClient(none as never)).toThrow(
      /expected connections to iterate over: open\.reconnecting\(url\)/,
    );
  }
});
