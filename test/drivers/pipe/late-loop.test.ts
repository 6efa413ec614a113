/** An event loop that stands still, as the pipe's clock can, and writes that fail while something waits to be read. */
import { describe, expect, test } from 'vitest';
import {
  createNetwork,
  NetworkDriver,
  type PipeClientOptions,
  VirtualClock,
  WaitTimeoutError,
  type WebSocket,
} from '../../../drivers/pipe/index.ts';
import { createTopics, memoryEngine } from '../../../drivers/topics/index.ts';
import { echo } from './sessions.ts';

describe('a clock that stands still', () => {
  test('lets timers go before deliveries, each in their order, and those who wait for the reading last', async () => {
    const clock = new VirtualClock({ manual: true });
    const order: string[] = [];
    clock.carryAt(1, () => order.push('delivery at 1'));
    clock.wakeAt(3, () => {
      order.push('timer at 3');
      clock.afterReading(() => order.push('after reading'));
    });
    clock.wakeAt(2, () => order.push('timer at 2'));
    clock.carryAt(3, () => order.push('delivery at 3'));
    clock.wakeAt(6, () => order.push('timer at 6'));
    clock.standStill(5);
    expect([clock.now(), order]).toEqual([5, []]);
    await clock.advance(1);
    expect(order).toEqual([
      'timer at 2',
      'timer at 3',
      'delivery at 1',
      'delivery at 3',
      'after reading',
      'timer at 6',
    ]);
  });

  test('may call off whoever waits, and does the same without a turn of the real loop', () => {
    const clock = new VirtualClock({ manual: true });
    const order: string[] = [];
    clock.afterReading(() => order.push('called off')).cancel();
    clock.afterReading(() => order.push('after reading'));
    clock.carryAt(1, () => order.push('delivery'));
    expect(clock.timers).toBe(1);
    clock.standStill(1);
    clock.advanceSync(0);
    expect(order).toEqual(['delivery', 'after reading']);
    expect(() => clock.standStill(-1)).toThrow(RangeError);
  });
});

describe.each(['client', 'server'] as const)('a %s whose loop stood still', (role) => {
  const options = { pingInterval: 100, pongTimeout: 100, closeTimeout: 100, handshakeTimeout: 100 };
  const openSession = async () => {
    const network = new NetworkDriver({ latency: 1 });
    const session = await echo(network, { client: role === 'client' ? options : {}, server: options });
    return { network, ...session };
  };

  test.each([101, 1000, 100_000])('takes the pong after %d ms', async (stall) => {
    const { network, socket, client, server } = await openSession();
    await client.until(() => socket.state === 'open');
    await network.settle();
    await network.advance(100.5);
    // The ping has gone out, and its answer is on its way.
    network.clock.standStill(stall);
    await network.settle();
    expect([...client.infos, ...server.infos]).toEqual([]);
  });

  test.each([101, 1000, 100_000])('takes the Close frame after %d ms', async (stall) => {
    const { network, socket, client, server } = await openSession();
    await client.until(() => socket.state === 'open');
    await network.settle();
    socket.close(4000);
    await network.advance(1.5);
    network.clock.standStill(stall);
    await network.settle();
    for (const { infos } of [client, server]) expect(infos).toMatchObject([{ code: 4000, clean: true }]);
  });

  // The request of a connection that was made at 2 ms, and its answer, take one each.
  test.each([
    [role === 'client' ? 3.5 : 2.5, 101],
    [1.5, 1500],
    [1.5, 100_000],
  ])('takes what has come of the opening handshake at %d ms, %d ms later', async (at, stall) => {
    const { network, socket, client } = await openSession();
    await network.advance(at);
    network.clock.standStill(stall);
    await client.until(() => socket.state === 'open');
    await network.settle();
    expect(client.infos).toEqual([]);
  });
});

describe('a deadline', () => {
  test('runs on for as long as the loop stood still, once, and for 5 s at most', async () => {
    for (const [stall, grace] of [
      [1000, 0],
      [1100, 1000],
      [60_100, 5000],
    ] as const) {
      const network = new NetworkDriver({ latency: 1 });
      const session = await echo(network, { client: { closeTimeout: 100 } });
      await session.client.until(() => session.socket.state === 'open');
      await network.settle();
      network.links[0].lose();
      session.socket.close(4000);
      await network.advance(0);
      network.clock.standStill(stall);
      if (grace > 0) {
        await network.advance(grace - 1);
        expect(session.client.infos).toEqual([]);
      }
      await network.advance(1);
      expect(session.client.infos).toMatchObject([{ code: 1006, error: { name: 'TimeoutError' } }]);
    }
  });
});

describe('a write that fails', () => {
  test.each(['toServer', 'toClient'] as const)('%s loses nothing that comes the other way', async (direction) => {
    const network = new NetworkDriver();
    const { socket, client, server } = await echo(network);
    await client.until(() => socket.state === 'open');
    await network.settle();
    const [link] = network.links;
    link[direction].refuse();
    const [sender, receiver] = direction === 'toServer' ? [client, server] : [server, client];
    receiver.sockets[0].send('on its way');
    receiver.sockets[0].close(4001);
    sender.sockets[0].send('fails');
    await network.settle();
    expect(sender.messages).toEqual(['on its way']);
    expect(sender.infos).toMatchObject([{ code: 4001, clean: false, error: { cause: { code: 'EPIPE' } } }]);
  });
});

describe('what waits for somebody’s answer', () => {
  /** A client and a server's handler 50 ms apart, and 40 ms before the answer to the client's message is there. */
  const waiting = async (handler: (ws: WebSocket) => unknown, options: PipeClientOptions = {}) => {
    const network = createNetwork({ latency: 50 });
    const server = await network.listen({ host: 'server' }, handler as (ws: WebSocket) => Promise<void>);
    const ws = await network.open('ws://server', options);
    return { network, server, ws };
  };

  test.each([600, 5000])('a receive with a timeout takes what has come by then, after %d ms', async (stall) => {
    const { network, ws } = await waiting(async (ws) => {
      await ws.receive();
      await ws.send('the answer');
      await ws.closed;
    });
    void ws.send('a question');
    const answer = ws.receive({ timeout: 500 });
    await network.advance(60);
    network.clock.standStill(stall);
    expect(await answer).toBe('the answer');
  });

  test('and gives up when nothing has', async () => {
    const { network, ws } = await waiting((ws) => ws.closed);
    const nothing = expect(ws.receive({ timeout: 500 })).rejects.toThrow(WaitTimeoutError);
    await network.advance(60);
    network.clock.standStill(600);
    await network.advance(0);
    await nothing;
  });

  test('server.close hears the Close frame of those who have answered in time', async () => {
    const { network, server } = await waiting((ws) => ws.closed);
    const [ws] = server.connections;
    const closing = server.close({ timeout: 500 });
    await network.advance(60);
    network.clock.standStill(600);
    await network.settle();
    await closing;
    expect(await ws!.closed).toMatchObject({ code: 1001, clean: true });
  });

  test('a publish takes the engine’s answer', async () => {
    const network = createNetwork();
    const { clock } = network;
    const engine = memoryEngine();
    const publish = engine.publish.bind(engine);
    engine.publish = async (...args) => {
      const receipt = await publish(...args);
      await new Promise<void>((resolve) => clock.carryAt(clock.now() + 100, resolve));
      return receipt;
    };
    const hub = createTopics({ clock, engine });
    await hub.start();
    const published = hub.publish('news', 'hello', { timeout: 500 });
    await network.advance(1);
    clock.standStill(600);
    expect((await published).position).toBeDefined();
    await hub.close();
  });
});
