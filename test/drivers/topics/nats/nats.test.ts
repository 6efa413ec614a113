/** The table of failures (docs/guides/topics.md) with Debian's nats-server: core NATS, and JetStream. */
import { connect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineDownError, TopicsError } from '../../../../drivers/topics/index.ts';
import { natsEngine, type NatsEngineOptions } from '../../../../drivers/topics/nats/index.ts';
import { HEARTBEAT, RealNode, SHORT_HEARTBEAT, tryPresence, until } from '../real.ts';
import { has, Proxy, type ServerProcess, startNats } from '../servers.ts';

describe.skipIf(!has('nats-server'))('with nats-server', () => {
  let server: ServerProcess;
  let proxy: Proxy;
  let proxyPort: number;
  let prefix = 0;
  const nodes: RealNode[] = [];
  const ends: (() => unknown)[] = [];
  const connections: Awaited<ReturnType<typeof connect>>[] = [];

  beforeAll(async () => {
    server = await startNats();
    proxy = new Proxy(() => server.port);
    proxyPort = await proxy.listen();
  });

  afterEach(async () => {
    for (const { hub } of nodes.splice(0)) await hub.close();
    for (const connection of connections.splice(0)) await connection.close();
    for (const end of ends.splice(0).reverse()) await end();
    prefix++;
  });

  afterAll(async () => {
    await proxy.close();
    await server.close();
  });

  /** `change` is given the answers to its requests. */
  async function node(
    options: NatsEngineOptions,
    port = server.port,
    heartbeat = HEARTBEAT,
    change?: (subject: string, text: string) => string | Promise<string>,
  ): Promise<RealNode> {
    const own = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10, timeout: 3000 };
    const connection = await connect({ servers: `127.0.0.1:${port}`, ...own });
    connections.push(connection);
    const { request } = connection;
    connection.request = async (subject, ...rest) => {
      const answer = await request.call(connection, subject, ...rest);
      if (change === undefined) return answer;
      return {
        ...answer,
        headers: answer.headers,
        data: Buffer.from(await change(subject, answer.string())),
      } as typeof answer;
    };
    const engine = natsEngine(connection, { prefix: `t${prefix}`, ...options });
    const started = await new RealNode(engine, { heartbeat }).start();
    nodes.push(started);
    return started;
  }

  describe.each([
    ['core', {}],
    ['JetStream', { history: 5 }],
  ] as const)('%s', (kind, options) => {
    test('messages of both kinds go to every node, each publisher’s in order', async () => {
      const [first, second] = [await node(options), await node(options)];
      const [here, there] = [await first.subscribe('a.*> b/%'), await second.subscribe('a.*> b/%')];
      for (let i = 0; i < 10; i++) await first.hub.publish('a.*> b/%', `grüße ${i}`);
      await second.hub.publish('a.*> b/%', new Uint8Array([7, 8]));
      await until('all is there', () => here.messages.length === 11 && there.messages.length === 11);
      expect(there.messages).toEqual([...Array.from({ length: 10 }, (_, i) => `grüße ${i}`), '7,8']);
      expect(here.messages).toEqual(there.messages);
    });

    test('a hub leaves nothing on its connection when it is closed, or did not start', async () => {
      const { hub } = await node(options);
      await hub.close();
      const connection = connections.at(-1)!;
      const { protocol } = connection as unknown as {
        protocol: { listeners: unknown[]; subscriptions: { size(): number } };
      };
      await until('nobody listens', () => protocol.listeners.length === 0);
      const before = protocol.subscriptions.size();
      const failing = natsEngine(connection, { prefix: `t${prefix}`, ...options });
      const { flush } = connection;
      connection.flush = () => Promise.reject(new Error('not now'));
      await expect(new RealNode(failing).start()).rejects.toThrow(EngineDownError);
      connection.flush = flush;
      // Answers to requests come to one, which is the connection's.
      expect([before, protocol.subscriptions.size()]).toEqual(kind === 'core' ? [0, 0] : [1, 1]);
    });

    test('the server is killed: refused meanwhile, told or filled, and nothing appears later', async () => {
      const [first, second] = [await node(options), await node(options)];
      const all = [await first.subscribe('news'), await second.subscribe('news')];
      await first.hub.publish('news', '1');
      await until('it is there', () => all.every(({ messages }) => messages.length === 1));
      await server.kill();
      await until('it is noticed', () => nodes.every(({ hub }) => !hub.metrics.engine.isUp));
      const refused = await Promise.allSettled(nodes.map(({ hub }) => hub.publish('news', 'never')));
      for (const result of refused) expect((result as PromiseRejectedResult).reason).toBeInstanceOf(EngineDownError);
      await server.start();
      await until('it is back', () => nodes.every(({ hub }) => hub.metrics.engine.isUp));
      await second.hub.publish('news', '2');
      await until('all is there', () => all.every(({ messages }) => messages.length === 2));
      const gap = kind === 'core' ? ['gap outage'] : [];
      for (const told of all) expect(told.all).toEqual(['1', ...gap, '2']);
    });

    test('a connection is killed, twice: told or filled', async () => {
      const [first, second] = [await node(options, proxyPort), await node(options)];
      const told = await first.subscribe('news');
      for (const [text, downs] of [
        ['1', 1],
        ['2', 2],
      ] as const) {
        proxy.cut();
        await until('it is noticed', () => first.hub.metrics.engine.downs === downs);
        await second.hub.publish('news', text);
        await until('it is back', () => first.hub.metrics.engine.isUp);
      }
      await second.hub.publish('news', '3');
      await until('all is there', () => told.messages.includes('3'));
      // What came while it was away is lost without history, and its loss is told.
      if (kind === 'core') expect(told.all.filter((one) => one === 'gap outage').length).toBe(2);
      else expect(told.all).toEqual(['1', '2', '3']);
    });

    test('a node stands still past what the server holds for it: told or filled', async () => {
      const small = await startNats('max_pending: 1MB\nwrite_deadline: "500ms"\nmax_payload: 500KB\n');
      const way = new Proxy(() => small.port);
      ends.push(() => small.close(), () => way.close()); // prettier-ignore
      const own = kind === 'core' ? {} : { history: 500 };
      const [first, second] = [await node(own, await way.listen()), await node(own, small.port)];
      const told = await first.subscribe('news');
      const texts = Array.from({ length: 200 }, (_, i) => String(i).padEnd(200_000));
      way.hold();
      for (let i = 0; i < texts.length; i += 10) {
        await Promise.all(texts.slice(i, i + 10).map((text) => second.hub.publish('news', text)));
      }
      way.release();
      await until('it is noticed', () => first.hub.metrics.engine.downs > 0);
      await until('it is back', () => first.hub.metrics.engine.isUp);
      await second.hub.publish('news', 'last');
      await until('all is there', () => told.messages.includes('last'), 15_000);
      if (kind === 'core') expect(told.all.filter((one) => one === 'gap outage').length).toBeGreaterThan(0);
      else expect(told.all).toEqual([...texts, 'last']);
    });

    test('presence: who is not heard of is gone after its lease, and back', async () => {
      await tryPresence(
        await node(options, proxyPort, SHORT_HEARTBEAT),
        await node(options, server.port, SHORT_HEARTBEAT),
        proxy,
      );
    });

    test('a silent link: noticed, and told or filled', async () => {
      const [first, second] = [await node(options, proxyPort, SHORT_HEARTBEAT), await node(options)];
      const told = await first.subscribe('news');
      await second.hub.publish('news', '0');
      await until('it is there', () => told.messages.length === 1);
      proxy.swallow();
      await second.hub.publish('news', '1');
      await until('it is noticed', () => first.hub.metrics.engine.downs > 0);
      await until('it is back', () => first.hub.metrics.engine.isUp);
      await second.hub.publish('news', '2');
      await until('all is there', () => told.messages.includes('2'));
      expect(told.all).toEqual(kind === 'core' ? ['0', 'gap outage', '2'] : ['0', '1', '2']);
    });
  });

  describe('JetStream', () => {
    test('a retry with its key is done once, and resumes begin at positions', async () => {
      const [first, second] = [await node({ history: 100 }), await node({ history: 100 })];
      const told = await first.subscribe('news');
      const done = await first.hub.publish('news', '1', { key: 'k ü' });
      const again = await second.hub.publish('news', '1', { key: 'k ü' });
      expect(again.position).toBe(done.position);
      await second.hub.publish('other', 'x', { key: 'k ü' });
      await second.hub.publish('news', '2');
      await until('all is there', () => told.messages.length === 2);
      const resumed = await second.subscribe('news', done.position!);
      await until('it is there', () => resumed.messages.length === 1);
      expect(resumed.all).toEqual(['2']);
      const { messages, hole } = await first.hub.history('news');
      expect([messages.map(({ data }) => data), hole]).toEqual([['1', '2'], undefined]);
    });

    test('the server comes back empty: one gap each, and none missing afterwards', async () => {
      const [first, second] = [await node({ history: 5 }), await node({ history: 5 })];
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

    test('the store is lost, and messages of the new one come before it is looked at: all nodes have the new epoch', async () => {
      let held: Promise<void> | undefined;
      const first = await node({ history: 50 }, server.port, HEARTBEAT, async (subject, text) => {
        if (subject.includes('.STREAM.INFO.')) await held;
        return text;
      });
      const told = await first.subscribe('news');
      await first.hub.publish('news', '1');
      await until('it is there', () => told.messages.length === 1);
      let release!: () => void;
      held = new Promise((resolve) => (release = resolve));
      await server.kill({ data: false });
      await until('it is noticed', () => !first.hub.metrics.engine.isUp);
      await server.start();
      const second = await node({ history: 50 });
      const { position: last } = await second.hub.publish('news', '2');
      for (let i = 3; i < 10; i++) await second.hub.publish('news', String(i));
      release();
      await until('all is there', () => told.messages.at(-1) === '9');
      expect(told.all.slice(0, 3)).toEqual(['1', 'gap forgotten', '2']);
      const { position } = await first.hub.publish('news', '10');
      expect(position!.split('-')[0]).toBe(last!.split('-')[0]);
    });

    test('many nodes make the stream at once: one epoch', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => node({ history: 5 })));
      const places = await Promise.all(all.map(async ({ hub }) => (await hub.publish('news', '1')).position!));
      expect(new Set(places.map((place) => place.split('-')[0])).size).toBe(1);
    });

    test('another leads the stream, or it does not answer: down, and filled', async () => {
      let leader = 'one';
      let isSilent = false;
      const first = await node({ history: 50 }, server.port, SHORT_HEARTBEAT, async (subject, text) => {
        if (!subject.includes('.STREAM.INFO.')) return text;
        if (isSilent) throw new Error('nobody answers');
        return JSON.stringify({ ...(JSON.parse(text) as object), cluster: { leader } });
      });
      const told = await first.subscribe('news');
      await first.hub.publish('news', '1');
      leader = 'two';
      await until('it is noticed', () => first.hub.metrics.engine.downs === 1);
      await until('it is back', () => first.hub.metrics.engine.isUp);
      isSilent = true;
      await until('it is noticed', () => first.hub.metrics.engine.downs === 2);
      await expect(first.hub.publish('news', 'never')).rejects.toThrow(EngineDownError);
      const second = await node({ history: 50 });
      await second.hub.publish('news', '2');
      isSilent = false;
      await until('it is back', () => first.hub.metrics.engine.isUp);
      await until('all is there', () => told.messages.length === 2);
      expect(told.all).toEqual(['1', '2']);
    });

    test('a server that starts again is behind what it has stored: waited for, and no gap', async () => {
      let behind = 0;
      const first = await node({ history: 50 }, server.port, SHORT_HEARTBEAT, (subject, text) => {
        if (!subject.includes('.STREAM.INFO.') || behind === 0) return text;
        behind--;
        const answer = JSON.parse(text) as { state: object };
        return JSON.stringify({ ...answer, state: { ...answer.state, last_seq: 0 } });
      });
      const told = await first.subscribe('news');
      await first.hub.publish('news', '1');
      await until('it is there', () => told.messages.length === 1);
      behind = 8;
      await server.kill();
      await server.start();
      await until('it is noticed', () => first.hub.metrics.engine.downs > 0);
      await until('it is back', () => first.hub.metrics.engine.isUp);
      expect(behind).toBe(0);
      await first.hub.publish('news', '2');
      await until('all is there', () => told.messages.length === 2);
      expect(told.all).toEqual(['1', '2']);
    });

    test('history trimmed below what is missing: a gap, then from the oldest that is kept', async () => {
      const [first, second] = [await node({ history: 2 }), await node({ history: 2 })];
      const { position } = await second.hub.publish('news', '1');
      for (const text of ['2', '3', '4']) await second.hub.publish('news', text);
      const told = await first.subscribe('news', position!);
      await until('all is there', () => told.messages.length === 2);
      expect(told.all).toEqual(['gap trimmed', '3', '4']);
    });

    test('history trimmed below the first message there ever was: a gap, too', async () => {
      const [first, second] = [await node({ history: 2 }, proxyPort, SHORT_HEARTBEAT), await node({ history: 2 })];
      const told = await first.subscribe('news');
      proxy.swallow();
      for (const text of ['1', '2', '3', '4']) await second.hub.publish('news', text);
      await until('all is there', () => told.messages.length === 2);
      expect(told.all).toEqual(['gap trimmed', '3', '4']);
    });
  });

  test('larger than the server takes: a TopicsError, and the link lives', async () => {
    for (const options of [{}, { history: 5 }]) {
      const { hub } = await node(options);
      const refused = expect(hub.publish('news', 'x'.repeat(1024 * 1024 + 1))).rejects;
      await refused.toThrow(expect.objectContaining({ name: 'TopicsError', kind: 'limit' }));
      await hub.publish('news', '1');
      expect(hub.metrics.engine.downs).toBe(0);
    }
  });

  test('JetStream without room: the start fails, and says why', async () => {
    const full = await startNats('jetstream { max_mem_store: 1KB, max_file_store: 200KB }\n');
    ends.push(() => full.close());
    const { hub } = await node({ history: 5, storage: 'memory' }, full.port);
    await hub.publish('news', 'x'.repeat(2000));
    await expect(hub.publish('news', 'never')).rejects.toThrow(EngineDownError);
    await expect(node({ history: 5, storage: 'memory', prefix: 'other' }, full.port)).rejects.toThrow(
      /insufficient|resources|storage/,
    );
  });

  test('its client gives up for good: publishes are refused from then on', async () => {
    const own = { maxReconnectAttempts: 1, reconnectTimeWait: 20, timeout: 1000 };
    const connection = await connect({ servers: `127.0.0.1:${server.port}`, ...own });
    connections.push(connection);
    const first = await new RealNode(natsEngine(connection, { prefix: `t${prefix}` })).start();
    nodes.push(first);
    await server.kill();
    await connection.closed();
    await server.start();
    await until('it is noticed', () => !first.hub.metrics.engine.isUp);
    await expect(first.hub.publish('news', 'x')).rejects.toThrow(EngineDownError);
  });

  test('core NATS keeps no history and no keys, and says so', async () => {
    const first = await node({});
    const told = await first.subscribe('news', 'e-1-s');
    expect(told.gaps.map(({ reason }) => reason)).toEqual(['trimmed']);
    await expect(first.hub.history('news')).rejects.toThrow(TopicsError);
    await expect(first.hub.publish('news', 'x', { key: 'k' })).rejects.toThrow(/keys/);
  });

  test('what is no connection, and options that are none, are TypeErrors', async () => {
    expect(() => natsEngine({} as never)).toThrow(TypeError);
    const connection = await connect({ servers: `127.0.0.1:${server.port}` });
    connections.push(connection);
    expect(() => natsEngine(connection, { prefx: 'x' } as never)).toThrow(/prefx/);
    expect(() => natsEngine(connection, { prefix: 'a.*' })).toThrow(TypeError);
  });
});
