/** The public face of a hub, on one process. */
import { describe, expect, test } from 'vitest';
import { createNetwork, type Network, type Socket, type WebSocket } from '../../../drivers/pipe/index.ts';
import {
  createPresence,
  createTopics,
  EngineDownError,
  type EngineSink,
  type Gap,
  memoryEngine,
  OutcomeUnknownError,
  type Topics,
  TopicsError,
  type TopicsOptions,
} from '../../../drivers/topics/index.ts';
import { Cluster, Reader } from './cluster.ts';

/** A hub in memory, with so many clients of the event face. */
async function started(
  clients: number,
  options: TopicsOptions = {},
  sendHighWater = 1024,
): Promise<{ hub: Topics; network: Network; sockets: Socket[]; received: string[][]; clientSockets: Socket[] }> {
  const network = createNetwork();
  const hub = createTopics({ clock: network.clock, ...options });
  await hub.start();
  const sockets: Socket[] = [];
  const received: string[][] = [];
  const clientSockets: Socket[] = [];
  await network.serve({ host: 'server', sendHighWater }, { open: (socket) => void sockets.push(socket) });
  for (let i = 0; i < clients; i++) {
    const mine: string[] = [];
    received.push(mine);
    clientSockets.push(
      network.connect('ws://server', {}, { message: (_socket, data) => void mine.push(String(data)) }),
    );
  }
  await network.settle();
  return { hub, network, sockets, received, clientSockets };
}

describe('subscribe and publish', () => {
  test('an engine is asked about many topics in a few questions at once, however many there are', async () => {
    let underWay = 0;
    let most = 0;
    const engine = memoryEngine();
    const heads = engine.heads!.bind(engine);
    engine.heads = async (topics) => {
      most = Math.max(most, ++underWay);
      expect(topics.length).toBeLessThanOrEqual(1000);
      const places = await heads(topics);
      underWay--;
      return places;
    };
    const { hub, network, sockets } = await started(1, { engine, limits: { subscriptions: false } });
    const all = Array.from({ length: 20_000 }, (_, i) => hub.subscribe(sockets[0]!, `t${i}`));
    await network.advance(100);
    await Promise.all(all);
    expect(most).toBe(8);
    expect(underWay).toBe(0);
  });

  test('a message reaches every subscriber of its topic, and nobody else', async () => {
    const { hub, network, sockets, received } = await started(3);
    await hub.subscribe(sockets[0]!, 'news');
    await hub.subscribe(sockets[1]!, 'news');
    await hub.subscribe(sockets[2]!, 'other');
    const { delivered, position } = await hub.publish('news', 'hello');
    expect(delivered).toBe(2);
    expect(position).toMatch(/^\w+-1-\w+$/);
    await network.settle();
    expect(received).toEqual([['hello'], ['hello'], []]);
  });

  test('whoever is unsubscribed before it was decided is not subscribed afterwards', async () => {
    const decisions: ((may: boolean) => void)[] = [];
    const authorize = () => new Promise<boolean>((resolve) => decisions.push(resolve));
    const { hub, sockets } = await started(1, { authorize });
    const [ws] = sockets as [Socket];
    const one = hub.subscribe(ws, 'news').catch((error: TopicsError) => error);
    const other = hub.subscribe(ws, 'sport').catch((error: TopicsError) => error);
    hub.unsubscribe(ws, 'news');
    const again = hub.subscribe(ws, 'news');
    for (const decide of decisions) decide(true);
    expect(await one).toMatchObject({ name: 'TopicsError', kind: 'gone' });
    await again;
    expect(await other).toHaveProperty('position');
    expect(hub.topicsOf(ws).sort()).toEqual(['news', 'sport']);
    hub.unsubscribe(ws);
    const last = hub.subscribe(ws, 'news').catch((error: TopicsError) => error.kind);
    hub.unsubscribe(ws);
    decisions.at(-1)!(true);
    expect(await last).toBe('gone');
    expect(hub.topicsOf(ws)).toEqual([]);
    const denied = hub.subscribe(ws, 'news').catch((error: TopicsError) => error.kind);
    hub.unsubscribe(ws, 'news');
    decisions.at(-1)!(false);
    expect(await denied).toBe('denied');
  });

  test.each([1, 2])('who is subscribed while a message is given out to %s gets it, too', async (count) => {
    let whileItIsGivenOut = (): void => {};
    const frame = (_topic: string, message: string | Uint8Array): string => {
      whileItIsGivenOut();
      return String(message);
    };
    const { hub, network, sockets, received } = await started(count + 1, { frame });
    for (const ws of sockets.slice(0, count)) await hub.subscribe(ws, 'news');
    const began: Promise<{ position: string | undefined }>[] = [];
    whileItIsGivenOut = () => void (began.length === 0 && began.push(hub.subscribe(sockets[count]!, 'news')));
    for (const message of ['1', '2']) await hub.publish('news', message);
    await network.settle();
    expect((await began[0]!).position).toMatch(/^\w+-0-$/);
    for (const messages of received) expect(messages).toEqual(['1', '2']);
  });

  test('who is unsubscribed while a message is made for it does not get it', async () => {
    const { hub, network, sockets, received } = await started(2, {
      frame(_topic, message) {
        hub.unsubscribe(sockets[0]!);
        return message;
      },
    });
    for (const ws of sockets) await hub.subscribe(ws, 'news');
    expect(await hub.publish('news', '1')).toMatchObject({ delivered: 1 });
    await network.settle();
    expect(received).toEqual([[], ['1']]);
  });

  test('bytes go out as BINARY and strings as TEXT', async () => {
    const network = createNetwork();
    const hub = createTopics({ clock: network.clock });
    await hub.start();
    await network.listen({ host: 'server' }, async (ws) => {
      await hub.subscribe(ws, 'news');
      await ws.send('ready');
      await ws.closed;
    });
    const ws = await network.open('ws://server');
    await ws.receive();
    await hub.publish('news', new Uint8Array([1, 2]).buffer);
    await hub.publish('news', 'grüße');
    expect([await ws.receive(), await ws.receive()]).toEqual([new Uint8Array([1, 2]), 'grüße']);
  });

  test('a WebSocket that is sending a fragmented message gets it after that', async () => {
    const network = createNetwork();
    const hub = createTopics({ clock: network.clock });
    await hub.start();
    let server!: WebSocket;
    await network.listen({ host: 'server' }, async (ws) => {
      server = ws;
      await hub.subscribe(ws, 'news');
      await ws.send('ready');
      await ws.closed;
    });
    const ws = await network.open('ws://server');
    await ws.receive();
    let go!: () => void;
    const sending = server.send(
      (async function* () {
        yield 'one ';
        await new Promise<void>((resolve) => (go = resolve));
        yield 'message';
      })(),
    );
    await network.settle();
    await hub.publish('news', 'another');
    await hub.publish('news', 'a third');
    go();
    await sending;
    await network.settle();
    expect([await ws.receive(), await ws.receive(), await ws.receive()]).toEqual(['one message', 'another', 'a third']);
  });

  test('a Socket between fragments gets it from history at the next tick', async () => {
    const { hub, network, sockets, received } = await started(1);
    await hub.subscribe(sockets[0]!, 'news');
    sockets[0]!.sendFragment('one ', false);
    await hub.publish('news', 'two');
    await hub.publish('news', 'three');
    sockets[0]!.sendFragment('message', true);
    await network.advance(1100);
    expect(received).toEqual([['one message', 'two', 'three']]);
  });

  test('subscribing twice delivers once', async () => {
    const { hub, network, sockets, received } = await started(1);
    await hub.subscribe(sockets[0]!, 'news');
    await hub.subscribe(sockets[0]!, 'news');
    await hub.publish('news', 'hello');
    await network.settle();
    expect(received).toEqual([['hello']]);
    expect(hub.metrics.subscriptions).toBe(1);
  });

  test('the end of a socket ends its subscriptions', async () => {
    const { hub, network, sockets, clientSockets } = await started(2);
    await hub.subscribe(sockets[0]!, 'a');
    await hub.subscribe(sockets[0]!, 'b');
    await hub.subscribe(sockets[1]!, 'b');
    clientSockets[0]!.close();
    await network.settle();
    expect(hub.topics()).toEqual(['b']);
    expect(hub.subscribers('b')).toEqual([sockets[1]]);
    expect(hub.subscribers('a')).toEqual([]);
    expect(await hub.subscribe(sockets[0]!, 'a').catch((error: TopicsError) => error.kind)).toBe('gone');
  });

  test('unsubscribing ends one subscription, or all', async () => {
    const { hub, sockets } = await started(1);
    for (const topic of ['a', 'b', 'c']) await hub.subscribe(sockets[0]!, topic);
    hub.unsubscribe(sockets[0]!, 'b');
    expect(hub.topicsOf(sockets[0]!)).toEqual(['a', 'c']);
    hub.unsubscribe(sockets[0]!);
    expect(hub.topics()).toEqual([]);
  });

  test('the one that is excepted does not get it, now or from history', async () => {
    const { hub, network, sockets, received } = await started(2);
    for (const socket of sockets) await hub.subscribe(socket, 'news');
    expect((await hub.publish('news', 'mine', { except: sockets[0]! })).delivered).toBe(1);
    await network.settle();
    expect(received).toEqual([[], ['mine']]);
  });

  test('a retry with its key is done once, and is told where the message stands', async () => {
    const { hub, network, sockets, received } = await started(1);
    await hub.subscribe(sockets[0]!, 'news');
    const first = await hub.publish('news', 'hello', { key: '1' });
    const again = await hub.publish('news', 'hello', { key: '1' });
    expect(again.position).toBe(first.position);
    await hub.publish('other', 'hello', { key: '1' });
    await network.settle();
    expect(received).toEqual([['hello']]);
  });

  test('frame makes what goes over the wire once a publish, however many get it', async () => {
    let calls = 0;
    const { hub, network, sockets, received } = await started(3, {
      frame: (topic, message, position) => `${++calls} ${topic} ${String(message)} ${position!.split('-')[1]}`,
    });
    for (const socket of sockets) await hub.subscribe(socket, 'news');
    await hub.publish('news', 'hello');
    await network.settle();
    expect(received).toEqual(Array(3).fill(['1 news hello 1']));
  });

  test('a frame or a revoke that gives a promise is told so, and no promise of it ends the process', async () => {
    const errors: unknown[] = [];
    const late = (async () => Promise.reject(new Error('unheard'))) as never;
    const { hub, network, sockets, received } = await started(1, {
      frame: late,
      onError: (error) => void errors.push(error),
    });
    await hub.subscribe(sockets[0]!, 'news');
    await hub.publish('news', 'x');
    await network.settle();
    expect(received).toEqual([[]]);
    expect(errors).toEqual([new TypeError('frame must return a string or bytes, not a promise of them')]);
    expect(() => hub.revoke(late)).toThrow('revoke takes a function that answers at once');
    expect(hub.topics()).toEqual(['news']);
  });

  test('a frame that fails is reported, and the subscribers are told of a gap', async () => {
    const errors: unknown[] = [];
    const gaps: Gap[] = [];
    const { hub, network, sockets, received } = await started(1, {
      frame: (_topic, message) => {
        if (message === 'bad') throw new Error('no frame');
        return message;
      },
      onGap: (_ws, _topic, gap) => void gaps.push(gap),
      onError: (error) => void errors.push(error),
    });
    await hub.subscribe(sockets[0]!, 'news');
    await hub.publish('news', 'bad');
    await hub.publish('news', 'good');
    await network.settle();
    expect(received).toEqual([['good']]);
    expect(gaps.map(({ reason }) => reason)).toEqual(['frame']);
    expect(errors.map(String)).toEqual(['Error: no frame']);
  });

  test('what callbacks throw or reject with is reported, and ends nothing', async () => {
    const errors: unknown[] = [];
    const { hub, network, sockets, received } = await started(1, {
      onGap: async () => Promise.reject(new Error('from onGap')),
      observer: {
        onPublish: () => {
          throw new Error('from the observer');
        },
      },
      onError: (error) => void errors.push(error),
      engine: memoryEngine({ history: 1 }),
    });
    const { position } = await hub.publish('news', 'one');
    await hub.publish('news', 'two');
    await hub.publish('news', 'three');
    await hub.subscribe(sockets[0]!, 'news', { since: position! });
    await network.settle();
    expect(received).toEqual([['three']]);
    expect(errors.map(String)).toContain('Error: from onGap');
    expect(errors.map(String)).toContain('Error: from the observer');
  });
});

describe('since', () => {
  test('what followed the position is replayed, then it goes live with no hole and no double', async () => {
    const { hub, network, sockets, received } = await started(1);
    const { position } = await hub.publish('news', '0');
    for (let i = 1; i <= 300; i++) await hub.publish('news', String(i));
    const subscribing = hub.subscribe(sockets[0]!, 'news', { since: position! });
    const publishing = Array.from({ length: 50 }, (_, i) => hub.publish('news', String(301 + i)));
    await Promise.all([subscribing, ...publishing]);
    await network.settle();
    expect(received[0]).toEqual(Array.from({ length: 350 }, (_, i) => String(i + 1)));
    expect(await subscribing).toEqual({ position });
  });

  test('a subscription begins where its position says', async () => {
    const { hub, network, sockets, received } = await started(2);
    await hub.publish('news', 'before');
    const { position } = await hub.subscribe(sockets[0]!, 'news');
    await hub.publish('news', 'after');
    await hub.subscribe(sockets[1]!, 'news', { since: position! });
    await network.settle();
    expect(received).toEqual([['after'], ['after']]);
  });

  test('what history no longer keeps is told as a gap, then the oldest that is kept follows', async () => {
    const gaps: Gap[] = [];
    const { hub, network, sockets, received } = await started(1, {
      engine: memoryEngine({ history: 2 }),
      onGap: (_ws, _topic, gap) => void gaps.push(gap),
    });
    const first = await hub.publish('news', '1');
    for (const text of ['2', '3', '4', '5']) await hub.publish('news', text);
    await hub.subscribe(sockets[0]!, 'news', { since: first.position! });
    await network.settle();
    expect(received).toEqual([['4', '5']]);
    expect(gaps).toEqual([{ reason: 'trimmed', last: first.position, next: expect.stringMatching(/-4-/) }]);
  });

  test('a position of another hub is a gap, and then all that is kept', async () => {
    const gaps: Gap[] = [];
    const { hub, network, sockets, received } = await started(1, { onGap: (_ws, _topic, gap) => void gaps.push(gap) });
    await hub.publish('news', '1');
    await hub.subscribe(sockets[0]!, 'news', { since: 'elsewhere-7-stamp' });
    await network.settle();
    expect(received).toEqual([['1']]);
    expect(gaps.map(({ reason, last }) => [reason, last])).toEqual([['forgotten', 'elsewhere-7-stamp']]);
  });
});

describe('history', () => {
  test('it comes in pages, each since the last of the one before', async () => {
    const { hub } = await started(0);
    for (let i = 1; i <= 5; i++) await hub.publish('news', String(i));
    const page = await hub.history('news', { limit: 3 });
    expect(page.messages.map(({ data }) => data)).toEqual(['1', '2', '3']);
    expect(page.more).toBe(true);
    const rest = await hub.history('news', { since: page.messages.at(-1)!.position });
    expect(rest.messages.map(({ data }) => data)).toEqual(['4', '5']);
    expect([rest.more, rest.hole, rest.position]).toEqual([false, undefined, rest.messages.at(-1)!.position]);
  });

  test('hole tells that something before it is no longer kept', async () => {
    const { hub } = await started(0, { engine: memoryEngine({ history: 1 }) });
    const { position } = await hub.publish('news', '1');
    for (const text of ['2', '3']) await hub.publish('news', text);
    expect(await hub.history('news', { since: position! })).toMatchObject({ hole: 'trimmed', more: false });
  });

  test('a topic that is only looked at is not kept: with a past that was forgotten, its place is another', async () => {
    const { hub, network } = await started(0, { engine: memoryEngine({ ttl: 1000 }) });
    const { position } = await hub.history('nobody’s');
    expect((await hub.history('nobody’s')).position).toBe(position);
    await hub.publish('other', 'x');
    await network.advance(2000);
    await hub.publish('a third', 'x');
    expect((await hub.history('nobody’s')).position).not.toBe(position);
    expect((await hub.history('other', { since: position })).hole).toBe('forgotten');
  });
});

/** Fills a socket's buffer, so that it counts as slow: its client reads nothing until `unstall`. */
async function stall(network: Network, socket: Socket): Promise<() => void> {
  const [link] = network.links;
  link!.toClient.stall();
  while (socket.bufferedAmount < socket.sendHighWater) {
    socket.send('x'.repeat(8192));
    await network.settle();
  }
  return () => link!.toClient.unstall();
}

describe('a slow subscriber', () => {
  const texts = Array.from({ length: 20 }, (_, i) => String(i));

  async function slow(policy: TopicsOptions['slow'], options: TopicsOptions = {}) {
    const gaps: Gap[] = [];
    const all = await started(1, { onGap: (_ws, _topic, gap) => void gaps.push(gap), ...options });
    const { hub, network, sockets, received } = all;
    await hub.subscribe(sockets[0]!, 'news', { slow: policy });
    const unstall = await stall(network, sockets[0]!);
    const before = sockets[0]!.bufferedAmount;
    for (const text of texts) await hub.publish('news', text);
    const buffered = sockets[0]!.bufferedAmount - before;
    unstall();
    await network.settle();
    await hub.publish('news', 'later');
    await network.settle();
    return { ...all, gaps, buffered, messages: received[0]!.filter((text) => text.length < 100) };
  }

  test('catch-up: it is given everything from history, in order, at its own pace', async () => {
    const { messages, gaps, buffered, hub } = await slow('catch-up');
    expect(messages).toEqual([...texts, 'later']);
    expect(gaps).toEqual([]);
    expect(buffered).toBeLessThan(10);
    expect(hub.metrics.caughtUp).toBeGreaterThan(15);
  });

  test('catch-up, past what history keeps: the gap is told, then the rest', async () => {
    const { messages, gaps } = await slow('catch-up', { engine: memoryEngine({ history: 5 }) });
    expect(messages.slice(-6)).toEqual(['15', '16', '17', '18', '19', 'later']);
    expect(gaps.map(({ reason }) => reason)).toEqual(['trimmed']);
  });

  test('skip: it goes without, and is told when it takes messages again', async () => {
    const { messages, gaps, hub } = await slow('skip');
    expect(messages.length).toBeLessThan(4);
    expect(messages.at(-1)).toBe('later');
    expect(gaps.map(({ reason }) => reason)).toEqual(['slow']);
    expect(hub.metrics.skipped).toBeGreaterThan(15);
  });

  test('latest: it is given the newest', async () => {
    const { messages, gaps } = await slow('latest');
    expect(messages.slice(-2)).toEqual(['19', 'later']);
    expect(gaps.map(({ reason }) => reason)).toEqual(['slow']);
  });

  test('send: it is sent everything', async () => {
    const { messages, gaps, buffered } = await slow('send');
    expect(messages).toEqual([...texts, 'later']);
    expect(buffered).toBeGreaterThan(40);
    expect(gaps).toEqual([]);
  });

  test('terminate: its connection is ended', async () => {
    const { sockets, hub } = await slow('terminate');
    expect(sockets[0]!.state).toBe('closed');
    expect(sockets[0]!.closeInfo!.error!.message).toMatch(/too slow/);
    expect(hub.topics()).toEqual([]);
  });

  test('12,000 messages of 1 kB: at most sendHighWater and a message are buffered, and all arrive', async () => {
    const { hub, network, sockets, received } = await started(2, { engine: memoryEngine({ history: 20_000 }) }, 65_536);
    for (const socket of sockets) await hub.subscribe(socket, 'news');
    const [link] = network.links;
    link!.toClient.stall();
    let most = 0;
    for (let i = 0; i < 12_000; i++) {
      await hub.publish('news', String(i).padEnd(1000));
      if (i % 1000 === 0) await network.settle();
      most = Math.max(most, sockets[0]!.bufferedAmount);
    }
    expect(most).toBeLessThanOrEqual(65_536 + 1010);
    link!.toClient.unstall();
    await network.settle();
    for (const mine of received) expect(mine.map(Number)).toEqual(Array.from({ length: 12_000 }, (_, i) => i));
  });
});

describe('authorize', () => {
  test.each([
    ['false', () => false],
    ['undefined', () => undefined as never],
    ['a truthy value that is not true', () => 1 as never],
    ['an error', () => Promise.reject(new Error('no database'))],
  ])('%s denies', async (_what, authorize) => {
    const { hub, sockets } = await started(1, { authorize });
    const error = await hub.subscribe(sockets[0]!, 'news').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TopicsError);
    expect((error as TopicsError).kind).toBe('denied');
    expect(hub.topics()).toEqual([]);
    const publishing = hub.publish('news', 'x', { from: sockets[0]! });
    expect(await publishing.catch((reason: TopicsError) => reason.kind)).toBe('denied');
    // The server's own publishes are nobody's to deny.
    expect(await hub.publish('news', 'x')).toMatchObject({ delivered: 0 });
  });

  test('its signal fires when the socket ends while it decides', async () => {
    let signal!: AbortSignal;
    const { hub, network, sockets, clientSockets } = await started(1, {
      authorize: (_ws, _topic, _action, context) => {
        signal = context.signal;
        return new Promise<boolean>((resolve) => signal.addEventListener('abort', () => resolve(true)));
      },
    });
    const subscribing = hub.subscribe(sockets[0]!, 'news').catch((error: TopicsError) => error.kind);
    clientSockets[0]!.terminate();
    await network.settle();
    expect(signal.aborted).toBe(true);
    expect(await subscribing).toBe('gone');
    expect(hub.topics()).toEqual([]);
  });

  test('revoke ends what is no longer right, and a decision from before it is made again', async () => {
    let isAllowed = true;
    let decide!: () => void;
    const { hub, sockets } = await started(2, {
      authorize: async (_ws, topic) => {
        const answer = isAllowed;
        if (topic === 'slow') await new Promise<void>((resolve) => (decide = resolve));
        return answer;
      },
    });
    await hub.subscribe(sockets[0]!, 'news');
    await hub.subscribe(sockets[1]!, 'news');
    const subscribing = hub.subscribe(sockets[0]!, 'slow').catch((error: TopicsError) => error.kind);
    isAllowed = false;
    expect(hub.revoke((ws, topic) => ws === sockets[0] && topic === 'news')).toBe(1);
    expect(hub.subscribers('news')).toEqual([sockets[1]]);
    decide();
    await Promise.resolve();
    while (hub.topics().includes('never')) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    decide();
    expect(await subscribing).toBe('denied');
  });
});

describe('limits', () => {
  test('subscriptions of a socket, and topics of a node', async () => {
    const { hub, sockets } = await started(2, { limits: { subscriptions: 2, topics: 3 } });
    const kind = (error: TopicsError): string => error.kind;
    await hub.subscribe(sockets[0]!, 'a');
    await hub.subscribe(sockets[0]!, 'b');
    expect(await hub.subscribe(sockets[0]!, 'c').catch(kind)).toBe('limit');
    await hub.subscribe(sockets[0]!, 'a');
    await hub.subscribe(sockets[1]!, 'c');
    expect(await hub.subscribe(sockets[1]!, 'd').catch(kind)).toBe('limit');
    await hub.subscribe(sockets[1]!, 'a');
  });

  test('the size of a message, in bytes of UTF-8', async () => {
    const { hub } = await started(0, { limits: { message: 6 } });
    await hub.publish('news', '日本');
    await expect(hub.publish('news', '日本語')).rejects.toThrow(RangeError);
    await expect(hub.publish('news', new Uint8Array(7))).rejects.toThrow(RangeError);
  });

  test('publishes that are under way', async () => {
    const { hub } = await started(0, { limits: { publishes: 2 } });
    const all = await Promise.allSettled([1, 2, 3].map((i) => hub.publish('news', String(i))));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await hub.publish('news', '4');
  });

  test('bytes of the publishes that are under way; a single one may be larger', async () => {
    const { hub } = await started(0, { limits: { bytes: 10 } });
    await hub.publish('news', new Uint8Array(11));
    const all = await Promise.allSettled([1, 2, 3].map(() => hub.publish('news', new Uint8Array(5))));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await hub.publish('news', new Uint8Array(10));
  });

  test('bytes that are held while holes are filled, of all topics: what is beyond is had from history too', async () => {
    const cluster = await Cluster.of(0);
    const [first, second] = [await cluster.addNode({ limits: { bytes: 1000 } }), await cluster.addNode()];
    const readers = [await cluster.subscribe(first, 'a'), await cluster.subscribe(first, 'b')];
    first.engine.cut();
    await cluster.network.advance(19);
    let most = 0;
    const texts = Array.from({ length: 60 }, (_, i) => String(i));
    for (const text of texts) {
      for (const topic of ['a', 'b']) void second.hub.publish(topic, text);
      await cluster.network.advance(0.2);
      most = Math.max(most, first.hub.metrics.held);
    }
    await cluster.network.advance(500);
    for (const { told } of readers) expect(told).toEqual(texts);
    // Each costs 256 bytes and what it says.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });

  test('those that wait for one subscription, and decisions about one socket', async () => {
    const broker = new Cluster().broker;
    const { hub, sockets, network } = await started(2, {
      engine: broker.engine(),
      limits: { subscriptions: 3 },
      authorize: (_ws, topic) => (topic === 'slow' ? new Promise<boolean>(() => {}) : true),
    });
    const kinds = async (count: number, topic: string, ws: Socket): Promise<unknown[]> => {
      const told: unknown[] = [];
      for (let i = 0; i < count; i++) hub.subscribe(ws, topic).catch(({ kind }: TopicsError) => told.push(kind));
      await network.settle();
      return told;
    };
    // The engine's own clock stands still: it answers nothing.
    expect(await kinds(5, 'news', sockets[0]!)).toEqual(['limit', 'limit']);
    expect(await kinds(5, 'slow', sockets[1]!)).toEqual(['limit', 'limit']);
    sockets[1]!.terminate();
  });
});

describe('misuse is a TypeError or RangeError', () => {
  test.each<[string, TopicsOptions]>([
    ['an unknown option', { engin: 1 } as never],
    ['a policy that is none', { slow: 'wait' as never }],
    ['a heartbeat of nothing', { heartbeat: 0 }],
    ['an unknown limit', { limits: { topic: 1 } as never }],
    ['a callback that is none', { onGap: 1 as never }],
    ['an engine that is none', { engine: {} as never }],
    ['an engine that is nothing', { engine: null as never }],
    ['a page of a half', { limits: { page: 0.5 } }],
  ])('createTopics: %s', (_what, options) => {
    expect(() => createTopics(options)).toThrow(/slow must be|option|heartbeat|onGap|engine must be|limits.page/);
  });

  test.each<[string, object]>([
    ['the observer has no onPublished: did you mean onPublish?', { onPublished() {} }],
    ['the observer has no gap: it is called onGap here', { gap() {} }],
    ['the observer’s onEngine must be a function, not an object', { onEngine: {} }],
  ])('createTopics: %s', (text, observer) => {
    expect(() => createTopics({ observer })).toThrow(`createTopics: ${text}`);
  });

  test.each(['', 'x'.repeat(256), '日'.repeat(86), 'a\nb', 'a\0', '\u007f', '\u0085', '\ud800', 7 as never])(
    'a topic: %j',
    async (topic) => {
      const { hub, sockets } = await started(1);
      await expect(hub.subscribe(sockets[0]!, topic)).rejects.toThrow(/a topic must/);
      await expect(hub.publish(topic, 'x')).rejects.toThrow(/a topic must/);
      await expect(hub.history(topic)).rejects.toThrow(/a topic must/);
    },
  );

  test.each(['x'.repeat(255), '日'.repeat(85), '🦀', '__proto__', 'a b*>.c', '{x}'])(
    'a topic that is none: %j',
    async (topic) => {
      const { hub, network, sockets, received } = await started(1);
      await hub.subscribe(sockets[0]!, topic);
      await hub.publish(topic, 'x');
      await network.settle();
      expect(received).toEqual([['x']]);
    },
  );

  test('a message, a position, a socket, a key, an option', async () => {
    const { hub, sockets } = await started(1);
    await expect(hub.publish('news', 7 as never)).rejects.toThrow(/not the number 7: String\(it\)/);
    await expect(hub.publish('news', { a: 1 } as never)).rejects.toThrow(/not an object: JSON\.stringify it/);
    for (const none of [[sockets[0]], {}, new Set(sockets)]) {
      await expect(hub.publish('news', 'x', { except: none as never })).rejects.toThrow(/a subscriber must be/);
    }
    for (const none of ['news', undefined, {}]) {
      expect(() => hub.unsubscribe(none as never)).toThrow(/a subscriber must be/);
      expect(() => hub.topicsOf(none as never)).toThrow(/a subscriber must be/);
      expect(() => createPresence(none as never)).toThrow(/createPresence: expected a hub/);
    }
    await expect(hub.publish('news', 'x', { key: '' })).rejects.toThrow(RangeError);
    await expect(hub.publish('news', 'x', { expect: 1 } as never)).rejects.toThrow(
      /^publish: unknown option expect: .*except/,
    );
    await expect(hub.subscribe(sockets[0]!, 'news', { since: 'x' })).rejects.toThrow(/a position must/);
    await expect(hub.subscribe({} as never, 'news')).rejects.toThrow(/a subscriber must/);
    await expect(hub.subscribe(sockets[0]!, 'news', { slow: 'wait' as never })).rejects.toThrow(/slow must be/);
    await expect(hub.history('news', { limit: 1.5 })).rejects.toThrow(RangeError);
    expect(() => hub.revoke(undefined as never)).toThrow(TypeError);
    expect(hub.topics()).toEqual([]);
  });
});

describe('the hub', () => {
  test('is started once, and does nothing before or after', async () => {
    const { hub, sockets } = await started(1);
    await expect(hub.start()).rejects.toThrow(TypeError);
    await hub.subscribe(sockets[0]!, 'news');
    await hub.close();
    await hub.close();
    const kind = (error: TopicsError): string => error.kind;
    expect(await hub.publish('news', 'x').catch(kind)).toBe('closed');
    expect(await hub.subscribe(sockets[0]!, 'news').catch(kind)).toBe('closed');
    expect(sockets[0]!.state).toBe('open');
    const fresh = createTopics();
    expect(await fresh.subscribe(sockets[0]!, 'news').catch(kind)).toBe('closed');
    expect(await fresh.publish('news', 'x').catch(kind)).toBe('down');
    for (const asked of [
      () => fresh.publish('news', 'x'),
      () => fresh.subscribe(sockets[0]!, 'news'),
      () => fresh.history('news'),
      async () => createPresence(fresh),
    ]) {
      await expect(asked()).rejects.toThrow('the hub has not started: await hub.start() first');
    }
    await expect((async () => createPresence(hub))()).rejects.toThrow('the hub was closed');
  });

  test('that is closed while it starts has not started, and starts no more', async () => {
    const hub = createTopics();
    const starting = hub.start();
    await hub.close();
    await expect(starting).rejects.toMatchObject({ kind: 'closed' });
    await expect(hub.start()).rejects.toThrow(TypeError);
  });

  test('whose engine did not start may start again, and not once it was closed', async () => {
    const engine = memoryEngine();
    const start = engine.start.bind(engine);
    let fail: (error: Error) => void = () => {};
    engine.start = () => new Promise((_resolve, reject) => (fail = reject));
    const hub = createTopics({ engine });
    const failing = hub.start();
    fail(new Error('not there'));
    await expect(failing).rejects.toMatchObject({ kind: 'down', cause: { message: 'not there' } });
    const starting = hub.start();
    const closing = hub.close();
    fail(new Error('not there'));
    await expect(starting).rejects.toMatchObject({ kind: 'closed' });
    await closing;
    await expect(hub.start()).rejects.toThrow(TypeError);
    engine.start = start;
    await createTopics({ engine }).start();
  });

  test('has an engine for itself until it has closed', async () => {
    const engine = memoryEngine();
    const [first, second] = [createTopics({ engine }), createTopics({ engine })];
    await first.start();
    await expect(second.start()).rejects.toThrow('an engine is one hub’s until that has closed');
    await expect(first.publish('news', 'x')).resolves.toMatchObject({ delivered: 0 });
    const closing = first.close();
    await expect(second.start()).rejects.toThrow(TypeError);
    await closing;
    await second.start();
    await expect(second.publish('news', 'x')).resolves.toMatchObject({ delivered: 0 });
  });

  test('that is closed says so to those who wait for a subscription, and to who asks for history', async () => {
    const engine = memoryEngine();
    engine.subscribe = () => new Promise(() => {});
    const { hub, sockets } = await started(1, { engine });
    const waiting = expect(hub.subscribe(sockets[0]!, 'news')).rejects.toMatchObject({ kind: 'closed' });
    await hub.close();
    await waiting;
    await expect(hub.history('news')).rejects.toMatchObject({ kind: 'closed' });
  });

  test('leaves no timer behind', async () => {
    const { hub, network, sockets } = await started(1);
    await hub.subscribe(sockets[0]!, 'news');
    await hub.publish('news', 'x');
    await hub.close();
    sockets[0]!.terminate();
    await network.settle();
    expect(network.clock.timers).toBe(0);
  });

  test('counts', async () => {
    const { hub, network, sockets } = await started(2);
    for (const socket of sockets) await hub.subscribe(socket, 'news');
    await hub.publish('news', 'x');
    await network.advance(500);
    expect(hub.metrics).toMatchObject({
      published: 1,
      refused: 0,
      unknown: 0,
      delivered: 2,
      skipped: 0,
      gaps: {},
      engine: { isUp: true, downs: 0, downFor: 0 },
      topics: 1,
      subscriptions: 2,
      held: 0,
    });
  });

  test('a publish that is not answered in time is of unknown outcome, one while the engine is down is not done', async () => {
    const cluster = await Cluster.of(1);
    const [{ hub, engine }] = cluster.nodes as [Cluster['nodes'][0]];
    engine.silence();
    const late = hub.publish('news', 'x', { timeout: 50 }).catch((error: unknown) => error);
    await cluster.network.advance(60);
    expect(await late).toBeInstanceOf(OutcomeUnknownError);
    cluster.broker.kill();
    expect(await hub.publish('news', 'y').catch((error: unknown) => error)).toBeInstanceOf(EngineDownError);
    expect(hub.metrics).toMatchObject({ unknown: 1, refused: 1, engine: { isUp: false, downs: 1 } });
  });

  test('what is refused while the engine is down says why it is, as it is by now', async () => {
    const engine = memoryEngine();
    const start = engine.start.bind(engine);
    let sink!: EngineSink;
    engine.start = (own, context) => start((sink = own), context);
    const told: unknown[] = [];
    const observer = { onEngine: ({ reason }: { reason: Error | undefined }) => void told.push(reason?.message) };
    const hub = createTopics({ engine, observer });
    await hub.start();
    for (const reason of ['lost', 'WRONGPASS']) {
      sink.down(new Error(reason));
      await expect(hub.publish('news', 'x')).rejects.toMatchObject({ kind: 'down', cause: { message: reason } });
      await expect(hub.history('news')).rejects.toMatchObject({ kind: 'down', cause: { message: reason } });
    }
    expect(told).toEqual([undefined, 'lost']);
    expect(hub.metrics.engine.downs).toBe(1);
    await hub.close();
  });

  test('a subscription waits while the engine is down', async () => {
    const cluster = await Cluster.of(1);
    cluster.broker.kill();
    const reader = new Reader();
    const subscribing = cluster.subscribe(cluster.nodes[0]!, 'news', {}, reader);
    await cluster.network.advance(100);
    cluster.broker.restart();
    await cluster.network.advance(100);
    await subscribing;
    await cluster.publish(cluster.nodes[0]!, 'news', 'hello');
    expect(reader.messages).toEqual(['hello']);
  });
});
