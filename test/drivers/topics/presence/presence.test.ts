/** Who is in a topic, over hubs on a virtual clock. */
import { PresenceMachine } from '../../../../drivers/topics/presence/machine.ts';
import { describe, expect, test } from 'vitest';
import type { Socket } from '../../../../drivers/pipe/index.ts';
import {
  createPresence,
  createTopics,
  memoryEngine,
  type Presence,
  type PresenceChange,
  type PresenceOptions,
  TopicsError,
  type TopicsOptions,
} from '../../../../drivers/topics/index.ts';
import { Cluster } from '../cluster.ts';

const HEARTBEAT = 100;

interface Nodes {
  readonly cluster: Cluster;
  readonly presences: Presence[];
  /** What the changes of each node have told: '+' and '-' with the info. */
  readonly told: string[][];
  socket(): Promise<Socket>;
  add(): Promise<Presence>;
}

async function nodes(count: number, options: TopicsOptions = {}, own: PresenceOptions = {}): Promise<Nodes> {
  const cluster = await Cluster.of(0);
  const presences: Presence[] = [];
  const told: string[][] = [];
  const sockets: Socket[] = [];
  await cluster.network.serve({ host: 'there' }, { open: (socket) => void sockets.push(socket) });
  const all: Nodes = {
    cluster,
    presences,
    told,
    socket: async () => {
      cluster.network.connect('ws://there', {}, {});
      await cluster.network.advance(10);
      return sockets.at(-1)!;
    },
    add: async () => {
      const { hub } = await cluster.addNode({ heartbeat: HEARTBEAT, ...options });
      const mine: string[] = [];
      told.push(mine);
      const onChange = (_topic: string, { came, left }: PresenceChange): void => {
        mine.push(...came.map(({ info }) => `+${String(info)}`), ...left.map(({ info }) => `-${String(info)}`));
      };
      const presence = createPresence(hub, { onChange, ...own });
      presences.push(presence);
      await cluster.network.advance(20);
      return presence;
    },
  };
  for (let i = 0; i < count; i++) await all.add();
  return all;
}

function infos(presence: Presence, topic = 'room'): unknown[] {
  return presence
    .entries(topic)
    .map(({ info }) => info)
    .sort();
}

describe('presence', () => {
  test('all nodes that have to do with a topic know who is in it, and hear who comes and leaves', async () => {
    const { cluster, presences, told, socket } = await nodes(3);
    const [a, b, c] = presences as [Presence, Presence, Presence];
    const [first, second] = [await socket(), await socket()];
    c.watch('room');
    await a.enter(first, 'room', 'ann');
    await b.enter(second, 'room', 'bob');
    await cluster.network.advance(20);
    for (const presence of presences) expect(infos(presence)).toEqual(['ann', 'bob']);
    expect(a.entries('another')).toEqual([]);
    a.leave(first, 'room');
    await cluster.network.advance(20);
    // The first has nothing to do with it any more.
    expect(infos(a)).toEqual([]);
    for (const presence of [b, c]) expect(infos(presence)).toEqual(['bob']);
    expect(told[0]).toEqual(['+ann', '+bob', '-ann']);
    expect(told[1]).toEqual(['+bob', '+ann', '-ann']);
    expect(told[2]).toEqual(['+ann', '+bob', '-ann']);
  });

  test('the end of a socket is the end of all that it has entered', async () => {
    const { cluster, presences, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    const ws = await socket();
    for (const topic of ['room', 'other']) {
      await a.enter(ws, topic, 'ann');
      b.watch(topic);
    }
    await cluster.network.advance(20);
    expect([infos(b), infos(b, 'other')]).toEqual([['ann'], ['ann']]);
    ws.terminate();
    await cluster.network.advance(20);
    expect([infos(b), infos(b, 'other')]).toEqual([[], []]);
    expect(a.counts).toEqual({ nodes: 1, topics: 0, entries: 0, ignored: 0 });
  });

  test('who leaves before it was let in is not there afterwards', async () => {
    const all = await nodes(1);
    const [presence] = all.presences as [Presence];
    const ws = await all.socket();
    const entering = presence.enter(ws, 'room', 'a').catch((error: TopicsError) => error.kind);
    expect(() => presence.leave('room' as never)).toThrow(/a subscriber must be/);
    presence.leave(ws, 'room');
    expect(await entering).toBe('gone');
    const everywhere = ['room', 'hall'].map((topic) => presence.enter(ws, topic, 'b').catch(() => 'not'));
    presence.leave(ws);
    const last = presence.enter(ws, 'hall', 'c');
    expect(await Promise.all(everywhere)).toEqual(['not', 'not']);
    await last;
    expect(infos(presence)).toEqual([]);
    expect(infos(presence, 'hall')).toEqual(['c']);
  });

  test('who enters again is there once, with what was brought last', async () => {
    const { cluster, presences, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    const ws = await socket();
    b.watch('room');
    await a.enter(ws, 'room', { name: 'ann', mood: 'well' });
    await a.enter(ws, 'room', { name: 'ann', mood: 'tired' });
    await cluster.network.advance(20);
    for (const presence of [a, b]) expect(infos(presence)).toEqual([{ name: 'ann', mood: 'tired' }]);
  });

  test('a node that dies without a word: its sockets are gone after two heartbeats, and not before', async () => {
    const { cluster, presences, told, socket } = await nodes(3);
    const [a, b, c] = presences as [Presence, Presence, Presence];
    c.watch('room');
    await a.enter(await socket(), 'room', 'ann');
    await b.enter(await socket(), 'room', 'bob');
    await cluster.network.advance(50);
    // It is heard of no more.
    cluster.nodes[0]!.engine.die();
    await cluster.network.advance(HEARTBEAT - 20);
    expect(infos(c)).toEqual(['ann', 'bob']);
    await cluster.network.advance(1.5 * HEARTBEAT);
    for (const presence of [b, c]) expect(infos(presence)).toEqual(['bob']);
    expect(told[2]).toEqual(['+ann', '+bob', '-ann']);
    expect(c.counts.nodes).toBe(1);
  });

  test('a hub that is closed says so: nobody waits for its lease', async () => {
    const { cluster, presences, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    await a.enter(await socket(), 'room', 'ann');
    b.watch('room');
    await cluster.network.advance(20);
    expect(infos(b)).toEqual(['ann']);
    const closing = cluster.nodes[0]!.hub.close();
    await cluster.network.advance(5);
    await closing;
    expect(infos(b)).toEqual([]);
    expect(await a.enter(await socket(), 'room').catch(({ kind }: TopicsError) => kind)).toBe('closed');
  });

  test('while the engine is away for longer than a lease only its own are shown; then all are back within a heartbeat', async () => {
    const { cluster, presences, told, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    await a.enter(await socket(), 'room', 'ann');
    await b.enter(await socket(), 'room', 'bob');
    await cluster.network.advance(50);
    cluster.broker.kill();
    await cluster.network.advance(3 * HEARTBEAT);
    expect([infos(a), infos(b)]).toEqual([['ann'], ['bob']]);
    // One comes, one of another node leaves, and nobody can say so.
    await b.enter(await socket(), 'room', 'ben');
    cluster.broker.restart();
    await cluster.network.advance(HEARTBEAT);
    for (const presence of presences) expect(infos(presence)).toEqual(['ann', 'ben', 'bob']);
    expect(told[0]).toEqual(['+ann', '+bob', '-bob', '+bob', '+ben']);
  });

  test('an outage shorter than a lease takes nobody away', async () => {
    const { cluster, presences, told, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    await a.enter(await socket(), 'room', 'ann');
    await b.enter(await socket(), 'room', 'bob');
    await cluster.network.advance(20);
    cluster.broker.kill();
    cluster.broker.restart({ empty: true });
    await cluster.network.advance(3 * HEARTBEAT);
    for (const mine of told) expect([...mine].sort()).toEqual(['+ann', '+bob']);
  });

  test('a node that died during an outage is not there after it: nothing that was known revives it', async () => {
    const { cluster, presences, socket } = await nodes(2);
    const [a, b] = presences as [Presence, Presence];
    await a.enter(await socket(), 'room', 'ann');
    b.watch('room');
    await cluster.network.advance(50);
    expect(infos(b)).toEqual(['ann']);
    cluster.nodes[0]!.engine.die();
    cluster.broker.kill();
    await cluster.network.advance(3 * HEARTBEAT);
    cluster.broker.restart();
    await cluster.network.advance(10 * HEARTBEAT);
    expect(infos(b)).toEqual([]);
  });

  test('a node that comes later knows all, of thousands too', async () => {
    const { cluster, presences, add, socket } = await nodes(1, {}, { limits: { topics: false } });
    const [a] = presences as [Presence];
    for (let i = 0; i < 20; i++) {
      const ws = await socket();
      await a.enter(ws, 'room', i);
      for (let j = 0; j < 60; j++) await a.enter(ws, `${j}`, i);
    }
    const b = await add();
    b.watch('room');
    for (let j = 0; j < 60; j++) b.watch(`${j}`);
    await cluster.network.advance(HEARTBEAT);
    expect(b.entries('room').length).toBe(20);
    expect(b.counts.entries).toBe(20 * 61);
    for (let j = 0; j < 60; j++) b.unwatch(`${j}`);
    await cluster.network.advance(20);
    expect(b.counts).toMatchObject({ topics: 1, entries: 20 });
  });

  test('who may not enter does not; what is revoked ends', async () => {
    const asked: string[] = [];
    const { cluster, presences, socket } = await nodes(2, {
      authorize: (_ws, topic, action) => void asked.push(action) === undefined && topic !== 'secret',
    });
    const [a, b] = presences as [Presence, Presence];
    const ws = await socket();
    const { hub } = cluster.nodes[0]!;
    expect(await a.enter(ws, 'secret').catch(({ kind }: TopicsError) => kind)).toBe('denied');
    await a.enter(ws, 'room', 'ann');
    await a.enter(ws, 'other', 'ann');
    b.watch('room');
    await cluster.network.advance(20);
    expect(hub.revoke((_ws, topic) => topic === 'room')).toBe(1);
    await cluster.network.advance(20);
    expect([infos(b), infos(a, 'other')]).toEqual([[], ['ann']]);
    expect(asked).toEqual(['enter', 'enter', 'enter']);
  });

  test('limits: topics of a socket, bytes of an entry, entries in all', async () => {
    const limits = { topics: 2, info: 10, entries: 3 };
    const { cluster, presences, socket } = await nodes(2, {}, { limits });
    const [a, b] = presences as [Presence, Presence];
    const [first, second] = [await socket(), await socket()];
    for (const topic of ['1', '2']) await a.enter(first, topic);
    expect(await a.enter(first, '3').catch(({ kind }: TopicsError) => kind)).toBe('limit');
    await a.enter(first, '2', 'again');
    await expect(a.enter(second, '1', '123456789')).rejects.toThrow(RangeError);
    await a.enter(second, '1');
    expect(await a.enter(second, '2').catch(({ kind }: TopicsError) => kind)).toBe('limit');
    // What other nodes bring finds no more room than that.
    for (const topic of ['3', '4']) await b.enter(second, topic);
    b.watch('1');
    b.watch('2');
    await cluster.network.advance(20 * HEARTBEAT);
    expect(b.counts.entries).toBeLessThanOrEqual(3);
    expect(b.counts.ignored).toBeGreaterThan(0);
  });

  test('it is not seen in what the hub counts, and its topics are nobody’s', async () => {
    const { cluster, presences, socket } = await nodes(2);
    const [a] = presences as [Presence];
    await a.enter(await socket(), 'room');
    cluster.broker.kill();
    cluster.broker.restart({ empty: true });
    await cluster.network.advance(5 * HEARTBEAT);
    const { hub } = cluster.nodes[0]!;
    expect(hub.topics()).toEqual([]);
    expect(hub.metrics).toMatchObject({
      topics: 0,
      subscriptions: 0,
      published: 0,
      delivered: 0,
      refused: 0,
      gaps: {},
    });
    await expect(hub.publish('\u0001nodes', '{"n":"x"}')).rejects.toThrow(TypeError);
  });

  test('misuse is a TypeError or RangeError', async () => {
    const hub = createTopics({ engine: memoryEngine() });
    expect(() => createPresence(hub)).toThrow(TypeError);
    const { cluster, presences, socket } = await nodes(1);
    const [a] = presences as [Presence];
    const own = cluster.nodes[0]!.hub;
    expect(() => createPresence(own)).toThrow(/one presence/);
    expect(() => createPresence(own, { onChnge: () => {} } as never)).toThrow(/onChnge/);
    expect(() => createPresence(own, { limits: { infos: 1 } } as never)).toThrow(/infos/);
    expect(() => createPresence(own, { onChange: 1 } as never)).toThrow(TypeError);
    expect(() => a.watch('')).toThrow(RangeError);
    expect(() => a.watch('a\u0001')).toThrow(TypeError);
    const ws = await socket();
    for (const bad of [() => a.enter({} as never, 'room'), () => a.enter(ws, 'a\n'), () => a.enter(ws, 'a', () => 1)]) {
      await expect(bad()).rejects.toThrow(TypeError);
    }
    a.leave(ws, 'nothing');
    a.leave(ws);
    a.unwatch('nothing');
  });

  test('what onChange throws or rejects with goes to onError', async () => {
    const errors: string[] = [];
    const { presences, socket } = await nodes(
      1,
      { onError: (error) => void errors.push(String(error)) },
      {
        onChange: (topic) => {
          if (topic === 'now') throw new Error('now');
          return Promise.reject(new Error('later'));
        },
      },
    );
    const [a] = presences as [Presence];
    const ws = await socket();
    await a.enter(ws, 'now');
    await a.enter(ws, 'later');
    await Promise.resolve();
    expect(errors).toEqual(['Error: now', 'Error: later']);
  });
});

test('what was missed of a topic is asked for with the next heartbeat: answers that come at once would be the next gap', () => {
  const said: [topic: string | undefined, text: string][] = [];
  const output = {
    say: (topic: string | undefined, text: string) => void said.push([topic, text]),
    follow() {},
    unfollow() {},
    changed() {},
  };
  const machine = new PresenceMachine({ output, node: 'a', lease: 1000, mostEntries: 100 });
  machine.enter('room', '1', 'ann');
  machine.opened('room');
  while (said.length > 0) machine.said(said.shift()![0], true);
  for (let i = 0; i < 3; i++) machine.gap('room', i);
  expect(said).toEqual([]);
  machine.tick();
  expect(said.map(([topic]) => topic)).toEqual([undefined, 'room']);
  expect(JSON.parse(said[1]![1])).toMatchObject({ q: true, a: 0, c: [['1', 'ann']] });
  // Nor when it is something of its own that was being said as the gap came.
  machine.gap('room', 4);
  machine.gap(undefined, 4);
  machine.said('room', true);
  machine.enter('room', '2', 'bob');
  expect(said).toHaveLength(2);
});

test('messages that come later than answers don’t have the nodes say everything over and over', async () => {
  const { cluster, socket, add } = await nodes(0);
  cluster.broker.pushLatency = 4;
  const [a, b] = [await add(), await add()];
  for (const presence of [a, b]) presence.watch('room');
  const sockets: Socket[] = [];
  while (sockets.length < 20) sockets.push(await socket());
  await cluster.network.advance(HEARTBEAT);
  for (const [i, one] of sockets.entries()) {
    void [a, b][i % 2]!.enter(one, 'room', i + 10);
    await cluster.network.advance(1);
  }
  await cluster.network.advance(5 * HEARTBEAT);
  for (const presence of [a, b]) expect(infos(presence)).toEqual(sockets.map((_socket, i) => i + 10));
  const before = cluster.broker.published;
  await cluster.network.advance(10 * HEARTBEAT);
  // A beat each, and nothing else.
  expect(cluster.broker.published - before).toBe(20);
});

test('a node that hears the line of all nodes from now on says everything: it may have been asked before', () => {
  const said: (string | undefined)[] = [];
  const output = {
    say: (topic: string | undefined) => void said.push(topic),
    follow() {},
    unfollow() {},
    changed() {},
  };
  const machine = new PresenceMachine({ output, node: 'a', lease: 1000, mostEntries: 100 });
  machine.enter('room', '1', 'ann');
  machine.opened('room');
  while (said.length > 0) machine.said(said.shift(), true);
  machine.joined();
  expect(said).toEqual([undefined, 'room']);
});
