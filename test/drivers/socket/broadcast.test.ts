/** `broadcast` of the event face, over the pipe: a slow consumer is one whose link takes nothing more. */
import { describe, expect, test } from 'vitest';
import { broadcast } from '../../../drivers/node/index.ts';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { Socket } from '../../../drivers/socket/socket.ts';
import { ConnectionLostError, InvalidStateError } from '../../../protocol/index.ts';
import { Recorder, idle } from '../pipe/sessions.ts';

const MESSAGE = new Uint8Array(10_000);

/** A server with three clients, the second of which does not read; so much is in its way that it is slow. */
async function audience(options: { sendLimit?: number } = {}) {
  const network = new NetworkDriver({ window: 20_000 });
  const server = new Recorder({});
  await network.serve({ host: 'server', ...options }, server.handlers);
  const clients: Recorder[] = [];
  const sockets: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const client = new Recorder();
    sockets.push(network.connect('ws://server/', {}, client.handlers));
    await client.until(() => client.sockets.length === 1);
    clients.push(client);
  }
  sockets[1]!.pause();
  await network.settle();
  while (server.sockets[1]!.bufferedAmount < 64 * 1024) {
    server.sockets[1]!.send(MESSAGE);
    await network.settle();
  }
  const before = clients.map(({ messages }) => messages.length);
  expect(before).toEqual([0, 0, 0]);
  return { network, server, clients, slow: sockets[1]!, texts: () => clients.map(textsOf) };
}

function textsOf({ messages }: Recorder): unknown[] {
  return messages.filter((message) => typeof message === 'string');
}

describe('broadcast', () => {
  test('waits by default, as the promise API does, for those who are slow', async () => {
    const { network, server, slow, texts } = await audience();
    let sent: number | undefined;
    const done = broadcast(server.sockets, 'one').then((count) => (sent = count));
    await network.settle();
    await idle();
    expect([sent, texts()]).toEqual([undefined, [['one'], [], ['one']]]);
    slow.resume();
    await network.settle();
    await done;
    expect([sent, texts()]).toEqual([3, [['one'], ['one'], ['one']]]);
  });

  test('sends to all that are open, and says to how many', async () => {
    const { network, server, clients, texts } = await audience();
    clients[2]!.sockets[0]!.terminate();
    await network.settle();
    expect(server.infos.length).toBe(1);
    expect(broadcast(server.sockets, 'news', { slow: 'send' })).toBe(2);
    await network.settle();
    expect(texts()).toEqual([['news'], [], []]);
    clients[1]!.sockets[0]!.resume();
    await network.settle();
    expect(texts()).toEqual([['news'], ['news'], []]);
    expect(await broadcast([], 'to nobody')).toBe(0);
  });

  test("'send': slow ones are sent it all the same, until their sendLimit ends them", async () => {
    const { network, server, clients, texts } = await audience({ sendLimit: 100_000 });
    for (let i = 0; i < 5; i++) broadcast(server.sockets, MESSAGE, { slow: 'send' });
    broadcast(server.sockets, 'end', { slow: 'send' });
    await network.settle();
    expect(server.infos.map(({ error }) => error)).toEqual([expect.any(ConnectionLostError)]);
    expect(texts()).toEqual([['end'], [], ['end']]);
    expect(clients[0]!.messages.length).toBe(6);
  });

  test("'skip': slow ones go without it, and go on", async () => {
    const { network, server, slow, texts } = await audience();
    expect(broadcast(server.sockets, 'one', { slow: 'skip' })).toBe(2);
    slow.resume();
    await network.settle();
    expect(broadcast(server.sockets, 'two', { slow: 'skip' })).toBe(3);
    await network.settle();
    expect(texts()).toEqual([['one', 'two'], ['two'], ['one', 'two']]);
    expect(server.infos).toEqual([]);
  });

  test("'terminate': slow ones are ended, with an error that says why", async () => {
    const { network, server, texts } = await audience();
    const open = new Set(server.sockets);
    expect(broadcast(open, 'one', { slow: 'terminate' })).toBe(2);
    expect(server.infos).toEqual([
      expect.objectContaining({
        code: 1006,
        error: expect.objectContaining({ message: expect.stringMatching('slow') }),
      }),
    ]);
    expect(server.sockets[1]!.state).toBe('closed');
    await network.settle();
    expect(texts()).toEqual([['one'], [], ['one']]);
  });

  test("'wait': everyone gets it, and the promise waits for the slowest", async () => {
    const { network, server, slow, texts } = await audience();
    let sent: number | undefined;
    const done = broadcast(server.sockets, 'one', { slow: 'wait' }).then((count) => (sent = count));
    await network.settle();
    await idle();
    expect([sent, texts()]).toEqual([undefined, [['one'], [], ['one']]]);
    slow.resume();
    await network.settle();
    await done;
    expect([sent, texts()]).toEqual([3, [['one'], ['one'], ['one']]]);
    // Nobody is slow any more: nothing to wait for.
    expect(await broadcast(server.sockets, 'two', { slow: 'wait' })).toBe(3);
  });

  test("'wait' ends who takes nothing more in time, although it goes on sending pings", async () => {
    const { network, server } = await audience();
    const done = broadcast(server.sockets, 'one', { slow: 'wait', slowTimeout: 120_000 });
    await network.advance(119_000);
    expect(server.log.filter((line) => line === 'ping').length).toBeGreaterThan(4);
    expect(server.infos).toEqual([]);
    await network.advance(1_000);
    expect(await done).toBe(3);
    expect(server.infos).toMatchObject([{ code: 1006, error: { name: 'TimeoutError' } }]);
    expect(server.sockets.map(({ state }) => state)).toEqual(['open', 'closed', 'open']);
  });

  test("'wait' ends nobody who took it in time, though another one does not", async () => {
    const { network, server } = await audience();
    const [first] = server.sockets;
    // More than sendHighWater by itself: each is waited for.
    const done = broadcast(server.sockets, new Uint8Array(100_000), { slow: 'wait', slowTimeout: 5_000 });
    expect(first!.bufferedAmount).toBeGreaterThan(64 * 1024);
    await network.advance(5_000);
    expect(await done).toBe(3);
    expect(server.sockets.map(({ state }) => state)).toEqual(['open', 'closed', 'open']);
  });

  test("'wait' has ten seconds, unless it is told to take all the time there is", async () => {
    for (const [slowTimeout, after] of [
      [undefined, 'closed'],
      [false, 'open'],
    ] as const) {
      const { network, server } = await audience();
      const done = broadcast(server.sockets, 'one', { slow: 'wait', slowTimeout });
      await network.advance(9_999);
      expect(server.sockets[1]!.state).toBe('open');
      await network.advance(600_000);
      expect(server.sockets[1]!.state).toBe(after);
      server.sockets[1]!.terminate();
      await done;
    }
  });

  test("'wait' resolves when sendLimit ends a connection in the act", async () => {
    const { server } = await audience({ sendLimit: 70_000 });
    expect(await broadcast(server.sockets, MESSAGE, { slow: 'wait' })).toBe(3);
    expect(server.sockets[1]!.state).toBe('closed');
  });

  test('one that is between fragments is told of, once all others have theirs', async () => {
    const { network, server, texts } = await audience();
    server.sockets[0]!.sendFragment('half', false);
    for (const slow of ['send', 'skip', 'terminate', 'wait'] as const) {
      expect(() => broadcast([server.sockets[0]!, server.sockets[2]!], slow, { slow: slow as 'send' })).toThrow(
        InvalidStateError,
      );
    }
    server.sockets[0]!.sendFragment(' and half', true);
    await network.settle();
    expect(texts()).toEqual([['half and half'], [], ['send', 'skip', 'terminate', 'wait']]);
  });

  test.each([
    ['an entry of a Map', []],
    ['nothing', null],
    ['a message', 'x'],
  ])('what is no socket is told of likewise: %s', async (_what, wrong) => {
    const { network, server, texts } = await audience();
    const all = [server.sockets[0]!, wrong as never, server.sockets[2]!];
    expect(() => broadcast(all, 'hello')).toThrow(TypeError);
    await network.settle();
    expect(texts()).toEqual([['hello'], [], ['hello']]);
  });

  test('misuse throws, and nothing is sent', async () => {
    const { network, server, texts } = await audience();
    expect(() => broadcast(server.sockets, 5 as never)).toThrow(TypeError);
    expect(() => broadcast([], 5 as never)).toThrow(TypeError);
    expect(() => broadcast(server.sockets, 'x', { slow: 'drop' as 'skip' })).toThrow(TypeError);
    expect(() => broadcast(server.sockets, 'x', { slowTimeout: -1 })).toThrow(RangeError);
    await network.settle();
    expect(texts()).toEqual([[], [], []]);
  });
});
