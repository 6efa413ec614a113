/** What `console.log` and `JSON.stringify` show of what a program holds: what a log wants to know, and nothing of the insides. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Http2Pool } from '../../../drivers/index.ts';
import { createNetwork, Link, type Network, SeededRandom, VirtualClock } from '../../../drivers/pipe/index.ts';
import { createPresence, createTopics } from '../../../drivers/topics/index.ts';
import { topicsClient } from '../../../drivers/topics/client/index.ts';

/** The text; JSON must have all of it that it can. */
function shown(object: object): string {
  const text = inspect(object, { breakLength: Infinity, depth: 4 });
  const names = Object.keys(JSON.parse(JSON.stringify(object)) as object);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(text).toContain(`${name}: `);
  return text;
}

const serving = (network: Network) => network.listen({ host: 'server' }, (ws) => ws.closed);

describe('topics', () => {
  test('a hub, before, while and after it runs', async () => {
    const network = createNetwork();
    const hub = createTopics({ clock: network.clock });
    expect(shown(hub)).toBe("Topics { state: 'new', isUp: false, topics: 0, subscriptions: 0 }");
    await hub.start();
    await serving(network);
    const ws = await network.open('ws://server');
    await Promise.all([hub.subscribe(ws, 'news'), hub.subscribe(ws, 'weather')]);
    expect(shown(hub)).toBe("Topics { state: 'started', isUp: true, topics: 2, subscriptions: 2 }");
    await hub.close();
    expect(shown(hub)).toBe("Topics { state: 'closed', isUp: false, topics: 0, subscriptions: 0 }");
  });

  test('presence', async () => {
    const network = createNetwork();
    const hub = createTopics({ clock: network.clock });
    await hub.start();
    const presence = createPresence(hub);
    await serving(network);
    await presence.enter(await network.open('ws://server'), 'room');
    expect(shown(presence)).toBe('Presence { nodes: 0, topics: 1, entries: 1, ignored: 0 }');
    await hub.close();
  });

  test('a client of topics', async () => {
    const network = createNetwork();
    const client = topicsClient(network.open.reconnecting('ws://server'), { clock: network.clock });
    expect(shown(client)).toBe("TopicsClient { state: 'waiting', subscriptions: 0, underWay: 0 }");
    await serving(network);
    client.subscribe('news', () => {}).catch(() => {}); // this server never answers
    await network.advance(10_000);
    expect(shown(client)).toBe("TopicsClient { state: 'connected', subscriptions: 1, underWay: 1 }");
    await client.close();
    expect(shown(client)).toBe("TopicsClient { state: 'closed', subscriptions: 0, underWay: 0 }");
  });
});

test('what reconnects, in each state', async () => {
  const network = createNetwork();
  const connections = network.open.reconnecting('ws://server/?token=secret');
  expect(shown(connections)).toBe("Reconnecting { state: 'new', failures: 0, connection: undefined }");
  const first = connections.next();
  await network.settle();
  expect(shown(connections)).toBe("Reconnecting { state: 'waiting', failures: 1, connection: undefined }");
  await serving(network);
  await network.advance(1000);
  const { value: ws } = await first;
  expect(shown(connections)).toBe(
    `Reconnecting { state: 'open', failures: 0, connection: ${inspect(ws, { breakLength: Infinity })} }`,
  );
  expect(shown(connections)).not.toContain('secret');
  await connections.return!();
  expect(shown(connections)).toBe("Reconnecting { state: 'over', failures: 0, connection: undefined }");
});

describe('the pipe', () => {
  test('a network, with its links', async () => {
    const network = createNetwork({ seed: 7, latency: 10 });
    await serving(network);
    await network.open('ws://server', { pingInterval: false });
    expect(shown(network)).toMatch(
      /^Network \{ seed: 7, now: 40, timers: \d+, links: \[ Link \{ id: 1, toServer: \{ delivered: \d+ \}, toClient: \{ delivered: \d+ \} \} \] \}$/,
    );
  });

  test('a clock, and a link of one’s own', () => {
    const clock = new VirtualClock({ manual: true, start: 5 });
    clock.wakeAt(10, () => {});
    expect(shown(clock)).toBe('VirtualClock { now: 5, timers: 1 }');
    const link = new Link({ clock, random: new SeededRandom(1), options: [] });
    expect(shown(link)).toBe('Link { id: 0, toServer: { delivered: 0 }, toClient: { delivered: 0 } }');
  });
});

test('a pool of sessions', async () => {
  const pool = new Http2Pool();
  expect(shown(pool)).toBe('Http2Pool { size: 0, isClosed: false }');
  await pool.close();
  expect(shown(pool)).toBe('Http2Pool { size: 0, isClosed: true }');
});
