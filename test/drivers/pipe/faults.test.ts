/** Every fault that a link can have, as connections over it see it. */
import { describe, expect, test } from 'vitest';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import { ConnectionLostError, HandshakeError, TimeoutError } from '../../../protocol/index.ts';
import { isSame } from './link-pair.ts';
import { causeCode, echo } from './sessions.ts';

/** An echo session that is open, and its link. */
async function open(network: NetworkDriver, options: Parameters<typeof echo>[1] = {}) {
  const session = await echo(network, options);
  await session.client.until(() => session.socket.state !== 'connecting');
  const [link] = network.links;
  return { ...session, link: link! };
}

describe('a reset', () => {
  test('ends both sides with 1006 and the error behind it; what came whole before is delivered', async () => {
    const network = new NetworkDriver();
    const { client, server, socket, link } = await open(network);
    socket.send('whole');
    await server.until(() => server.messages.length === 1);
    link.toServer.plan({ after: link.toServer.delivered + 8, kind: 'reset' });
    socket.send('cut off in the middle');
    await network.settle();
    expect(server.log).toEqual(['open', 'text whole', 'close 1006']);
    expect(client.log.at(-1)).toBe('close 1006');
    for (const { infos } of [client, server]) {
      expect(infos[0]?.error).toBeInstanceOf(ConnectionLostError);
      expect(causeCode(infos[0])).toBe('ECONNRESET');
    }
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });

  test('after any byte of the opening handshake ends it, on both sides', async () => {
    const whole = await open(new NetworkDriver());
    for (const direction of ['toServer', 'toClient'] as const) {
      const { delivered } = whole.link[direction];
      expect(delivered).toBeGreaterThan(100);
      for (let after = 0; after < delivered; after++) {
        const network = new NetworkDriver({ [direction]: { fault: { after, kind: 'reset' } } });
        const { client, server } = await open(network);
        await network.settle();
        expect(client.log).toEqual(['close 1006']);
        expect(server.infos.length).toBe(1);
        expect([network.clock.timers, network.links]).toEqual([0, []]);
      }
    }
  });
});

describe('an end without a Close frame', () => {
  test('is 1006 for who hears it, and for the other one, too', async () => {
    const network = new NetworkDriver();
    const { client, server, link } = await open(network);
    link.toServer.end();
    await network.settle();
    expect([client.infos[0]?.code, server.infos[0]?.code]).toEqual([1006, 1006]);
    expect(server.infos[0]?.error?.message).toContain('without a Close frame');
    expect(network.clock.timers).toBe(0);
  });

  test('before the handshake is over is its failure', async () => {
    const { delivered } = (await open(new NetworkDriver())).link.toClient;
    for (let after = 0; after < delivered; after++) {
      const network = new NetworkDriver({ toClient: { fault: { after, kind: 'end' } } });
      const { client } = await open(network);
      await network.settle();
      expect(client.log).toEqual(['close 1006']);
      expect(client.infos[0]?.error).toBeInstanceOf(HandshakeError);
      expect([network.clock.timers, network.links]).toEqual([0, []]);
    }
  });
});

describe('a lost link', () => {
  test('is noticed by both keepalives, each naming the pong that did not come', async () => {
    const network = new NetworkDriver();
    const { client, server, link } = await open(network);
    link.lose();
    await network.advance(39_000);
    expect([client.infos, server.infos]).toEqual([[], []]);
    await network.advance(2_000);
    for (const { infos } of [client, server]) {
      expect(infos[0]).toMatchObject({ code: 1006, clean: false });
      expect(infos[0]?.error).toBeInstanceOf(TimeoutError);
      expect(infos[0]?.error?.message).toContain('pong');
    }
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });

  test('while closing is noticed when the closing handshake takes too long', async () => {
    const network = new NetworkDriver();
    const { client, socket, link } = await open(network);
    link.lose();
    socket.close();
    await network.advance(9_999);
    expect(client.infos).toEqual([]);
    await network.advance(1);
    expect(client.infos[0]).toMatchObject({ code: 1006, sent: { code: 1000, reason: '' }, received: undefined });
  });

  test('is not noticed by a side without keepalive that sends nothing', async () => {
    const network = new NetworkDriver();
    const { client, link } = await open(network, { client: { pingInterval: false } });
    link.lose();
    await network.advance(86_400_000);
    expect(client.log).toEqual(['open']);
  });
});

describe('a stalled link', () => {
  test('that goes on in time costs nothing but time', async () => {
    const network = new NetworkDriver();
    const { client, server, socket, link } = await open(network);
    socket.send('held up');
    await network.advance(0);
    link.stall();
    await network.advance(15_000);
    expect(server.messages).toEqual([]);
    link.unstall();
    await network.settle();
    expect(client.messages).toEqual(['held up']);
  });

  test('for longer than keepalive waits is a lost one', async () => {
    const network = new NetworkDriver();
    const { client, server, link } = await open(network);
    link.stall();
    await network.advance(60_000);
    link.unstall();
    await network.settle();
    expect([client.log, server.log]).toEqual([
      ['open', 'close 1006'],
      ['open', 'close 1006'],
    ]);
  });
});

describe('losses and a narrow line', () => {
  test('change the time, not the messages', async () => {
    const times: number[] = [];
    for (const link of [{}, { loss: 0.3 }, { bandwidth: 10_000 }, { loss: 0.3, bandwidth: 10_000, window: 3000 }]) {
      const network = new NetworkDriver({ seed: 4, ...link });
      const { client, socket } = await open(network);
      const bytes = new Uint8Array(50_000).map((_, i) => i % 251);
      socket.send(bytes);
      await client.until(() => client.messages.length + client.infos.length > 0);
      expect(isSame(client.messages[0], bytes)).toBe(true);
      times.push(network.clock.now());
      socket.terminate();
    }
    expect(times[0]).toBeLessThan(10);
    expect(times[1]).toBeGreaterThan(200);
    expect(times[2]).toBeGreaterThan(10_000);
  });
});

describe('backpressure', () => {
  const MESSAGE = new Uint8Array(10_000);

  test('a peer that does not read makes send say to wait, and drain comes when it reads', async () => {
    const network = new NetworkDriver({ window: 20_000 });
    const { client, server, socket } = await open(network, { onServer: {} });
    server.sockets[0]!.pause();
    await network.settle();
    let sent = 1;
    while (socket.send(MESSAGE)) sent++;
    await network.settle();
    // Not one message more than the window and the high-water mark hold.
    expect(sent * MESSAGE.length).toBeLessThan(20_000 + 64 * 1024 + 2 * MESSAGE.length);
    expect(socket.bufferedAmount).toBeGreaterThan(0);
    expect(client.log).not.toContain('drain');
    server.sockets[0]!.resume();
    await network.settle();
    expect(server.messages.length).toBe(sent);
    expect(socket.bufferedAmount).toBe(0);
    expect(client.log.filter((line) => line === 'drain').length).toBe(1);
  });

  test('it works the other way, too, and neither way holds up the other', async () => {
    const network = new NetworkDriver({ window: 20_000 });
    const { client, server, socket } = await open(network, { onServer: {} });
    const peer = server.sockets[0]!;
    socket.pause();
    await network.settle();
    let sent = 1;
    while (peer.send(MESSAGE)) sent++;
    socket.send('still heard');
    await network.settle();
    expect(server.messages).toEqual(['still heard']);
    expect(client.messages).toEqual([]);
    socket.resume();
    await network.settle();
    expect(client.messages.length).toBe(sent);
    expect(server.log).toContain('drain');
  });

  test('what is sent on regardless is kept up to the limit, and then ends the connection', async () => {
    const network = new NetworkDriver({ window: 20_000 });
    const { client, server, socket } = await open(network, { client: { sendLimit: 100_000 }, onServer: {} });
    server.sockets[0]!.pause();
    await network.settle();
    for (let i = 0; i < 20; i++) socket.send(MESSAGE);
    await network.settle();
    expect(client.infos[0]?.code).toBe(1006);
    server.sockets[0]!.resume();
    await network.settle();
    expect(server.infos.length).toBe(1);
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });

  test('a narrow line holds the sender back just as well', async () => {
    const network = new NetworkDriver({ bandwidth: 100_000 });
    let sent = 0;
    const send = () => {
      while (sent < 100) {
        sent++;
        if (!socket.send(MESSAGE)) return;
      }
    };
    const session = await open(network, { onServer: {}, onClient: { drain: send } });
    const { socket, server, client } = session;
    send();
    expect(sent).toBeLessThan(20);
    await server.until(() => server.messages.length === 100);
    expect(network.clock.now()).toBeGreaterThan(10_000);
    expect(client.log.filter((line) => line === 'drain').length).toBeGreaterThan(3);
  });
});
