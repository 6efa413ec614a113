/** What the engine in memory keeps, for how long, and what it tells of what it has kept no longer. */
import { expect, test } from 'vitest';
import type { EngineMessage, EnginePublishOptions, Page } from '../../../drivers/topics/engine.ts';
import { memoryEngine } from '../../../drivers/topics/memory-engine.ts';
import { MemoryLog, type MemoryLogOptions, resolveMemoryLogOptions } from '../../../drivers/topics/memory-log.ts';
import type { Place } from '../../../drivers/topics/position.ts';

/** What a message of no data costs. */
const COST = 256;

function logOf(options?: MemoryLogOptions) {
  const time = { now: 0 };
  let random = 0;
  const clock = { now: () => time.now } as never;
  const log = new MemoryLog(resolveMemoryLogOptions(options), clock, () => ++random / 97);
  let stamps = 0;
  const publish = (topic: string, options: Partial<EnginePublishOptions> = {}, data: string | Uint8Array = '') =>
    log.publish(topic, data, { stamp: `s${++stamps}`, compress: true, ...options });
  return { log, time, publish };
}

function offsets({ messages }: Page): number[] {
  return messages.map(({ offset }) => offset);
}

const kept = (log: MemoryLog, topic: string): number[] => offsets(log.page(topic, undefined, 1000));

test('what follows a place, and what became of the place itself', () => {
  const { log, publish } = logOf({ history: 3 });
  for (let i = 0; i < 5; i++) publish('t');
  const { epoch } = log.head('t');
  const cases: [offset: number, stamp: string, hole: string | undefined, follow: number[]][] = [
    [0, '', 'trimmed', [3, 4, 5]],
    [1, 's1', 'trimmed', [3, 4, 5]],
    [2, 's2', undefined, [3, 4, 5]],
    [2, 'x', undefined, [3, 4, 5]], // nobody knows any more
    [3, 's3', undefined, [4, 5]],
    [3, 'x', 'rewritten', [4, 5]],
    [4, 's4', undefined, [5]],
    [4, 'x', 'rewritten', [5]],
    [4, '', undefined, [5]],
    [5, 's5', undefined, []],
    [5, 'x', 'rewritten', []],
    [6, 's6', 'rewritten', []],
  ];
  for (const [offset, stamp, hole, follow] of cases) {
    const page = log.page('t', { epoch, offset, stamp }, 10);
    expect([offset, stamp, page.hole, offsets(page)]).toEqual([offset, stamp, hole, follow]);
    expect(page).toMatchObject({ more: false, position: { epoch, offset: 5, stamp: 's5' } });
  }
  const forgotten = log.page('t', { epoch: 'other', offset: 4, stamp: 's4' }, 10);
  expect([forgotten.hole, offsets(forgotten)]).toEqual(['forgotten', [3, 4, 5]]);
  expect(log.page('new', { ...log.head('new'), stamp: 'x' }, 10).hole).toBeUndefined();
  expect(log.page('t', undefined, 2)).toMatchObject({ hole: undefined, more: true });
});

test('a page has 4 MiB, and the message that goes beyond', () => {
  const { log, publish } = logOf();
  const data = new Uint8Array(2 * 1024 * 1024 - COST);
  for (let i = 0; i < 4; i++) publish('t', {}, i === 2 ? data.subarray(1) : data);
  expect(offsets(log.page('t', undefined, 10))).toEqual([1, 2]);
  const { epoch } = log.head('t');
  expect(offsets(log.page('t', { epoch, offset: 1, stamp: 's2' }, 10))).toEqual([2, 3, 4]);
});

test('beyond maxBytes the topics that were published to longest ago lose theirs, and there is room for what follows', () => {
  const { log, time, publish } = logOf({ maxBytes: 3 * COST, ttl: 1000 });
  for (const topic of ['a', 'b', 'a']) publish(topic);
  expect([kept(log, 'a'), kept(log, 'b')]).toEqual([[1, 2], [1]]);
  publish('a');
  expect([kept(log, 'a'), kept(log, 'b')]).toEqual([[1, 2, 3], []]);
  publish('c');
  expect([kept(log, 'a'), kept(log, 'c')]).toEqual([[2, 3], [1]]);
  // A message that is not kept makes what was before it useless.
  publish('a', { isKept: false });
  expect([kept(log, 'a'), log.head('a').offset]).toEqual([[], 0]);
  for (let i = 0; i < 2; i++) publish('c');
  expect(kept(log, 'c')).toEqual([1, 2, 3]);
  time.now = 1001;
  for (let i = 0; i < 3; i++) publish('d');
  expect([kept(log, 'c'), kept(log, 'd')]).toEqual([[], [1, 2, 3]]);
});

test('one that is large takes the room of several', () => {
  const { log, publish } = logOf({ maxBytes: 3 * COST });
  for (const topic of ['a', 'b', 'c']) publish(topic);
  publish('d', {}, new Uint8Array(COST));
  expect(['a', 'b', 'c', 'd'].map((topic) => kept(log, topic).length)).toEqual([0, 0, 1, 1]);
  publish('e', {}, new Uint8Array(3 * COST));
  expect(['c', 'd', 'e'].map((topic) => kept(log, topic).length)).toEqual([0, 0, 0]);
});

test('there is room for what follows, too, where a topic has as many as are kept', () => {
  const { log, publish } = logOf({ maxBytes: 4 * COST, history: 2 });
  for (let i = 0; i < 20; i++) publish('a');
  for (let i = 0; i < 2; i++) publish('b');
  expect([kept(log, 'a'), kept(log, 'b')]).toEqual([
    [19, 20],
    [1, 2],
  ]);
});

test('what is older than ttl is gone, of every topic', () => {
  const { log, time, publish } = logOf({ ttl: 1000 });
  publish('a');
  time.now = 500;
  for (const topic of ['b', 'a']) publish(topic);
  time.now = 1000;
  expect(kept(log, 'a')).toEqual([1, 2]);
  time.now = 1001;
  expect(kept(log, 'a')).toEqual([2]);
  time.now = 1501;
  expect([kept(log, 'b'), kept(log, 'a')]).toEqual([[], []]);
  expect(log.head('a').offset).toBe(0);
});

test.each([0, false] as const)('history %s keeps nothing', (history) => {
  const { log, publish } = logOf({ history });
  log.follow('t');
  const { message } = publish('t');
  expect([message?.offset, kept(log, 't'), log.head('t').offset]).toEqual([1, [], 1]);
});

test('a topic that is followed keeps its place when it keeps nothing else; one that is not begins anew', () => {
  const { log, time, publish } = logOf({ ttl: 1000 });
  const heads: Place[] = [];
  log.follow('new');
  publish('known');
  log.follow('known');
  publish('other');
  expect(['new', 'known', 'other', 'none'].map((topic) => log.isFollowed(topic))).toEqual([true, true, false, false]);
  publish('new');
  time.now = 1001;
  publish('x');
  for (const topic of ['new', 'known', 'other']) heads.push(log.head(topic));
  expect(heads.map(({ offset }) => offset)).toEqual([1, 1, 0]);
  for (const topic of ['new', 'known', 'other', 'none']) log.unfollow(topic);
  expect(['new', 'known'].map((topic) => log.isFollowed(topic))).toEqual([false, false]);
  expect(log.head('new')).toMatchObject({ offset: 0, epoch: expect.not.stringMatching(`^${heads[0]!.epoch}$`) });
  // Before it was published to it is followed or nothing.
  log.follow('none');
  log.unfollow('none');
  expect(log.isFollowed('none')).toBe(false);
  // What still keeps something stays where it is.
  log.unfollow('x');
  expect([kept(log, 'x'), log.head('x').offset]).toEqual([[1], 1]);
});

test('a key is remembered for two minutes, of each topic, and ten thousand of them at most', () => {
  const { log, time, publish } = logOf({ history: false });
  log.follow('t');
  const first = publish('t', { key: 'k' });
  expect(first.receipt).toMatchObject({ offset: 1, stamp: 's1' });
  time.now = 120_000;
  const again = publish('t', { key: 'k' });
  expect(again).toEqual({ receipt: { ...first.receipt, repeated: true }, message: undefined });
  expect(publish('other', { key: 'k' }).message).toBeDefined();
  for (let i = 0; i < 2; i++) expect(publish('t').message).toBeDefined();
  time.now = 120_001;
  expect(publish('t', { key: 'k' }).receipt).toMatchObject({ offset: 4 });
  // The one of the other topic is there, too.
  for (let i = 0; i < 9998; i++) publish('t', { key: `${i}` });
  expect(publish('other', { key: 'k' }).message).toBeUndefined();
  publish('t', { key: 'one more' });
  expect(publish('other', { key: 'k' }).message).toBeDefined();
});

test('the engine gives what is published to those who follow, before it has answered, and once', async () => {
  const engine = memoryEngine();
  const came: (EngineMessage | string)[] = [];
  const note = (message: EngineMessage) => void came.push(message);
  const context = { clock: { now: () => 0 } as never, heartbeat: 1000, node: 'n', random: () => 0.5 };
  await expect(engine.publish('t', '1', { stamp: 'a', compress: true })).rejects.toThrow('the engine is not there');
  const up = () => void came.push('up');
  await engine.start({ message: note, up, down() {}, beat() {} }, context);
  engine.unsubscribe('t');
  await engine.publish('t', '1', { stamp: 'a', compress: true });
  await engine.subscribe('t');
  const publishing = engine.publish('t', '2', { stamp: 'b', compress: true, key: 'k' });
  expect(came).toEqual(['up']);
  void publishing.then(() => came.push('answered'));
  await publishing;
  await engine.publish('t', '2', { stamp: 'c', compress: true, key: 'k' });
  expect(came).toMatchObject(['up', { data: '2', offset: 2, previous: 1, after: 'a' }, 'answered']);
  engine.unsubscribe('t');
  await engine.publish('t', '3', { stamp: 'd', compress: true });
  expect(came.length).toBe(3);
  await engine.close();
  await expect(engine.publish('t', '4', { stamp: 'e', compress: true })).rejects.toThrow('the engine is not there');
  engine.unsubscribe('t');
});
