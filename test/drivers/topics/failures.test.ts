/** The table of failures (docs/guides/topics.md), on an engine in memory with a virtual clock: the twins of the tests with real servers. */
import { describe, expect, test } from 'vitest';
import type { GapReason } from '../../../drivers/topics/index.ts';
import { Cluster, type Reader } from './cluster.ts';

const REASONS = (reader: Reader): GapReason[] => reader.gaps.map(({ reason }) => reason);

/** Three nodes, a subscriber at each. */
async function three(): Promise<{ cluster: Cluster; readers: Reader[] }> {
  const cluster = await Cluster.of(3, { heartbeat: 100 });
  const readers: Reader[] = [];
  for (const node of cluster.nodes) readers.push(await cluster.subscribe(node, 'news'));
  return { cluster, readers };
}

async function publishAll(cluster: Cluster, texts: readonly string[]): Promise<string[]> {
  const acknowledged: string[] = [];
  for (const [i, text] of texts.entries()) {
    if (await cluster.publish(cluster.nodes[i % cluster.nodes.length]!, 'news', text)) acknowledged.push(text);
  }
  return acknowledged;
}

describe('failures, and what is promised', () => {
  test('every subscriber on every node sees one order, the publishers’ own too', async () => {
    const { cluster, readers } = await three();
    const publishing = cluster.nodes.flatMap(({ hub }, i) =>
      Array.from({ length: 20 }, (_, j) => hub.publish('news', `${i}-${j}`)),
    );
    await cluster.network.advance(100);
    await Promise.all(publishing);
    expect(readers[0]!.messages.length).toBe(60);
    for (const reader of readers) expect(reader.told).toEqual(readers[0]!.told);
  });

  test('an answer that overtakes the messages before it is no hole: without history either, and who is excepted stays so', async () => {
    const { cluster, readers } = await three();
    cluster.broker.history = 0;
    cluster.broker.pushLatency = 6;
    const own = await cluster.subscribe(cluster.nodes[0]!, 'news');
    const publishing = cluster.nodes.flatMap(({ hub }, i) =>
      Array.from({ length: 20 }, (_, j) => hub.publish('news', `${i}-${j}`, { except: own.socket })),
    );
    await cluster.network.advance(100);
    await Promise.all(publishing);
    expect(readers[0]!.messages.length).toBe(60);
    for (const reader of readers) expect(reader.told).toEqual(readers[0]!.told);
    expect(own.messages.filter((text) => text.startsWith('0-'))).toEqual([]);
    for (const { hub } of cluster.nodes) expect(hub.metrics.filled).toBe(0);
  });

  test('the engine is killed and comes back empty: refused meanwhile, one gap, none missing afterwards', async () => {
    const { cluster, readers } = await three();
    await publishAll(cluster, ['1', '2', '3']);
    cluster.broker.kill();
    expect(await publishAll(cluster, ['4', '5', '6'])).toEqual([]);
    cluster.broker.restart({ empty: true });
    await cluster.network.advance(500);
    await publishAll(cluster, ['7', '8', '9']);
    for (const reader of readers) {
      expect(reader.told).toEqual([
        '1',
        '2',
        '3',
        { gap: expect.objectContaining({ reason: 'forgotten' }) },
        '7',
        '8',
        '9',
      ]);
    }
  });

  test('everything is deleted while the links live: one gap, and none missing afterwards', async () => {
    const { cluster, readers } = await three();
    await publishAll(cluster, ['1', '2', '3']);
    cluster.broker.clear();
    await publishAll(cluster, ['4', '5', '6']);
    for (const reader of readers) {
      expect(reader.messages).toEqual(['1', '2', '3', '4', '5', '6']);
      expect(REASONS(reader)).toEqual(['forgotten']);
    }
  });

  test('the engine is killed and comes back with its data: no gap', async () => {
    const { cluster, readers } = await three();
    await publishAll(cluster, ['1', '2', '3']);
    cluster.broker.kill();
    expect(await publishAll(cluster, ['4'])).toEqual([]);
    cluster.broker.restart();
    await cluster.network.advance(500);
    await publishAll(cluster, ['5', '6']);
    for (const reader of readers) expect(reader.told).toEqual(['1', '2', '3', '5', '6']);
  });

  test('a link is killed, twice: what was missed is filled, no gap', async () => {
    const { cluster, readers } = await three();
    const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
    await cluster.publish(second, 'news', '1');
    for (const text of ['2', '3']) {
      first.engine.cut();
      expect(await cluster.publish(second, 'news', text)).toBe(true);
    }
    await cluster.network.advance(100);
    await cluster.publish(second, 'news', '4');
    for (const reader of readers) expect(reader.told).toEqual(['1', '2', '3', '4']);
    expect(first.hub.metrics.filled).toBe(2);
  });

  test('a link falls silent: noticed within 2.5 heartbeats, and filled', async () => {
    const { cluster, readers } = await three();
    const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
    first.engine.silence();
    for (const text of ['1', '2', '3']) await cluster.publish(second, 'news', text);
    expect(readers[0]!.told).toEqual([]);
    await cluster.network.advance(250);
    expect(readers[0]!.told).toEqual(['1', '2', '3']);
    expect(first.hub.metrics.engine.downs).toBe(1);
  });

  test('a node stands still until the engine drops it, with all that waited for it: filled, none missing', async () => {
    const { cluster, readers } = await three();
    const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
    cluster.broker.history = 1000;
    first.engine.silence();
    const texts = Array.from({ length: 300 }, (_, i) => String(i));
    const publishing = texts.map((text) => second.hub.publish('news', text));
    await cluster.network.advance(20);
    await Promise.all(publishing);
    first.engine.cut();
    await cluster.network.advance(500);
    for (const reader of readers) expect(reader.told).toEqual(texts);
    expect(first.hub.metrics.filled).toBe(300);
  });

  test('history was trimmed below what is missing: a gap, then from the oldest that is kept', async () => {
    const { cluster, readers } = await three();
    cluster.broker.history = 2;
    const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
    await cluster.publish(second, 'news', '1');
    first.engine.cut();
    await Promise.all(['2', '3', '4', '5'].map((text) => cluster.publish(second, 'news', text)));
    await cluster.network.advance(100);
    expect(readers[0]!.told).toEqual([
      '1',
      { gap: { reason: 'trimmed', last: expect.stringMatching(/-1-/), next: expect.stringMatching(/-4-/) } },
      '4',
      '5',
    ]);
    expect(readers[1]!.told).toEqual(['1', '2', '3', '4', '5']);
  });

  test('a failover loses writes: a gap, nothing new is dropped, and nothing old comes again', async () => {
    const { cluster, readers } = await three();
    await publishAll(cluster, ['1', '2', '3', '4', '5']);
    cluster.broker.failOver(2);
    // New messages take the offsets of those that were lost, before anybody is there again.
    for (const text of ['6', '7', '8']) {
      cluster.broker.publish('news', text, { stamp: `new${text}`, key: undefined, compress: true });
    }
    await cluster.network.advance(500);
    await publishAll(cluster, ['9']);
    for (const reader of readers) {
      expect(reader.messages).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
      expect(REASONS(reader)).toEqual(['rewritten']);
    }
    expect(cluster.nodes[0]!.hub.metrics.rewritten).toBe(1);
  });

  test('a node is killed: its client resumes at another, and all is there', async () => {
    const { cluster, readers } = await three();
    const [reader] = readers;
    await publishAll(cluster, ['1', '2', '3']);
    await cluster.nodes[0]!.hub.close();
    reader!.client.terminate();
    await cluster.publish(cluster.nodes[1]!, 'news', '4');
    await cluster.subscribe(cluster.nodes[2]!, 'news', { since: reader!.position! }, reader);
    await cluster.publish(cluster.nodes[1]!, 'news', '5');
    expect(reader!.told).toEqual(['1', '2', '3', '4', '5']);
  });

  test('a client resumes on a topic that does not rest: history is asked until it is where the others are, and no more', async () => {
    const { cluster, readers } = await three();
    const [reader] = readers;
    await publishAll(cluster, ['1']);
    reader!.client.terminate();
    cluster.broker.pushLatency = 0.5; // messages are quicker than answers
    let count = 1;
    const go = async (milliseconds: number): Promise<void> => {
      for (let i = 0; i < milliseconds; i++) {
        for (const { hub } of cluster.nodes) void hub.publish('news', String(++count));
        await cluster.network.advance(1);
      }
    };
    await go(20);
    void cluster.subscribe(cluster.nodes[2]!, 'news', { since: reader!.position! }, reader);
    await go(20);
    const { asked } = cluster.broker;
    expect(asked).toBeLessThan(5);
    await go(20);
    expect(cluster.broker.asked).toBe(asked);
    await cluster.network.advance(10);
    expect(reader!.told).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)));
  });

  test('a publish during an outage is rejected, and never appears later', async () => {
    const { cluster, readers } = await three();
    cluster.broker.kill();
    expect(await publishAll(cluster, ['1', '2', '3'])).toEqual([]);
    cluster.broker.restart();
    await cluster.network.advance(60_000);
    for (const reader of readers) expect(reader.told).toEqual([]);
    await publishAll(cluster, ['4']);
    for (const reader of readers) expect(reader.told).toEqual(['4']);
  });

  test('a publish whose answer is lost is of unknown outcome; its retry with the key is done once', async () => {
    const { cluster, readers } = await three();
    const [{ hub, engine }] = cluster.nodes as [Cluster['nodes'][0]];
    const publishing = hub.publish('news', '1', { key: 'k' }).catch((error: Error) => error.name);
    await cluster.network.advance(1.5);
    engine.cut();
    expect(await publishing).toBe('OutcomeUnknownError');
    await cluster.network.advance(100);
    const again = hub.publish('news', '1', { key: 'k' });
    await cluster.network.advance(10);
    expect((await again).position).toMatch(/-1-/);
    for (const reader of readers) expect(reader.told).toEqual(['1']);
  });

  test('more than may be held while a hole is filled is had from history too', async () => {
    const cluster = await Cluster.of(2, { limits: { held: 3, page: 4 } });
    const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
    const reader = await cluster.subscribe(first, 'news');
    first.engine.cut();
    const texts = Array.from({ length: 40 }, (_, i) => String(i));
    for (const text of texts.slice(0, 8)) await cluster.publish(second, 'news', text);
    const rest = texts.slice(8).map((text) => second.hub.publish('news', text));
    await cluster.network.advance(500);
    await Promise.all(rest);
    expect(reader.told).toEqual(texts);
  });
});
