/** The promise API over the pipe: the same calls as on Node, with time in the caller's hand. */
import { describe, expect, test } from 'vitest';
import * as pipe from '../../../drivers/pipe/index.ts';
import { createNetwork, listen, network, open, WaitTimeoutError, WebSocketError } from '../../../drivers/pipe/index.ts';
import type { WebSocket } from '../../../drivers/pipe/index.ts';

const HOUR = 3_600_000;

async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

test('open and listen are those of a network that the module has', async () => {
  await using server = await listen(8080, echo);
  const answer = await open('ws://localhost:8080/', async (ws) => {
    await ws.send('hello');
    return ws.receive();
  });
  expect(answer).toBe('hello');
  expect(server.port).toBe(8080);
  expect(network.clock.now()).toBeGreaterThan(0);
});

test('networks know nothing of each other', async () => {
  const [one, other] = [createNetwork(), createNetwork()];
  await one.listen({ host: 'server' }, echo);
  await one.open('ws://server', () => {});
  await expect(other.open('ws://server')).rejects.toThrow(WebSocketError);
});

describe('a session', () => {
  test('of texts, bytes, fragments and pings', async () => {
    const network = createNetwork({ latency: 20, cut: 'random', seed: 3 });
    await network.listen({ host: 'server' }, echo);
    await network.open('ws://server', async (ws) => {
      await ws.send('text');
      await ws.send(Uint8Array.of(1, 2, 3));
      await ws.send(['one ', 'message, ', 'three fragments']);
      expect(await ws.receive()).toBe('text');
      expect(await ws.receive()).toEqual(Uint8Array.of(1, 2, 3));
      expect(await ws.receive()).toBe('one message, three fragments');
      expect(await ws.ping()).toBe(40);
    });
  });

  test('of eight megabytes through a narrow window', async () => {
    const network = createNetwork({ window: 20_000 });
    await network.listen({ host: 'server' }, echo);
    const message = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 7);
    await network.open('ws://server', async (ws) => {
      const sent = ws.send(message.slice());
      const received = (await ws.receive()) as Uint8Array;
      await sent;
      expect(Buffer.compare(received, message)).toBe(0);
    });
  });

  test('of ten at once', async () => {
    const network = createNetwork({ latency: [1, 30] });
    await network.listen({ host: 'server' }, echo);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        network.open('ws://server', async (ws) => {
          await ws.send(`I am ${i}`);
          return ws.receive();
        }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 10 }, (_, i) => `I am ${i}`));
  });

  test('that idles for a day is kept alive, and its timers are gone with it', async () => {
    const network = createNetwork();
    await network.listen({ host: 'server' }, echo);
    const ws = await network.open('ws://server');
    await network.advance(24 * HOUR);
    expect(ws.state).toBe('open');
    await ws.close();
    await network.settle();
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });
});

test('a message that came before a reset is received first, then the error', async () => {
  const network = createNetwork();
  await network.listen({ host: 'server' }, async (ws) => {
    await ws.send('last words');
    await ws.receive();
  });
  const ws = await network.open('ws://server');
  await network.settle();
  network.links[0]!.reset();
  await network.settle();
  expect(await ws.receive()).toBe('last words');
  await expect(ws.receive()).rejects.toMatchObject({ code: 1006 });
  expect(await ws.closed).toMatchObject({ code: 1006, clean: false });
});

test('timeouts are of virtual time', async () => {
  const network = createNetwork();
  await network.listen({ host: 'server' }, async (ws) => {
    await expect(ws.receive({ timeout: HOUR })).rejects.toThrow(WaitTimeoutError);
    await ws.send('nothing came for an hour');
  });
  const ws = await network.open('ws://server');
  const answer = ws.receive();
  await network.advance(HOUR);
  expect(await answer).toBe('nothing came for an hour');
});

test('a consumer that does not receive holds the sender up', async () => {
  const network = createNetwork();
  let sent = 0;
  await network.listen({ host: 'server' }, async (ws) => {
    for (; sent < 100; sent++) await ws.send(new Uint8Array(100_000));
  });
  const ws = await network.open('ws://server');
  await network.settle();
  expect(sent).toBeGreaterThan(10);
  expect(sent).toBeLessThan(30);
  for (let received = 0; received < 100; received++) expect(await ws.receive()).toHaveLength(100_000);
  expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
});

test('a server that closes says so to everyone and waits for them', async () => {
  const network = createNetwork();
  const server = await network.listen({ host: 'server' }, echo);
  const sockets = await Promise.all([1, 2, 3].map(() => network.open('ws://server')));
  await server.close();
  for (const ws of sockets) expect(await ws.closed).toMatchObject({ code: 1001, clean: true });
  await expect(network.open('ws://server')).rejects.toThrow(WebSocketError);
});

test('a server that closes ends who does not answer, when the time is up', async () => {
  const network = createNetwork();
  const server = await network.listen({ host: 'server' }, echo);
  const ws = await network.open('ws://server');
  await network.settle();
  network.links[0]!.lose();
  let closed = false;
  void server.close({ timeout: 5000 }).then(() => (closed = true));
  await network.advance(4999);
  expect(closed).toBe(false);
  await network.advance(1);
  expect(closed).toBe(true);
  ws.terminate();
});

test('the same names as in the main entry are here, but for what needs Node', async () => {
  const main = await import('../../../drivers/index.ts');
  const missing = Object.keys(main).filter((name) => !(name in pipe));
  expect(missing.sort()).toEqual(['Http2Pool', 'attach', 'isUpgrade', 'toDuplex', 'upgrade']);
});
