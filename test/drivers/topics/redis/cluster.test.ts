/** The rows of the table of failures (docs/guides/topics.md) that concern a Redis cluster, with three of Debian's redis-servers. */
import { Cluster as IoRedisCluster } from 'ioredis';
import { Cluster as IoValkeyCluster } from 'iovalkey';
import { createCluster } from 'redis';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RedisCluster as Client, redisEngine } from '../../../../drivers/topics/redis/index.ts';
import { slotOf } from '../../../../drivers/topics/redis/slots.ts';
import { createPresence, EngineDownError } from '../../../../drivers/topics/index.ts';
import { RealNode, SHORT_HEARTBEAT, type Told, until } from '../real.ts';
import { has } from '../servers.ts';
import { RedisCluster } from './servers-cluster.ts';

test('slots are those of the specification of Redis Cluster', async () => {
  expect(slotOf('123456789')).toBe(0x31c3 % 16384);
  expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'));
  expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'));
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'));
  expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'));
});

describe.skipIf(!has('redis-server'))('with a cluster of three redis-servers', () => {
  let cluster: RedisCluster;
  let prefix = 0;
  const nodes: RealNode[] = [];
  const ends: (() => void)[] = [];

  beforeAll(async () => {
    cluster = await RedisCluster.start();
    return () => cluster.close();
  }, 90_000);

  afterEach(async () => {
    for (const { hub } of nodes.splice(0)) await hub.close();
    for (const end of ends.splice(0)) end();
    prefix++;
  });

  const LIBRARIES: readonly (readonly [string, () => Client])[] = [
    [
      'node-redis',
      () => createCluster({ rootNodes: cluster.ports.map((port) => ({ socket: { host: '127.0.0.1', port } })) }),
    ],
    ['ioredis', () => ofCluster(IoRedisCluster)],
    ['iovalkey', () => ofCluster(IoValkeyCluster)],
  ];

  function ofCluster(Cluster: typeof IoRedisCluster | typeof IoValkeyCluster): Client {
    const roots = cluster.ports.map((port) => ({ host: '127.0.0.1', port }));
    const client = new Cluster(roots, { lazyConnect: true });
    ends.push(() => client.disconnect());
    return client;
  }

  async function node(library: number): Promise<RealNode> {
    const engine = redisEngine(LIBRARIES[library]![1](), { prefix: `c${prefix}` });
    const started = await new RealNode(engine, { heartbeat: SHORT_HEARTBEAT }).start();
    nodes.push(started);
    return started;
  }

  describe.each(LIBRARIES.map(([name], i) => [name, i] as const))('%s', (_name, library) => {
    test('topics on every server: one order, at every node', async () => {
      const [first, second] = [await node(library), await node(library)];
      const topics = Array.from({ length: 12 }, (_, i) => `room/${i}`);
      const told: Told[][] = [];
      for (const topic of topics) told.push([await first.subscribe(topic), await second.subscribe(topic)]);
      await Promise.all(topics.flatMap((topic) => nodes.map(({ hub }, i) => hub.publish(topic, `${topic} ${i}`))));
      await until('all is there', () => told.flat().every(({ messages }) => messages.length === 2));
      for (const [here, there] of told) expect(here!.all).toEqual(there!.all);
      expect(new Set(await Promise.all(topics.map((topic) => cluster.ownerOf(slotOf(topic))))).size).toBe(3);
    });

    test('a slot moves, with its keys: followed, nothing is missing, and no gap', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await cluster.move(slotOf('news'));
      const retried = async (text: string): Promise<unknown> => {
        for (;;) {
          try {
            return await second.hub.publish('news', text);
          } catch (error) {
            expect(error).toBeInstanceOf(EngineDownError);
            await until('it is back', () => second.hub.metrics.engine.isUp);
          }
        }
      };
      for (const text of ['2', '3']) await retried(text);
      await until('all is there', () => all.every(({ messages }) => messages.length === 3));
      for (const told of all) expect(told.all).toEqual(['1', '2', '3']);
      await until('both have noticed', () => nodes.every(({ hub }) => hub.metrics.engine.downs > 0));
    });

    test('a slot is on its way: refused with the link alive, nothing is done, and all goes on when it is there', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('moving'), await second.subscribe('moving')];
      await first.hub.publish('moving', '1');
      const finish = await cluster.beginMove(slotOf('moving'));
      // What holds the keys no longer answers with ASK.
      const asked = await second.hub.publish('moving', 'never').catch((error: unknown) => error);
      expect(asked).toBeInstanceOf(EngineDownError);
      expect(String((asked as Error).cause)).toContain('ASK ');
      expect(second.hub.metrics.engine).toMatchObject({ isUp: true, downs: 0 });
      await finish();
      await until('both have noticed', () => nodes.every(({ hub }) => hub.metrics.engine.downs > 0));
      await until('it is back', () => nodes.every(({ hub }) => hub.metrics.engine.isUp));
      await second.hub.publish('moving', '2');
      await until('all is there', () => all.every(({ messages }) => messages.length === 2));
      for (const told of all) expect(told.all).toEqual(['1', '2']);
    });

    test('presence: while a server is away only its own are shown, and then all are back', async () => {
      const [first, second] = [await node(library), await node(library)];
      const [a, b] = [createPresence(first.hub), createPresence(second.hub)];
      const rooms = Array.from({ length: 6 }, (_, i) => `room/${i}`);
      for (const room of rooms) {
        await a.enter(await first.connect(), room, 'ann');
        await b.enter(await second.connect(), room, 'bob');
      }
      const everywhere = (count: number): boolean =>
        [a, b].every((presence) => rooms.every((room) => presence.entries(room).length === count));
      await until('all are there', () => everywhere(2));
      const server = cluster.servers[await cluster.ownerOf(slotOf(rooms[0]!))]!;
      await server.kill();
      await until('only its own are shown', () => everywhere(1));
      await server.start();
      await cluster.isWhole();
      await until('all are back', () => everywhere(2), 15_000);
      await first.hub.close();
      await until('the others have left', () => rooms.every((room) => b.entries(room).length === 1));
    });

    test('a master is killed, and comes back with its data: refused meanwhile, filled, no gap', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await until('it is there', () => all.every(({ messages }) => messages.length === 1));
      const server = cluster.servers[await cluster.ownerOf(slotOf('news'))]!;
      await server.kill();
      await until('it is noticed', () => nodes.every(({ hub }) => !hub.metrics.engine.isUp));
      await expect(first.hub.publish('news', 'never')).rejects.toThrow(EngineDownError);
      await server.start();
      await cluster.isWhole();
      await until('it is back', () => nodes.every(({ hub }) => hub.metrics.engine.isUp), 15_000);
      await second.hub.publish('news', '2');
      await until('all is there', () => all.every(({ messages }) => messages.length === 2));
      for (const told of all) expect(told.all).toEqual(['1', '2']);
    });
  });

  test('a cluster takes sharded pub/sub alone', () => {
    expect(() => redisEngine(LIBRARIES[0]![1](), { sharded: false })).toThrow(TypeError);
  });
});
