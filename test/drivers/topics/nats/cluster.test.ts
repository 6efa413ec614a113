/** JetStream over a cluster of three of Debian's nats-servers, whose stream's leader is killed. */
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { natsEngine } from '../../../../drivers/topics/nats/index.ts';
import { HEARTBEAT, RealNode, SHORT_HEARTBEAT, until } from '../real.ts';
import { has } from '../servers.ts';
import { NatsCluster } from './servers-cluster.ts';

describe.skipIf(!has('nats-server'))('with a cluster of three nats-servers', () => {
  let cluster: NatsCluster;
  const nodes: RealNode[] = [];
  const connections: Awaited<ReturnType<typeof connect>>[] = [];

  beforeAll(async () => {
    cluster = await NatsCluster.start();
    return () => cluster.close();
  }, 90_000);

  afterEach(async () => {
    for (const { hub } of nodes.splice(0)) await hub.close();
    for (const connection of connections.splice(0)) await connection.close();
  });

  /** A node that is at this server first. */
  async function node(server: number, heartbeat = HEARTBEAT): Promise<RealNode> {
    const { ports } = cluster;
    const servers = [...ports.slice(server), ...ports.slice(0, server)].map((port) => `127.0.0.1:${port}`);
    const own = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10, timeout: 3000 };
    const connection = await connect({ servers, noRandomize: true, ...own });
    connections.push(connection);
    const engine = natsEngine(connection, { prefix: 'failover', history: 100, replicas: 3 });
    const started = await new RealNode(engine, { heartbeat }).start();
    nodes.push(started);
    return started;
  }

  /** Publishes until it is done: a retry with its key is done once. */
  async function publish(at: RealNode, text: string): Promise<void> {
    for (;;) {
      const error = await at.hub.publish('news', text, { key: text, timeout: 1000 }).then(() => undefined, String);
      if (error === undefined) return;
      expect(error).toMatch(/^(EngineDownError|OutcomeUnknownError)/);
      await until('it is back', () => at.hub.metrics.engine.isUp, 20_000);
    }
  }

  test('the leader of the stream is killed: what was acknowledged is there, once, in order, and goes on', async () => {
    const all = await Promise.all([0, 1, 2].map((server) => node(server)));
    const told = await Promise.all(all.map((one) => one.subscribe('news')));
    for (let i = 0; i < 10; i++) await publish(all[i % 3]!, `before ${i}`);
    const leader = await cluster.leaderOf('failover_topics', 0);
    expect(leader).not.toBeUndefined();
    await cluster.servers[leader!]!.kill();
    for (let i = 0; i < 10; i++) await publish(all[i % 3]!, `after ${i}`);
    await until('all is there', () => told.every(({ messages }) => messages.includes('after 9')), 20_000);
    const expected = [...Array.from({ length: 10 }, (_, i) => `before ${i}`), ...Array.from({ length: 10 }, (_, i) => `after ${i}`)]; // prettier-ignore
    for (const one of told) expect(one.all).toEqual(expected);
    await cluster.servers[leader!]!.start();
    await cluster.isWhole();
    await publish(all[leader!]!, 'whole again');
    await until('all is there', () => told.every(({ messages }) => messages.includes('whole again')), 20_000);
    for (const one of told) expect(one.all).toEqual([...expected, 'whole again']);
  }, 120_000);

  test('a server is cut off from the others: its nodes go to another, and are given what they missed', async () => {
    const leader = (await cluster.leaderOf('failover_topics', 0))!;
    const cutOff = [0, 1, 2].find((server) => server !== leader)!;
    const [there, here] = [await node(cutOff, SHORT_HEARTBEAT), await node(leader)];
    const told = await there.subscribe('news');
    const join = cluster.cutOff(cutOff);
    try {
      await publish(here, 'cut off');
      // No other message follows, by which it would be missed.
      await until('it is there', () => told.messages.includes('cut off'), 20_000);
      expect(told.all).toEqual(['cut off']);
    } finally {
      join();
    }
    await cluster.isWhole('failover_topics');
  }, 120_000);
});
