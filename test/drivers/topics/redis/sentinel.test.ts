/** A master, its replica and a sentinel of Debian's redis-server: a failover with every library that asks sentinels. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Redis as IoRedis } from 'ioredis';
import { Redis as IoValkey } from 'iovalkey';
import { createSentinel } from 'redis';
import { createSentinel as createSentinel5 } from 'redis5';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineDownError } from '../../../../drivers/topics/index.ts';
import { type RedisClient, redisEngine } from '../../../../drivers/topics/redis/index.ts';
import { RealNode, until } from '../real.ts';
import { freePort } from '../../../support/free-port.ts';
import { has, ServerProcess, startRedis } from '../servers.ts';

const NAME = 'primary';

const LIBRARIES: readonly (readonly [string, (sentinels: Address[]) => RedisClient])[] = [
  ['ioredis', (sentinels) => new IoRedis({ sentinels, name: NAME, lazyConnect: true })],
  ['iovalkey', (sentinels) => new IoValkey({ sentinels, name: NAME, lazyConnect: true })],
];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Address {
  readonly host: string;
  readonly port: number;
}

const at = (port: number): Address => ({ host: '127.0.0.1', port });

async function startSentinel(master: number): Promise<ServerProcess> {
  const port = await freePort();
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `sentinel monitor ${NAME} 127.0.0.1 ${master} 1`],
    ...[`sentinel down-after-milliseconds ${NAME} 500`, `sentinel failover-timeout ${NAME} 3000`],
  ];
  const sentinel = new ServerProcess('redis-server', port, (folder) => {
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, [...lines, `dir ${folder}`].join('\n'));
    return [file, '--sentinel'];
  });
  await sentinel.start();
  return sentinel;
}

/** It takes connections, and says nothing. */
async function silent(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!has('redis-server'))('with sentinels', () => {
  test.each(LIBRARIES)('%s: the master is killed: refused, filled from the next, no gap', async (_name, clientOf) => {
    const [master, replica] = [await startRedis(), await startRedis()];
    const standby = new IoRedis(replica.port, '127.0.0.1');
    ends.push(() => Promise.all([master.close(), replica.close()]));
    ends.push(() => standby.disconnect());
    await standby.replicaof('127.0.0.1', master.port);
    while (!/master_link_status:up/.test(await standby.info('replication'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const sentinel = await startSentinel(master.port);
    ends.push(() => sentinel.close());
    // The first of them is there and answers nothing: the next one is asked.
    const sentinels = [at(await silent()), at(sentinel.port)];
    const nodes = await Promise.all([1, 2].map(() => new RealNode(redisEngine(clientOf(sentinels))).start()));
    ends.push(() => Promise.all(nodes.map(({ hub }) => hub.close())));
    const all = await Promise.all(nodes.map((node) => node.subscribe('news')));
    await nodes[0]!.hub.publish('news', '1');
    while ((await standby.get('topics:{news}:m')) === null) await new Promise((resolve) => setTimeout(resolve, 5));
    await master.kill();
    await until('it is noticed', () => nodes.every(({ hub }) => !hub.metrics.engine.isUp));
    await expect(nodes[0]!.hub.publish('news', 'never')).rejects.toThrow(EngineDownError);
    await until('there is another', () => nodes.every(({ hub }) => hub.metrics.engine.isUp), 15_000);
    await nodes[1]!.hub.publish('news', '2');
    await until('all is there', () => all.every(({ messages }) => messages.length === 2));
    for (const told of all) expect(told.all).toEqual(['1', '2']);
  });

  test.each(LIBRARIES)(
    '%s: none of them is there: the start fails, and is not tried again',
    async (_name, clientOf) => {
      const client = clientOf([at(await freePort()), at(await freePort())]);
      const starting = new RealNode(redisEngine(client)).start();
      await expect(starting).rejects.toMatchObject({ cause: { message: expect.stringMatching(/retry is disabled/) } });
    },
  );
});

test.each([
  ['node-redis 6', () => createSentinel({ name: NAME, sentinelRootNodes: [at(1)] })],
  ['node-redis 5', () => createSentinel5({ name: NAME, sentinelRootNodes: [at(1)] })],
])('%s: its Sentinel is refused, with what to take', (_name, create) => {
  expect(() => redisEngine(create() as never)).toThrow(/ioredis or iovalkey, with `sentinels`/);
});
