import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { open } from '../../../drivers/index.ts';
import { createNetwork } from '../../../drivers/pipe/index.ts';
import { whenAborted } from '../../../drivers/socket/abort.ts';

/** A signal that counts who listens to it. */
function counted(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (count++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (count--, remove(...args));
  return { controller, listeners: () => count };
}

test('a signal has one listener for all who wait, and none when nobody does', () => {
  const { controller, listeners } = counted();
  const calls = [1, 2, 3].map(() => whenAborted(controller.signal, () => {}));
  expect(listeners()).toBe(1);
  for (const callOff of [...calls, ...calls]) callOff();
  expect(listeners()).toBe(0);
  whenAborted(controller.signal, () => {});
  expect(listeners()).toBe(1);
});

test('each is called back once, in order, and who was called off is not, by another who was called back either', () => {
  const controller = new AbortController();
  const seen: number[] = [];
  whenAborted(controller.signal, () => {
    seen.push(1);
    callOffThird();
  });
  const callOffSecond = whenAborted(controller.signal, () => seen.push(2));
  const callOffThird = whenAborted(controller.signal, () => seen.push(3));
  whenAborted(controller.signal, () => seen.push(4));
  callOffSecond();
  controller.abort();
  controller.abort();
  expect(seen).toEqual([1, 4]);
});

test('signals know nothing of each other', () => {
  const one = new AbortController();
  const other = new AbortController();
  const seen: string[] = [];
  whenAborted(one.signal, () => seen.push('one'));
  whenAborted(other.signal, () => seen.push('other'));
  other.abort();
  expect(seen).toEqual(['other']);
});

test('a signal whose reason throws when it is asked for ends every wait with what it throws, and nothing gets out', async () => {
  const network = createNetwork();
  await using server = await network.listen({}, (ws) => ws.closed.then(() => {}));
  const ws = await network.open(server.url);
  const controller = new AbortController();
  const { signal } = controller;
  Object.defineProperty(signal, 'reason', {
    get() {
      throw new Error('of the getter');
    },
  });
  const waits = [ws.receive({ signal }), network.open(server.url, { signal }), ws.receive({ signal })];
  const outcomes = Promise.allSettled(waits);
  expect(() => controller.abort()).not.toThrow();
  expect(await outcomes).toEqual(
    waits.map(() => ({ status: 'rejected', reason: expect.objectContaining({ message: 'of the getter' }) })),
  );
  expect(ws.state).toBe('open');
});

test('a signal that has fired already opens nothing: nobody is asked', async () => {
  const reason = new Error('not any more');
  const signal = AbortSignal.abort(reason);
  const asked: string[] = [];
  const lookup = () => void asked.push('lookup');
  const createConnection = () => (asked.push('createConnection'), new PassThrough());
  for (const options of [{ lookup }, { createConnection }]) {
    await expect(open('ws://nobody.test/', { ...options, signal } as object)).rejects.toBe(reason);
  }
  const network = createNetwork();
  await using server = await network.listen({}, (ws) => ws.closed.then(() => {}));
  const links: unknown[] = [];
  await expect(network.open(server.url, { signal, onLink: (link) => void links.push(link) })).rejects.toBe(reason);
  await network.settle();
  expect([asked, links]).toEqual([[], []]);
});

test('bad options are told first, whatever the signal says', async () => {
  const signal = AbortSignal.abort();
  await expect(open('ws://a.test/#fragment', { signal })).rejects.toBeInstanceOf(SyntaxError);
  await expect(open('ws://a.test/', { signal, subprotocols: ['a b'] })).rejects.toBeInstanceOf(TypeError);
});
