/** `broadcast` of the promise API, over the pipe: a slow consumer is one that does not receive, and whose link is full. */
import { describe, expect, test } from 'vitest';
import { broadcast, createNetwork, type WebSocket } from '../../../drivers/pipe/index.ts';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { stateOf } from './connected.ts';

const MESSAGE = new Uint8Array(10_000);

/** A server with three clients, the second of which does not receive; so much is in its way that it is slow. */
async function audience(receiveQueue = 1) {
  const network = createNetwork({ window: 20_000 });
  const server = await network.listen({ host: 'server' }, (ws) => ws.closed);
  const clients: WebSocket[] = [];
  for (let i = 0; i < 3; i++) clients.push(await network.open('ws://server/', { receiveQueue }));
  const [, served] = [...server.connections];
  while (served!.bufferedAmount < 64 * 1024) {
    served!.trySend(MESSAGE);
    await network.settle();
  }
  return { network, server, clients, slow: clients[1]!, served: served! };
}

/** Receives until this message, and returns how many came before it. */
async function receiveUntil(ws: WebSocket, message: string): Promise<number> {
  for (let before = 0; ; before++) if ((await ws.receive()) === message) return before;
}

describe('broadcast', () => {
  test('sends to all, and waits for the slowest', async () => {
    const { server, clients, slow } = await audience();
    const sending = broadcast(server.connections, 'news');
    expect([await clients[0]!.receive(), await clients[2]!.receive()]).toEqual(['news', 'news']);
    expect(await stateOf(sending)).toBe('pending');
    expect(await receiveUntil(slow, 'news')).toBeGreaterThan(6);
    expect(await sending).toBe(3);
    expect(await broadcast(server.connections, MESSAGE)).toBe(3);
    expect(await slow.receive()).toEqual(MESSAGE);
  });

  test('it is held up for `slowTimeout` at the most, and that is not its failure', async () => {
    const { network, server, served } = await audience();
    const sending = broadcast(server.connections, 'news');
    expect(await stateOf(sending)).toBe('pending');
    await network.advance(9_999);
    expect(served.state).toBe('open');
    await network.advance(1);
    expect(await sending).toBe(3);
    expect(await served.closed).toMatchObject({ code: 1006, error: { name: 'TimeoutError' } });
    expect(await broadcast([served], 'late')).toBe(0);
  });

  test("'skip': a slow one goes without, nobody waits, and it goes on", async () => {
    const { network, server, clients, slow } = await audience();
    expect(await broadcast(server.connections, 'one', { slow: 'skip' })).toBe(2);
    const rest = receiveUntil(slow, 'two');
    await network.settle();
    expect(await broadcast(server.connections, 'two', { slow: 'skip' })).toBe(3);
    await rest;
    expect(await clients[0]!.receive()).toBe('one');
    expect(slow.state).toBe('open');
  });

  test("'terminate': a slow one is ended, with an error that says why", async () => {
    const { server, clients, served } = await audience();
    expect(await broadcast(server.connections, 'one', { slow: 'terminate' })).toBe(2);
    const { code, error } = await served.closed;
    expect([code, error?.message]).toEqual([1006, expect.stringMatching('slow')]);
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(server.connections.size).toBe(2);
    expect(await clients[2]!.receive()).toBe('one');
  });

  test('it stands in line behind what was sent before, a fragmented message under way included', async () => {
    const network = createNetwork();
    const server = await network.listen({ host: 'server' }, (ws) => ws.closed);
    const client = await network.open('ws://server/');
    const [served] = server.connections;
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const sending = served!.send(
      (async function* () {
        yield 'two ';
        await gate;
        yield 'halves';
      })(),
    );
    const first = broadcast(server.connections, 'behind it');
    // Nobody waits with this policy, not even for a message that has to.
    expect(await broadcast(server.connections, 'and this', { slow: 'skip' })).toBe(1);
    expect(await stateOf(first)).toBe('pending');
    go();
    expect(await client.receive()).toBe('two halves');
    await Promise.all([sending, first]);
    expect([await client.receive(), await client.receive()]).toEqual(['behind it', 'and this']);
  });

  test('what it was given goes out before a close', async () => {
    const { server, slow, served } = await audience();
    const sending = broadcast(server.connections, 'last words');
    void served.close(4000);
    expect(await receiveUntil(slow, 'last words')).toBeGreaterThan(6);
    await sending;
    expect(await slow.closed).toMatchObject({ code: 4000, clean: true });
  });

  test('misuse rejects, and nothing is sent', async () => {
    const { network, server, clients } = await audience();
    await expect(broadcast(server.connections, ['a'] as never)).rejects.toThrow(TypeError);
    await expect(broadcast(server.connections, 'x', { slow: 'drop' as 'skip' })).rejects.toThrow(TypeError);
    await expect(broadcast(server.connections, 'x', { slowTimeout: '1' as never })).rejects.toThrow(TypeError);
    await expect(broadcast([{} as WebSocket], 'x')).rejects.toThrow(TypeError);
    await expect(broadcast([], undefined as never)).rejects.toThrow(TypeError);
    expect(await broadcast([], 'x')).toBe(0);
    await network.settle();
    await expect(clients[0]!.receive({ timeout: 0 })).rejects.toThrow();
  });
});
