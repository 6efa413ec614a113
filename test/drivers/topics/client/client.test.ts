/** The client over connections that break, at nodes that change, with the server half of docs/examples/chat. */
import { describe, expect, test } from 'vitest';
import { createNetwork, type Network } from '../../../../drivers/pipe/index.ts';
import { topicsClient, type TopicsClient } from '../../../../drivers/topics/client/index.ts';
import { createTopics, type Topics, type TopicsOptions } from '../../../../drivers/topics/index.ts';
// @ts-expect-error plain JavaScript, as its readers run it
import { frame, onGap, serveTopics } from '../../../../docs/examples/chat/protocol.mjs';
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
    const hub = createTopics({ engine: broker.engine(), clock: network.clock, frame, onGap, ...options });
    await hub.start();
    hubs.push(hub);
  }
  await network.listen({ host: 'server' }, (ws) => serveTopics(hubs[next++ % 2]!, ws));
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
});
