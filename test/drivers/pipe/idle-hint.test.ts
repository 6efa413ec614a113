/** What a network in memory says when a test hangs over it; its real-time timer is faked. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NetworkOptions, WebSocket } from '../../../drivers/pipe/index.ts';
import { IdleHint } from '../../../drivers/pipe/idle-hint.ts';
import { makeLater } from '../../../drivers/pipe/next-turn.ts';

let warned: string[];

beforeEach(() => {
  warned = [];
  vi.spyOn(console, 'warn').mockImplementation((text) => void warned.push(text));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A network of a copy of the module that knows faked timers only. */
async function network(options: NetworkOptions = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.resetModules();
  const { createNetwork } = await import('../../../drivers/pipe/index.ts');
  return createNetwork(options);
}

describe('a network', () => {
  test('says who waits when nothing is on its way, once', async () => {
    const net = await network();
    await net.listen({ host: 'server' }, async (ws) => {
      for await (const message of ws) if (message !== 'nothing') await ws.send(message);
    });
    const ws = await net.open('ws://server/a');
    await ws.send('nothing');
    void ws.receive();
    await net.settle();
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      'sansocket/pipe: nothing is on its way; one receive waits, on ws://server/a. ' +
        'Time stands still until network.advance(milliseconds)',
    ]);
    vi.advanceTimersByTime(60_000);
    expect(warned.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each(['open', 'close'])('says that %s waits', async (call) => {
    const net = await network();
    await net.listen(
      { host: 'server', authorize: () => call !== 'open' || new Promise<boolean>(() => {}) },
      (ws) => ws.closed,
    );
    const opening = net.open('ws://server/a');
    opening.catch(() => {});
    await net.settle();
    if (call === 'close') {
      const ws = await opening;
      net.links[0]!.stall();
      void ws.close();
    }
    await net.settle();
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      `sansocket/pipe: nothing is on its way; one ${call} waits, on ws://server/a. ` +
        'Time stands still until network.advance(milliseconds)',
    ]);
  });

  test('says that a send waits, and a ping, and whoever awaits the end', async () => {
    for (const call of ['send', 'ping', 'closed'] as const) {
      warned = [];
      const net = await network();
      await net.listen({ host: 'server' }, (ws) => ws.closed);
      const ws = await net.open('ws://server/a');
      net.links[0]!.stall();
      if (call === 'send') void ws.send(new Uint8Array(1_000_000));
      if (call === 'ping') void ws.ping();
      if (call === 'closed') void ws.closed;
      await net.settle();
      vi.advanceTimersByTime(1500);
      vi.advanceTimersByTime(1500);
      expect(warned).toEqual([
        `sansocket/pipe: nothing is on its way; one ${call} waits, on ws://server/a. ` +
          'Time stands still until network.advance(milliseconds)',
      ]);
    }
  });

  test('says that open.reconnecting waits before its next attempt, and for how long', async () => {
    const net = await network();
    const connections = net.open.reconnecting('ws://nobody/');
    void connections.next();
    await net.settle();
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      expect.stringMatching(
        /^sansocket\/pipe: nothing is on its way; open\.reconnecting waits, for \d+ ms more\. Time stands still until /,
      ),
    ]);
    const over = connections.return!();
    await net.settle();
    await over;
    vi.advanceTimersByTime(1500);
    expect([warned.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  test.each(['listen', 'serve'] as const)('says that server.close waits, of %s', async (face) => {
    const net = await network();
    const server =
      face === 'listen'
        ? await net.listen({ host: 'server' }, () => new Promise<void>(() => {}))
        : await net.serve({ host: 'server' }, { ending: () => true });
    const ws = net.connect('ws://server/');
    await net.settle();
    if (face === 'serve') net.links[0]!.stall();
    void server.close({ timeout: 5000 });
    await net.settle();
    if (face === 'listen') ws.terminate();
    await net.settle();
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      expect.stringMatching(/^sansocket\/pipe: nothing is on its way; server\.close waits, for \d+ ms more\. Time /),
    ]);
  });

  test('says that a broadcast waits for who is slow', async () => {
    const net = await network();
    const server = await net.listen({ host: 'server' }, (ws) => ws.closed);
    await net.open('ws://server/');
    net.links[0]!.stall();
    void server.broadcast('x'.repeat(1_000_000));
    await net.settle();
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      'sansocket/pipe: nothing is on its way; broadcast waits, for 10000 ms more. ' +
        'Time stands still until network.advance(milliseconds)',
    ]);
  });

  test('says that open waits where the first byte may not move either', async () => {
    const net = await network({ manual: true });
    await net.listen({ host: 'server' }, (ws) => ws.closed);
    void net.open('ws://server/a');
    vi.advanceTimersByTime(1500);
    vi.advanceTimersByTime(1500);
    expect(warned).toEqual([
      'sansocket/pipe: nothing is on its way; one open waits, on ws://server/a. ' +
        'Time stands still until network.advance(milliseconds)',
    ]);
  });

  test('says nothing where no client waits, and watches no longer than there are connections', async () => {
    const net = await network();
    await net.listen({ host: 'server' }, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const ws = await net.open('ws://server/');
    await net.settle();
    vi.advanceTimersByTime(10_000);
    expect([warned, vi.getTimerCount()]).toEqual([[], 1]);
    await ws.close();
    await net.settle();
    vi.advanceTimersByTime(1500);
    expect([warned, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('a settle that does not come to an end', () => {
  test('is told of where two sides talk on and on, once', async () => {
    const net = await network({ latency: 500 });
    const echo = async (ws: WebSocket): Promise<void> => {
      for await (const message of ws) await ws.send(message);
    };
    await net.listen({ host: 'server' }, echo);
    const ws = await net.open('ws://server/');
    const talk = echo(ws);
    await ws.send('on and on');
    const settled = net.settle();
    for (const times of [1, 2, 3]) {
      await net.advance(1000);
      vi.advanceTimersByTime(1500);
      expect(warned).toHaveLength(times < 2 ? 0 : 1);
    }
    expect(warned[0]).toMatch(
      /^sansocket\/pipe: settle still waits, for something is always on its way; network\.advance\(milliseconds\) ends at a time: it is \d+ ms by now$/,
    );
    ws.terminate();
    await Promise.all([settled, talk.catch(() => {})]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and not where each of several does', async () => {
    const net = await network({ latency: 500 });
    await net.listen({ host: 'server' }, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const ws = await net.open('ws://server/');
    for (let i = 0; i < 5; i++) {
      await ws.send('one');
      const settled = net.settle();
      vi.advanceTimersByTime(1500);
      await settled;
    }
    expect(warned).toEqual([]);
    ws.terminate();
    await net.settle();
  });
});

describe('the hint', () => {
  test('waits as long as something moves', () => {
    const timers: (() => void)[] = [];
    const subject = { moves: 1, isInUse: true, settling: undefined, now: 0, describe: () => 'somebody waits' };
    new IdleHint(subject, (callback) => void timers.push(callback)).watch();
    subject.moves++;
    timers.shift()!();
    expect(warned).toEqual([]);
    timers.shift()!();
    expect(warned).toEqual(['sansocket/pipe: nothing is on its way; somebody waits']);
    expect(timers).toEqual([]);
  });

  test('keeps no process alive: where timers are such that do, there is none', () => {
    const found: unknown[] = [];
    const setTimeout = () => ({ unref: () => found.push('unref') });
    makeLater({ setTimeout })(() => {}, 1);
    makeLater({ setTimeout: () => 7, clearTimeout: (timer) => found.push(timer) })(() => {}, 1);
    makeLater({})(() => {}, 1);
    expect(found).toEqual(['unref', 7]);
  });
});
