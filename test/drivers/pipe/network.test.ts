import { describe, expect, test } from 'vitest';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { TraceEntry } from '../../../drivers/pipe/trace.ts';
import { type CloseInfo, TimeoutError } from '../../../protocol/index.ts';
import { causeCode, echo, idle, Recorder } from './sessions.ts';

const HOUR = 3_600_000;

describe('a connection', () => {
  test('opens, carries messages and closes without anyone pumping', async () => {
    const network = new NetworkDriver();
    const { client, server, socket } = await echo(network);
    await client.until(() => socket.state === 'open');
    socket.send('hello');
    await client.until(() => client.messages.length === 1);
    socket.close(1000, 'bye');
    await client.until(() => client.infos.length === 1);
    await network.settle();
    expect(client.log).toEqual(['open', 'text hello', 'close 1000']);
    expect(server.log).toEqual(['open', 'text hello', 'close 1000']);
    expect([client.infos[0]?.clean, server.infos[0]?.clean]).toEqual([true, true]);
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });

  test('takes a round trip to be there, and another for the opening handshake', async () => {
    const network = new NetworkDriver({ latency: 30, toClient: { latency: 12 } });
    const { client } = await echo(network);
    await client.until(() => client.log.length > 0);
    expect(network.clock.now()).toBe(2 * (30 + 12));
  });

  test('knows where it leads, and whence it comes', async () => {
    const network = new NetworkDriver();
    const { client, server, socket } = await echo(network, { client: { localAddress: '10.0.0.7' } });
    await client.until(() => socket.state === 'open');
    expect(socket.remoteAddress).toBe('server');
    expect(socket.url).toBe('ws://server/');
    expect(server.sockets[0]?.remoteAddress).toBe('10.0.0.7');
    expect(server.sockets[0]?.url).toBe('ws://server/');
  });

  test('by a wss: URL leads to port 443 and is secure in the eyes of both', async () => {
    const network = new NetworkDriver();
    const server = new Recorder();
    await network.serve({ host: 'server', port: 443 }, server.handlers);
    const client = new Recorder();
    network.connect('wss://server/x', { origin: 'https://server' }, client.handlers);
    const other = new Recorder();
    network.connect('wss://server/x', { origin: 'http://server' }, other.handlers);
    await other.until(() => other.infos.length === 1);
    expect(client.log).toEqual(['open']);
    expect(server.sockets[0]?.url).toBe('wss://server/x');
    expect(other.infos[0]?.error).toMatchObject({ name: 'HandshakeError', response: { status: 403 } });
  });

  test('can be given up while it opens, by a signal or by the caller', async () => {
    for (const moment of [0, 1, 5, 10, 15, 20, 25, 30, 35]) {
      for (const way of ['signal', 'close', 'terminate'] as const) {
        const network = new NetworkDriver({ latency: 10, manual: true });
        const controller = new AbortController();
        const { client, server, socket } = await echo(network, { client: { signal: controller.signal } });
        await network.advance(moment);
        if (way === 'signal') controller.abort(new Error('enough'));
        else socket[way]();
        await network.advance(HOUR);
        expect(client.log, `${way} at ${moment}`).toEqual(['close 1006']);
        expect(server.infos.length, `${way} at ${moment}`).toBeLessThanOrEqual(1);
        expect([network.clock.timers, network.links]).toEqual([0, []]);
      }
    }
  });
});

test('an onLink that throws ends what is being opened with that, and leaves no link', async () => {
  const network = new NetworkDriver();
  const { server } = await echo(network);
  const client = new Recorder();
  const cause = new Error('mine');
  const onLink = (): never => {
    throw cause;
  };
  network.connect('ws://server/', { onLink }, client.handlers);
  await client.until(() => client.infos.length === 1);
  expect(client.infos[0]!.error).toMatchObject({ name: 'HandshakeError', isTemporary: false, cause });
  expect(client.infos[0]!.error!.message).toContain('onLink has thrown: mine');
  await network.advance(HOUR);
  expect(network.links.length).toBe(1); // the one of `echo`
  expect(server.infos).toEqual([]);
});

test.each(['connect', 'accept', 'write', 'data', 'end', 'lost'] as const)(
  'a trace that throws when it is told of %s is told to who advances, and nothing else comes of it',
  async (at) => {
    let isNew = true;
    const network = new NetworkDriver({
      manual: true,
      trace: ({ event }) => {
        if (event !== at || !isNew) return;
        isNew = false;
        throw new Error('mine');
      },
    });
    const { client, server, socket } = await echo(network);
    const errors: unknown[] = [];
    const settle = (): Promise<unknown> => network.settle().catch((error: unknown) => errors.push(error));
    for (let i = 0; i < 2; i++) await settle();
    socket.send('hello');
    for (let i = 0; i < 2; i++) await settle();
    socket.close(1000, 'bye');
    for (let i = 0; i < 2; i++) await settle();
    expect(errors).toEqual([new Error('mine')]);
    expect(client.log).toEqual(['open', 'text hello', 'close 1000']);
    expect(server.log).toEqual(['open', 'text hello', 'close 1000']);
  },
);

describe('names', () => {
  const reaches = async (network: NetworkDriver, url: string) => {
    const client = new Recorder();
    const socket = network.connect(url, {}, client.handlers);
    await client.until(() => client.log.length > 0);
    const { state } = socket;
    socket.terminate();
    return state === 'open' ? 'open' : causeCode(client.infos[0]);
  };

  test('lead to who listens on them, whatever their case', async () => {
    const network = new NetworkDriver();
    const servers = [new Recorder(), new Recorder(), new Recorder()];
    await network.serve({ host: 'a.example' }, servers[0]!.handlers);
    await network.serve({ host: 'b.example' }, servers[1]!.handlers);
    await network.serve({ host: 'b.example', port: 8080 }, servers[2]!.handlers);
    expect(await reaches(network, 'ws://A.example/')).toBe('open');
    expect(await reaches(network, 'ws://b.example:8080/')).toBe('open');
    expect(servers.map(({ sockets }) => sockets.length)).toEqual([1, 0, 1]);
  });

  test('that nobody listens on are refused, after a round trip', async () => {
    const network = new NetworkDriver({ latency: 10 });
    await network.serve({ host: 'server', port: 81 });
    expect(await reaches(network, 'ws://server/')).toBe('ECONNREFUSED');
    expect(await reaches(network, 'ws://other:81/')).toBe('ECONNREFUSED');
    expect(network.clock.now()).toBe(40);
  });

  test('that nobody listens on are told beside those that somebody does', async () => {
    const why = async (network: NetworkDriver): Promise<string> => {
      const [info] = await new Promise<[CloseInfo]>((resolve) => {
        network.connect('ws://server/', {}, { close: (_socket, end) => resolve([end]) });
      });
      return (info.error!.cause as Error).message;
    };
    const network = new NetworkDriver();
    expect(await why(network)).toBe('nobody listens on server:80 (ECONNREFUSED)');
    await network.serve({ host: 'Server', port: 8080 });
    await network.serve({ port: 81 });
    expect(await why(network)).toBe('nobody listens on server:80, but on server:8080, any host:81 (ECONNREFUSED)');
    for (const port of [82, 83]) await network.serve({ host: '127.0.0.1', port });
    expect(await why(network)).toMatch(/but on server:8080, any host:81, localhost:82, others \(/);
  });

  test('all lead to a server without one; its own go before', async () => {
    const network = new NetworkDriver();
    const [any, own] = [new Recorder(), new Recorder()];
    const listener = await network.serve(8080, any.handlers);
    await network.serve({ host: 'own', port: 8080 }, own.handlers);
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'example.com', 'own']) {
      expect(await reaches(network, `ws://${host}:8080/`)).toBe('open');
    }
    expect([any.sockets.length, own.sockets.length]).toEqual([4, 1]);
    expect([listener.address, listener.port, listener.url]).toEqual(['', 8080, 'ws://localhost:8080']);
  });

  test('of the own machine are one', async () => {
    const network = new NetworkDriver();
    await network.serve({ host: '127.0.0.1', port: 80 });
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(await reaches(network, `ws://${host}/`)).toBe('open');
  });

  test('can be taken once', async () => {
    const network = new NetworkDriver();
    const listener = await network.serve({ host: 'server' });
    await expect(network.serve({ host: 'SERVER' })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await network.serve({ host: 'server', port: 81 });
    await network.serve({ port: 80 });
    listener.stopListening();
    await network.serve({ host: 'server' });
  });

  test('with port 0 get a free port, the same ones in every run', async () => {
    const network = new NetworkDriver();
    const ports = [await network.serve(0), await network.serve(0), await network.serve({ host: 'a', port: 0 })];
    expect(ports.map(({ port }) => port)).toEqual([49152, 49153, 49154]);
    expect(await reaches(network, ports[1]!.url)).toBe('open');
  });

  test('and options that make no sense are refused at once', async () => {
    const network = new NetworkDriver();
    expect(() => network.connect('http://server/')).toThrow(SyntaxError);
    expect(() => network.connect('ws://server/#fragment')).toThrow(SyntaxError);
    expect(() => network.connect('ws://server/', { link: { cut: 0 } })).toThrow(RangeError);
    expect(() => network.connect('ws://server/', { pingInterval: -1 })).toThrow(RangeError);
    await expect(network.serve({ port: 65536 })).rejects.toThrow(RangeError);
    await expect(network.serve({ port: -1 })).rejects.toThrow(RangeError);
    await expect(network.serve({ link: { window: 0 } })).rejects.toThrow(RangeError);
    await expect(network.serve({ closeTimeout: NaN })).rejects.toThrow(RangeError);
    expect(() => new NetworkDriver({ latency: -1 })).toThrow(RangeError);
    expect(() => new NetworkDriver({ seed: NaN })).toThrow(RangeError);
    expect([network.links, network.clock.timers]).toEqual([[], 0]);
  });
});

describe('a listener', () => {
  test('that stopped is not reached any more, and is over once its connections are', async () => {
    const network = new NetworkDriver();
    const { client, server, listener, socket } = await echo(network);
    await client.until(() => socket.state === 'open');
    expect(listener.connections).toEqual(new Set(server.sockets));
    listener.stopListening();
    let over = false;
    void listener.closed.then(() => (over = true));
    const late = new Recorder();
    network.connect('ws://server/', {}, late.handlers);
    await late.until(() => late.infos.length === 1);
    expect(causeCode(late.infos[0])).toBe('ECONNREFUSED');
    socket.send('still there');
    await client.until(() => client.messages.length === 1);
    expect(over).toBe(false);
    socket.close();
    await listener.closed;
    expect(listener.connections.size).toBe(0);
  });

  test("lends its link options to its connections; the client's own go before", async () => {
    const network = new NetworkDriver({ latency: 5 });
    await network.serve({ host: 'slow', link: { latency: 50 } });
    const times: number[] = [];
    for (const link of [undefined, { latency: 10 }]) {
      const client = new Recorder();
      const start = network.clock.now();
      const socket = network.connect('ws://slow/', { link }, client.handlers);
      await client.until(() => socket.state === 'open');
      socket.terminate();
      times.push(network.clock.now() - start);
    }
    // The server is known once the first packet has reached it.
    expect(times).toEqual([5 + 3 * 50, 4 * 10]);
  });
});

describe('time', () => {
  test('stands still when nothing is on its way, whatever timers wait', async () => {
    const network = new NetworkDriver();
    const { client, server, socket } = await echo(network);
    await client.until(() => socket.state === 'open');
    await network.settle();
    const now = network.clock.now();
    await idle();
    expect(network.clock.now()).toBe(now);
    expect(network.clock.timers).toBe(2);
    expect([client.log, server.log]).toEqual([['open'], ['open']]);
  });

  test('an hour of keepalive passes, every ping answered', async () => {
    const network = new NetworkDriver({ latency: 25 });
    const { client, server, socket } = await echo(network, { client: { pingInterval: false } });
    await client.until(() => socket.state === 'open');
    await network.advance(HOUR);
    expect(socket.state).toBe('open');
    // A ping 20 s after the last sign of life, which is the pong of the one before, 50 ms after it.
    expect(server.log.filter((line) => line === 'pong 50').length).toBe(Math.floor(HOUR / 20_050));
    expect(client.log.filter((line) => line === 'ping').length).toBe(Math.floor(HOUR / 20_050));
    expect(server.sockets[0]?.latency).toBe(50);
  });

  test('a manual network moves in advance and settle only', async () => {
    const network = new NetworkDriver({ latency: 10, manual: true });
    const { client, server } = await echo(network);
    await idle();
    expect([network.clock.now(), client.log]).toEqual([0, []]);
    await network.advance(30);
    expect([client.log, server.log]).toEqual([[], ['open']]);
    await idle();
    expect(network.clock.now()).toBe(30);
    await network.advance(10);
    expect(client.log).toEqual(['open']);
  });

  test('a server that never answers is given up when the handshake takes too long', async () => {
    const network = new NetworkDriver();
    const { client } = await echo(network, { client: { link: { toServer: { fault: { after: 0, kind: 'lose' } } } } });
    await network.advance(9_999);
    expect(client.log).toEqual([]);
    await network.advance(1);
    expect(client.log).toEqual(['close 1006']);
    expect(client.infos[0]?.error).toBeInstanceOf(TimeoutError);
  });
});

describe('the trace', () => {
  test('tells a connection from its first packet to its last', async () => {
    const trace: TraceEntry[] = [];
    const network = new NetworkDriver({ latency: 10, trace: (entry) => trace.push(entry) });
    const { client, socket } = await echo(network);
    await client.until(() => socket.state === 'open');
    socket.close();
    await network.settle();
    expect(trace.map(({ time, side, event }) => `${time} ${side} ${event}`)).toEqual([
      '0 client connect',
      '10 server accept',
      '20 client write',
      '30 server data',
      '30 server write',
      '40 client data',
      '40 client write',
      '50 server data',
      '50 server write',
      '60 client data',
      '60 client end',
      '60 client lost',
      '70 server end',
      '70 server lost',
    ]);
    network.connect('ws://nobody/');
    await network.settle();
    expect(trace.slice(-2)).toEqual([
      { time: 70, link: 2, side: 'client', event: 'connect', bytes: 0 },
      { time: 90, link: 2, side: 'client', event: 'refused', bytes: 0 },
    ]);
  });
});
