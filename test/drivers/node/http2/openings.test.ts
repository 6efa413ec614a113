import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { expect, test } from 'vitest';
import { Openings } from '../../../../drivers/node/http2/openings.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function streams(count: number) {
  return Array.from({ length: count }, () =>
    Object.assign(new EventEmitter(), { aborted: false, closed: false, destroyed: false }),
  );
}

test('streams that one read opens are taken 32 a turn, in order, and none is forgotten', async () => {
  const taken: unknown[] = [];
  const openings = new Openings((stream, fields) => taken.push([stream, fields]));
  const all = streams(100);
  all.forEach((stream, i) => openings.add(stream as unknown as ServerHttp2Stream, [':path', `/${i}`]));
  for (const count of [32, 64, 96, 100, 100]) {
    expect(taken).toEqual(all.slice(0, count).map((stream, i) => [stream, [':path', `/${i}`]]));
    await turn();
  }
  // And once all have been, the next has its turn at once.
  const [late] = streams(1);
  openings.add(late as unknown as ServerHttp2Stream, []);
  expect(taken.at(-1)).toEqual([late, []]);
});

test.each(['aborted', 'closed', 'destroyed'] as const)(
  'those that are %s by their turn are passed over, and their errors hurt nobody',
  async (how) => {
    const taken: unknown[] = [];
    const openings = new Openings((stream) => taken.push(stream));
    const all = streams(5_000);
    for (const stream of all) openings.add(stream as unknown as ServerHttp2Stream, []);
    for (const stream of all.slice(32, -1)) {
      stream[how] = true;
      stream.emit('error', new Error('reset'));
    }
    await turn();
    expect(taken).toEqual([...all.slice(0, 32), all.at(-1)]);
  },
);
