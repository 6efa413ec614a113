import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Openings, type StreamTaker } from '../../../../drivers/node/http2/openings.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

class Stream extends EventEmitter {
  aborted = false;
  closed = false;
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
  }
}

function streams(count: number): Stream[] {
  return Array.from({ length: count }, () => new Stream());
}

function add(openings: Openings, stream: Stream, taker: StreamTaker, fields: string[] = []): void {
  openings.add(stream as unknown as ServerHttp2Stream, fields, taker);
}

/** Whoever notes what it takes. */
function noting(): StreamTaker & { taken: unknown[]; errors: unknown[] } {
  const taken: unknown[] = [];
  const errors: unknown[] = [];
  return {
    taken,
    errors,
    take: (stream, fields) => void taken.push([stream, fields]),
    failed: (error) => void errors.push(error),
  };
}

test('streams that one read opens are taken 32 a turn, in order, and none is forgotten', async () => {
  const taker = noting();
  const openings = new Openings();
  const all = streams(100);
  all.forEach((stream, i) => add(openings, stream, taker, [':path', `/${i}`]));
  for (const count of [32, 64, 96, 100, 100]) {
    expect(taker.taken).toEqual(all.slice(0, count).map((stream, i) => [stream, [':path', `/${i}`]]));
    await turn();
  }
  // And once all have been, the next has its turn at once.
  const [late] = streams(1);
  add(openings, late, taker);
  expect(taker.taken.at(-1)).toEqual([late, []]);
  expect(all.map((stream) => stream.listenerCount('error'))).toEqual(Array(100).fill(0));
});

test.each(['aborted', 'closed', 'destroyed'] as const)(
  'those that are %s by their turn, or at once, are passed over, and their errors hurt nobody',
  async (how) => {
    const taker = noting();
    const openings = new Openings();
    const all = streams(5_000);
    for (const stream of all) add(openings, stream, taker);
    for (const stream of all.slice(32, -1)) {
      stream[how] = true;
      stream.emit('error', new Error('reset'));
    }
    await turn();
    const late = Object.assign(new Stream(), { [how]: true });
    add(openings, late, taker);
    late.emit('error', new Error('reset'));
    expect(taker.taken).toEqual([...all.slice(0, 32), all.at(-1)].map((stream) => [stream, []]));
  },
);

test('one that can not be taken is ended, whether it has waited or not, and all others have their turn', async () => {
  const complain = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complain.mockRestore());
  const taker = noting();
  const openings = new Openings();
  const all = streams(100);
  const isBroken = (i: number) => i === 3 || i === 40 || i === 41 || i === 99;
  const broken = (i: number): StreamTaker => ({
    take: () => {
      throw new Error(`of ${i}`);
    },
    failed: (error) => {
      taker.failed(error);
      // Whoever is told may fail at that.
      if (i === 40) throw error;
    },
  });
  all.forEach((stream, i) => add(openings, stream, isBroken(i) ? broken(i) : taker));
  for (let i = 0; i < 4; i++) await turn();
  expect(taker.taken).toEqual(all.filter((_, i) => !isBroken(i)).map((stream) => [stream, []]));
  expect(taker.errors).toEqual([3, 40, 41, 99].map((i) => new Error(`of ${i}`)));
  expect(complain.mock.calls).toEqual([['sansocket:', new Error('of 40')]]);
  expect(all.map(({ destroyed }) => destroyed)).toEqual(all.map((_, i) => isBroken(i)));
});

test('each is taken in the asynchronous context that it came in, however long it has waited', async () => {
  const storage = new AsyncLocalStorage<number>();
  const shown: unknown[] = [];
  const taker: StreamTaker = { take: () => void shown.push(storage.getStore()), failed: () => {} };
  const openings = new Openings();
  streams(70).forEach((stream, i) => storage.run(i, () => add(openings, stream, taker)));
  for (let i = 0; i < 3; i++) await turn();
  expect(shown).toEqual(Array.from({ length: 70 }, (_, i) => i));
});
