/** The table of failures (docs/guides/topics.md) with Debian's redis-server, on every library. */
import { Redis as IoRedis, type RedisOptions } from 'ioredis';
import { Redis as IoValkey } from 'iovalkey';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis5';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineDownError, OutcomeUnknownError, TopicsError } from '../../../../drivers/topics/index.ts';
import { type RedisClient, redisEngine, type RedisEngineOptions } from '../../../../drivers/topics/redis/index.ts';
import { HEARTBEAT, RealNode, SHORT_HEARTBEAT, type Told, tryPresence, until } from '../real.ts';
import { has, Proxy, type ServerProcess, startRedis } from '../servers.ts';

const LIBRARIES: readonly (readonly [string, (port: number) => { client: RedisClient; end(): void }])[] = [
  ['node-redis 6', (port) => ({ client: createClient({ url: `redis://127.0.0.1:${port}` }), end: () => {} })],
  ['node-redis 5', (port) => ({ client: createClient5({ socket: { host: '127.0.0.1', port } }), end: () => {} })],
  [
    'ioredis',
    (port) => {
      const client = new IoRedis(port, '127.0.0.1', { lazyConnect: true });
      return { client, end: () => client.disconnect() };
    },
  ],
  [
    'iovalkey',
    (port) => {
      const client = new IoValkey(port, '127.0.0.1', { lazyConnect: true });
      return { client, end: () => client.disconnect() };
    },
  ],
];

const isThere = has('redis-server');

describe.skipIf(!isThere)('with redis-server', () => {
  let server: ServerProcess;
  let proxy: Proxy;
  let proxyPort: number;
  let control: IoRedis;
  let prefix = 0;
  const nodes: RealNode[] = [];
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startRedis();
    proxy = new Proxy(() => server.port);
    proxyPort = await proxy.listen();
    control = new IoRedis(server.port, '127.0.0.1', { maxRetriesPerRequest: null });
    control.on('error', () => {});
  });

  afterEach(async () => {
    for (const { hub } of nodes.splice(0)) await hub.close();
    for (const end of ends.splice(0).reverse()) await end();
    await until('the server is there', () => control.status === 'ready');
    prefix++;
  });

  afterAll(async () => {
    control.disconnect();
    await proxy.close();
    await server.close();
  });

  async function node(
    library: number,
    options: RedisEngineOptions = {},
    port = server.port,
    heartbeat = HEARTBEAT,
  ): Promise<RealNode> {
    const { client, end } = LIBRARIES[library]![1](port);
    ends.push(end);
    const started = await new RealNode(redisEngine(client, { prefix: `t${prefix}`, ...options }), {
      heartbeat,
    }).start();
    nodes.push(started);
    return started;
  }

  describe.each(LIBRARIES.map(([name], i) => [name, i] as const))('%s', (_name, library) => {
    test('messages of both kinds go to every node in one order, and a retry with its key is done once', async () => {
      const [first, second] = [await node(library), await node(library)];
      const [here, there] = [await first.subscribe('a {%} b'), await second.subscribe('a {%} b')];
      const publishing = Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? first : second).hub.publish('a {%} b', `grüße ${i}`),
      );
      await Promise.all(publishing);
      const done = await first.hub.publish('a {%} b', 'once', { key: 'k' });
      const again = await second.hub.publish('a {%} b', 'once', { key: 'k' });
      expect(again.position).toBe(done.position);
      await first.hub.publish('a {%} b', new Uint8Array([0xe2, 0x82, 0xac]));
      await until('all is there', () => here.messages.length === 42 && there.messages.length === 42);
      expect(there.messages).toEqual(here.messages);
      expect(here.messages.slice(-2)).toEqual(['once', '226,130,172']);
      const { messages } = await second.hub.history('a {%} b', { limit: 3 });
      expect(messages.map(({ data }) => data)).toEqual(here.messages.slice(0, 3));
    });

    test('given up and wanted again at once: it is confirmed, and what follows comes', async () => {
      const first = await node(library);
      const told = await first.subscribe('news');
      for (let i = 0; i < 3; i++) {
        first.hub.unsubscribe(told.socket, 'news');
        await first.hub.subscribe(told.socket, 'news');
      }
      const [again] = [first.hub.subscribe(told.socket, 'other'), first.hub.unsubscribe(told.socket, 'other')];
      await expect(again).rejects.toThrow(TopicsError);
      await first.hub.subscribe(told.socket, 'other');
      await first.hub.publish('news', '1');
      await first.hub.publish('other', '2');
      await until('all is there', () => told.messages.length === 2);
    });

    test('a connection is killed, twice: filled, no gap', async () => {
      const [first, second] = [await node(library, {}, proxyPort), await node(library)];
      const told = await first.subscribe('news');
      for (const text of ['1', '2', '3', '4']) {
        proxy.cut();
        await second.hub.publish('news', text);
        if (text === '2') await until('it is back', () => first.hub.metrics.engine.isUp);
      }
      await until('all is there', () => told.messages.length === 4);
      expect(told.all).toEqual(['1', '2', '3', '4']);
      expect(first.hub.metrics.engine.downs).toBeGreaterThan(0);
    });

    test('a silent link: noticed within 2.5 heartbeats, and filled', async () => {
      const [first, second] = [await node(library, {}, proxyPort, SHORT_HEARTBEAT), await node(library)];
      const told = await first.subscribe('news');
      proxy.swallow();
      await second.hub.publish('news', '1');
      const late = first.hub.publish('news', 'late').catch((error: unknown) => error);
      await until('it is noticed', () => first.hub.metrics.engine.downs > 0);
      expect(await late).toBeInstanceOf(OutcomeUnknownError);
      await until('it is filled', () => told.messages.includes('1'));
      expect(told.gaps).toEqual([]);
    });

    test('FLUSHALL: one gap, and none missing afterwards', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await until('it is there', () => all.every(({ messages }) => messages.length === 1));
      await control.flushall();
      await second.hub.publish('news', '2');
      await first.hub.publish('news', '3');
      await until('all is there', () => all.every(({ messages }) => messages.length === 3));
      for (const told of all) expect(told.all).toEqual(['1', 'gap forgotten', '2', '3']);
    });
  });

  /** What doesn't depend on the library is tried with one of each kind. */
  describe.each([0, 2].map((i) => [LIBRARIES[i]![0], i] as const))('%s, at length', (_name, library) => {
    test('presence: who is not heard of is gone after its lease, and back', async () => {
      await tryPresence(
        await node(library, {}, proxyPort, SHORT_HEARTBEAT),
        await node(library, {}, server.port, SHORT_HEARTBEAT),
        proxy,
      );
    });

    test('killed, and back with its data: refused meanwhile, filled, no gap, and nothing appears later', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await server.kill();
      await until('it is noticed', () => nodes.every(({ hub }) => !hub.metrics.engine.isUp));
      const refused = await Promise.allSettled(nodes.map(({ hub }) => hub.publish('news', 'never')));
      for (const result of refused) expect((result as PromiseRejectedResult).reason).toBeInstanceOf(EngineDownError);
      await server.start();
      await until('it is back', () => nodes.every(({ hub }) => hub.metrics.engine.isUp));
      await second.hub.publish('news', '2');
      await until('all is there', () => all.every(({ messages }) => messages.length === 2));
      for (const told of all) expect(told.all).toEqual(['1', '2']);
    });

    test('killed, and back empty: one gap each, none missing afterwards', async () => {
      const [first, second] = [await node(library), await node(library)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await until('it is there', () => all.every(({ messages }) => messages.length === 1));
      await server.kill({ data: false });
      await server.start();
      await until('it is back', () =>
        nodes.every(({ hub }) => hub.metrics.engine.isUp && hub.metrics.engine.downs > 0),
      );
      await Promise.all([first.hub.publish('news', '2'), second.hub.publish('news', '3')]);
      await until('all is there', () => all.every(({ messages }) => messages.length === 3));
      for (const told of all) expect(told.all.slice(0, 2)).toEqual(['1', 'gap forgotten']);
      for (const told of all) expect(told.gaps.length).toBe(1);
    });

    test('history trimmed below what is missing: a gap, then from the oldest that is kept', async () => {
      const [first, second] = [
        await node(library, { history: 2 }, proxyPort, SHORT_HEARTBEAT),
        await node(library, { history: 2 }),
      ];
      const told = await first.subscribe('news');
      await second.hub.publish('news', '1');
      await until('it is there', () => told.messages.length === 1);
      proxy.swallow();
      for (const text of ['2', '3', '4', '5']) await second.hub.publish('news', text);
      await until('all is there', () => told.messages.length === 3);
      expect(told.all).toEqual(['1', 'gap trimmed', '4', '5']);
    });

    test('a failover to a replica that lost writes: a gap, and nothing new is dropped', async () => {
      const replica = await startRedis();
      ends.push(() => replica.close());
      let primary = server.port;
      const way = new Proxy(() => primary);
      ends.push(() => way.close());
      const port = await way.listen();
      const standby = new IoRedis(replica.port, '127.0.0.1');
      ends.push(() => standby.disconnect());
      const [first, second] = [await node(library, {}, port), await node(library, {}, port)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await standby.replicaof('127.0.0.1', server.port);
      const key = `t${prefix}:{news}:m`;
      while ((await standby.get(key)) === null) await new Promise((resolve) => setTimeout(resolve, 5));
      // It has the first message, and no more comes.
      await standby.replicaof('NO', 'ONE');
      for (const text of ['2', '3']) await first.hub.publish('news', text);
      await until('it is there', () => all.every(({ messages }) => messages.length === 3));
      primary = replica.port;
      way.cut();
      await until('it is back', () =>
        nodes.every(({ hub }) => hub.metrics.engine.downs > 0 && hub.metrics.engine.isUp),
      );
      for (const text of ['4', '5', '6']) await second.hub.publish('news', text);
      await until('all is there', () => all.every(({ messages }) => messages.length === 6));
      for (const told of all) expect(told.all).toEqual(['1', '2', '3', 'gap rewritten', '4', '5', '6']);
    });

    test('a node is closed: its client resumes at another, and all is there', async () => {
      const [first, second] = [await node(library), await node(library)];
      const before = await first.subscribe('news');
      const positions: string[] = [];
      for (const text of ['1', '2']) positions.push((await second.hub.publish('news', text)).position!);
      await until('it is there', () => before.messages.length === 2);
      await first.hub.close();
      await second.hub.publish('news', '3');
      const after = await second.subscribe('news', positions[1]);
      await second.hub.publish('news', '4');
      await until('all is there', () => after.messages.length === 2);
      expect([...before.all, ...after.all]).toEqual(['1', '2', '3', '4']);
    });

    test('a subscriber that reads nothing for a while: little is buffered, and it catches up without a hole', async () => {
      const [first, second] = [await node(library, { history: 3000 }), await node(library, { history: 3000 })];
      const told = await first.subscribe('news');
      const go = first.stall();
      const texts = Array.from({ length: 3000 }, (_, i) => String(i).padEnd(1000));
      for (let i = 0; i < texts.length; i += 300) {
        await Promise.all(texts.slice(i, i + 300).map((text) => second.hub.publish('news', text)));
      }
      expect(told.socket.bufferedAmount).toBeLessThan(told.socket.sendHighWater + 2000);
      go();
      await until('all is there', () => told.messages.length === texts.length, 15_000);
      expect(told.all).toEqual(texts);
      expect(first.hub.metrics.caughtUp).toBeGreaterThan(1000);
    });

    test('a node stands still past the engine’s output buffer limit: filled, none missing', async () => {
      await control.config('SET', 'client-output-buffer-limit', 'pubsub 65536 0 0', 'appendfsync', 'no');
      const own = { history: 5000 };
      const [first, second] = [await node(library, own, proxyPort), await node(library, own)];
      const told = await first.subscribe('news');
      const texts = Array.from({ length: 400 }, (_, i) => String(i).padEnd(30_000));
      proxy.hold();
      await Promise.all(texts.map((text) => second.hub.publish('news', text)));
      proxy.release();
      await until('all is there', () => told.messages.length === texts.length, 15_000);
      const asBefore = 'pubsub 33554432 8388608 60';
      await control.config('SET', 'client-output-buffer-limit', asBefore, 'appendfsync', 'always');
      expect(told.all).toEqual(texts);
      expect(first.hub.metrics.engine.downs).toBeGreaterThan(0);
    });

    test('sharded: the same over SPUBLISH', async () => {
      const [first, second] = [await node(library, { sharded: true }), await node(library, { sharded: true })];
      const told: Told = await first.subscribe('news');
      for (const text of ['1', '2']) await second.hub.publish('news', text);
      await until('all is there', () => told.messages.length === 2);
      expect(await control.call('PUBSUB', 'SHARDCHANNELS', `t${prefix}*news*`)).toEqual([`t${prefix}:{news}`]);
    });

    test('a page has as many messages as its bytes allow', async () => {
      const { client, end } = LIBRARIES[library]![1](server.port);
      ends.push(end);
      const limits = { publishes: 10_000, page: 10_000 };
      const first = new RealNode(redisEngine(client, { prefix: `t${prefix}`, history: 10_000 }), { limits });
      nodes.push(await first.start());
      // More than Lua can give back as so many results.
      const texts = Array.from({ length: 8100 }, (_, i) => String(i));
      await Promise.all(texts.map((text) => first.hub.publish('news', text)));
      const { messages, more } = await first.hub.history('news');
      expect(messages.map(({ data }) => data)).toEqual(texts);
      expect(more).toBe(false);
    });

    test('scripts that were flushed are given again', async () => {
      const first = await node(library);
      const told = await first.subscribe('news');
      await control.script('FLUSH');
      await first.hub.publish('news', '1');
      await until('it is there', () => told.messages.length === 1);
    });

    test('an answer that refuses is told, and the link lives', async () => {
      const first = await node(library);
      await control.hset(`t${prefix}:{news}:m`, 'a', 'b');
      const refused = expect(first.hub.publish('news', 'x')).rejects;
      await refused.toThrow(
        expect.objectContaining({ kind: 'down', message: expect.stringContaining('WRONGTYPE') as string }),
      );
      await control.del(`t${prefix}:{news}:m`);
      await first.hub.publish('news', 'y');
      expect(first.hub.metrics.engine.downs).toBe(0);
    });
  });

  async function namesOfChannels(): Promise<string[]> {
    return (await control.pubsub('CHANNELS', '*{news}')) as string[];
  }

  /** Two nodes of clients with these options. */
  async function two(make: () => RedisClient): Promise<[RealNode, RealNode]> {
    const [first, second] = [make(), make()].map((client) => {
      if ('disconnect' in client) ends.push(() => (client as IoRedis).disconnect());
      return new RealNode(redisEngine(client, { prefix: `t${prefix}` }), { heartbeat: HEARTBEAT });
    });
    nodes.push(await first!.start(), await second!.start());
    return [first!, second!];
  }

  test.each<[string, RedisOptions]>([
    ['a keyPrefix', { keyPrefix: 'app:' }],
    ['auto-pipelining', { enableAutoPipelining: true }],
    ['a time limit for commands', { commandTimeout: 1 }],
  ])('ioredis with %s: what is published comes at once', async (_what, options) => {
    const [first, second] = await two(() => new IoRedis(server.port, '127.0.0.1', { lazyConnect: true, ...options }));
    const told = await second.subscribe('news');
    await first.hub.publish('news', '1');
    await until('it is there', () => told.messages.length === 1, HEARTBEAT / 2);
    const names = [...(await control.keys('*{news}*')), ...(await namesOfChannels())];
    expect(names.filter((name) => name.includes(`t${prefix}`)).length).toBeGreaterThan(2);
    for (const name of names)
      if (name.includes(`t${prefix}`)) expect(name).toMatch(`${options.keyPrefix ?? ''}t${prefix}`);
  });

  test('node-redis with a short queue: as many publishes at once as the hub allows', async () => {
    const own = { socket: { host: '127.0.0.1', port: server.port }, commandsQueueMaxLength: 1 };
    const [first] = await two(() => createClient(own));
    await Promise.all(Array.from({ length: 20 }, (_, i) => first.hub.publish('news', String(i))));
  });

  test('two databases of one server, whose pub/sub is one: each has its own topics', async () => {
    let database = 0;
    const [first, second] = await two(() =>
      createClient({ socket: { host: '127.0.0.1', port: server.port }, database: database++ }),
    );
    const [here, there] = [await first.subscribe('news'), await second.subscribe('news')];
    await first.hub.publish('news', 'of 0');
    await second.hub.publish('news', 'of 1');
    await until('it is there', () => here.all.length > 0 && there.messages.includes('of 1'));
    expect([here.all, there.all]).toEqual([['of 0'], ['of 1']]);
    // Nor do they hear each other, and ask history what that means.
    expect((await namesOfChannels()).length).toBe(2);
  });

  test.each(['-evalsha', '-publish', '-xadd', '-subscribe', 'resetkeys'])(
    'a user who may not do what is needed (%s): the start fails, and says why',
    async (denied) => {
      await control.call('ACL', 'SETUSER', 'some', 'reset', 'on', '>secret', '~*', '&*', '+@all', denied);
      const socket = { host: '127.0.0.1', port: server.port };
      const client = createClient({ socket, username: 'some', password: 'secret' });
      const error: unknown = await new RealNode(redisEngine(client)).start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EngineDownError);
      expect(String((error as Error).cause)).toMatch(/no permissions|can't run this command/);
    },
  );

  test('a user who may not have some channels: told by a TopicsError, and the others are there', async () => {
    const channels = ['beat:*', '{trial*', '{news}'].map((name) => `&t${prefix}:${name}`);
    await control.call('ACL', 'SETUSER', 'some', 'reset', 'on', '>secret', '~*', '+@all', ...channels);
    const socket = { host: '127.0.0.1', port: server.port };
    const client = createClient({ socket, username: 'some', password: 'secret' });
    const first = await new RealNode(redisEngine(client, { prefix: `t${prefix}` }), { heartbeat: HEARTBEAT }).start();
    nodes.push(first);
    const sockets = [await first.connect(), await first.connect()];
    // Together, as one command.
    const [refused, told] = await Promise.allSettled(
      ['secret', 'news'].map((topic, i) => first.hub.subscribe(sockets[i]!, topic)),
    );
    expect(refused).toMatchObject({ reason: { name: 'EngineDownError', cause: expect.any(Error) as Error } });
    expect(told!.status).toBe('fulfilled');
    expect(await first.hub.publish('news', '1')).toMatchObject({ delivered: 1 });
    expect(first.hub.metrics.engine.downs).toBe(0);
  });

  test('a server without memory to spare: publishes are refused, and the link lives', async () => {
    const told = await (await node(0)).subscribe('news');
    const [first] = nodes;
    await control.config('SET', 'maxmemory', '1mb');
    try {
      const refused = expect(first!.hub.publish('news', 'never')).rejects;
      await refused.toThrow(
        expect.objectContaining({ kind: 'down', message: expect.stringContaining('OOM') as string }),
      );
    } finally {
      await control.config('SET', 'maxmemory', '0');
    }
    await first!.hub.publish('news', '1');
    await until('it is there', () => told.messages.length === 1);
    expect([told.all, first!.hub.metrics.engine.downs]).toEqual([['1'], 0]);
  });

  test('what is no client, and options that are none, are TypeErrors', () => {
    expect(() => redisEngine({} as never)).toThrow(TypeError);
    const { client, end } = LIBRARIES[2]![1](server.port);
    ends.push(end);
    expect(() => redisEngine(client, { prefx: 'x' } as never)).toThrow(/prefx/);
    expect(() => redisEngine(client, { prefix: '{x}' })).toThrow(TypeError);
  });

  test('a replica fails the start, and a master that becomes one is away until it is a master', async () => {
    const other = await startRedis();
    ends.push(() => other.close());
    const standby = new IoRedis(other.port, '127.0.0.1');
    ends.push(() => standby.disconnect());
    const clientOf = (): RedisClient => {
      const { client, end } = LIBRARIES[2]![1](other.port);
      ends.push(end);
      return client;
    };
    const changes: boolean[] = [];
    const observer = { onEngine: ({ isUp }: { isUp: boolean }) => void changes.push(isUp) };
    const before = await new RealNode(redisEngine(clientOf()), { observer, heartbeat: HEARTBEAT }).start();
    nodes.push(before);
    await standby.replicaof('127.0.0.1', server.port);
    const starting = new RealNode(redisEngine(clientOf())).start();
    await expect(starting).rejects.toMatchObject({ cause: { message: expect.stringContaining('READONLY') as string } });
    await expect(before.hub.publish('news', 'never')).rejects.toThrow(EngineDownError);
    const subscribing = before.subscribe('news');
    await until('it is away', () => changes.length === 2);
    await standby.replicaof('NO', 'ONE');
    await until('it is back', () => changes.length === 3);
    const told = await subscribing;
    await before.hub.publish('news', '1');
    await until('it is there', () => told.messages.length === 1);
    expect(changes).toEqual([true, false, true]);
  });

  test('a server that is not there fails the start', async () => {
    const { client, end } = LIBRARIES[0]![1](1);
    ends.push(end);
    await expect(new RealNode(redisEngine(client)).start()).rejects.toThrow(EngineDownError);
  });
});
