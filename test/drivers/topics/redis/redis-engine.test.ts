/** What the engine does with a server that is no real one, on a virtual clock. */
import { expect, test } from 'vitest';
import { createNetwork } from '../../../../drivers/pipe/index.ts';
import type { EngineContext, EngineSink } from '../../../../drivers/topics/index.ts';
import { type IoRedisClient, redisEngine } from '../../../../drivers/topics/redis/index.ts';

const HEARTBEAT = 1000;

/** A server as ioredis would show it: it takes subscriptions, and runs scripts once it has loaded its data. */
class FakeServer {
  isLoading = false;
  isSilent = false;
  /** What the library does with a command, where it does not send it. */
  failure: Error | undefined;
  /** What a subscription takes: it does one after the other. */
  subscribing: () => Promise<void> = async () => {};
  #last: Promise<void> = Promise.resolve();
  connections = 0;
  /** Connections that are not ended. */
  readonly open = new Set<object>();
  /** How often each was told to end that has ended: the library sets a timer of two seconds then, which keeps the process alive. */
  late = 0;
  readonly subscribed: string[] = [];
  readonly #ends = new Set<() => void>();

  get client(): IoRedisClient {
    return { duplicate: () => this.#connection(), callBuffer: () => Promise.reject(new Error('never used itself')) };
  }

  restart(): void {
    this.isLoading = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
  }

  #connection(): object {
    const connection = {
      on: (event: string, listener: () => void) => {
        const end = (): void => {
          this.open.delete(connection);
          listener();
        };
        if (event === 'close') this.#ends.add(end);
      },
      connect: async () => {
        this.connections++;
        this.open.add(connection);
      },
      disconnect: () => {
        if (!this.open.delete(connection)) this.late++;
      },
      subscribe: (...channels: string[]) =>
        (this.#last = this.#last.then(this.subscribing).then(() => void this.subscribed.push(...channels))),
      callBuffer: async () => {
        if (this.failure !== undefined) throw this.failure;
        if (this.isSilent) return new Promise(() => {});
        if (this.isLoading) throw new Error('LOADING Redis is loading the dataset in memory');
        return 'digest';
      },
    };
    return connection;
  }
}

test('a server that loads its data is subscribed to meanwhile, once, however long it takes', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const told: string[] = [];
  const sink: EngineSink = {
    message: () => {},
    beat: () => {},
    up: () => void told.push('up'),
    down: () => void told.push('down'),
  };
  const context: EngineContext = { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 };
  await engine.start(sink, context);
  await Promise.all(['a', 'b'].map((topic) => engine.subscribe(topic)));
  server.subscribed.length = 0;
  server.restart();
  await network.advance(60 * HEARTBEAT);
  expect(told).toEqual(['up', 'down']);
  expect(server.subscribed.sort()).toEqual(['topics:beat:n', 'topics:{a}', 'topics:{b}']);
  expect(server.connections).toBe(4);
  server.isLoading = false;
  await network.advance(50);
  expect(told).toEqual(['up', 'down', 'up']);
  await engine.close();
});

test('a hub that is closed while the server loads its data gives up its connections', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const sink: EngineSink = { message: () => {}, beat: () => {}, up: () => {}, down: () => {} };
  await engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  server.restart();
  await network.advance(HEARTBEAT);
  expect(server.open.size).toBe(2);
  await engine.close();
  await network.advance(60 * HEARTBEAT);
  expect(server.open.size).toBe(0);
});

test('a server that is silent: what an attempt has opened is ended with it, and what the last has with the hub', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const sink: EngineSink = { message: () => {}, beat: () => {}, up: () => {}, down: () => {} };
  await engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  server.isSilent = true;
  server.restart();
  await network.advance(60 * HEARTBEAT);
  expect(server.connections).toBeGreaterThan(10);
  expect(server.open.size).toBeLessThanOrEqual(2);
  await network.advance(HEARTBEAT);
  await engine.close();
  expect(server.open.size).toBe(0);
});

test('a start that nobody answers fails, and leaves nothing open', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  server.isSilent = true;
  const engine = redisEngine(server.client);
  const sink: EngineSink = { message: () => {}, beat: () => {}, up: () => {}, down: () => {} };
  const starting = engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  const failed = expect(starting).rejects.toThrow('no answer in time');
  await network.advance(6 * HEARTBEAT);
  await failed;
  expect(server.open.size).toBe(0);
});

test('more topics than are subscribed to within its patience: it waits for as long as it goes on', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const told: string[] = [];
  const sink: EngineSink = {
    message: () => {},
    beat: () => {},
    up: () => void told.push('up'),
    down: () => void told.push('down'),
  };
  await engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  await Promise.all(Array.from({ length: 20_000 }, (_, i) => engine.subscribe(`t${i}`)));
  server.subscribed.length = 0;
  server.subscribing = () =>
    new Promise((resolve) => void network.clock.wakeAt(network.clock.now() + HEARTBEAT, resolve));
  server.restart();
  await network.advance(100);
  server.isLoading = false;
  // Forty commands for the topics and one for the heartbeats, a heartbeat each.
  await network.advance(42 * HEARTBEAT);
  expect(told).toEqual(['up', 'down', 'up']);
  expect(server.subscribed.length).toBe(20_001);
  await engine.close();
});

test('what the library says of a connection that fails is no error of the hub’s: the outcome is unknown', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const sink: EngineSink = { message: () => {}, beat: () => {}, up: () => {}, down: () => {} };
  await engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  server.failure = new Error('Stream isn’t writeable');
  const publishing = engine.publish('news', 'x', { stamp: 's', compress: true });
  await expect(publishing).rejects.toMatchObject({ kind: 'unknown' });
  await engine.close();
});

test('what has ended is not told to end: not what the server has closed, nor what was ended here', async () => {
  const network = createNetwork();
  const server = new FakeServer();
  const engine = redisEngine(server.client);
  const sink: EngineSink = { message: () => {}, beat: () => {}, up: () => {}, down: () => {} };
  await engine.start(sink, { clock: network.clock, heartbeat: HEARTBEAT, node: 'n', random: () => 0.5 });
  server.restart();
  server.isLoading = false;
  await network.advance(HEARTBEAT);
  expect(server).toMatchObject({ connections: 4, late: 0 });
  await engine.close();
  await engine.close();
  expect(server).toMatchObject({ open: new Set(), late: 0 });
});
