/** What a network in memory says when a test hangs over it; its real-time timer is faked. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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
async function network() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.resetModules();
  const { createNetwork } = await import('../../../drivers/pipe/index.ts');
  return createNetwork();
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

describe('the hint', () => {
  test('waits as long as something moves', () => {
    const timers: (() => void)[] = [];
    const subject = { moves: 1, isInUse: true, describe: () => 'somebody waits' };
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
