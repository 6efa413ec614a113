/** What is said, once in a process, to a handler that returns as if callbacks were to follow. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WebSocket } from '../../../drivers/pipe/index.ts';

let warned: string[];

beforeEach(() => {
  warned = [];
  vi.spyOn(console, 'warn').mockImplementation((text) => void warned.push(text));
});

afterEach(() => vi.restoreAllMocks());

/** Serves two connections, which the client closes after a second, with a module that has not said anything yet. */
async function serve(handler: (ws: WebSocket) => unknown): Promise<void> {
  vi.resetModules();
  const { createNetwork } = await import('../../../drivers/pipe/index.ts');
  const network = createNetwork();
  const server = await network.listen({}, handler);
  for (let i = 0; i < 2; i++) {
    const ws = await network.open('ws://server/');
    await ws.send('hello');
    await network.advance(1000);
    await ws.close();
  }
  await server.close();
}

const TEXT =
  'sansocket: a handler returned at once, and nothing was received: returning closes its connection (1000). ' +
  'To keep one open, wait in the handler: for await (const message of ws), or await ws.closed';

test.each<[string, (ws: WebSocket) => unknown]>([
  ['returns nothing', () => {}],
  ['sends and returns', (ws) => void ws.send('welcome')],
  ['is async and returns', async () => {}],
])('one that %s is told, once', async (_, handler) => {
  await serve(handler);
  expect(warned).toEqual([TEXT]);
});

test.each<[string, (ws: WebSocket) => unknown]>([
  ['receives', (ws) => ws.receive()],
  ['waits for what it sends', (ws) => ws.send('welcome')],
  [
    'leaves a loop',
    async (ws) => {
      for await (const _ of ws) break;
    },
  ],
  ['waits for the end', (ws) => ws.closed],
  ['closes by itself', (ws) => void ws.close(4000)],
  ['throws', () => Promise.reject(new TypeError('mine'))],
])('one that %s is not', async (_, handler) => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await serve(handler);
  expect(warned).toEqual([]);
});

test('and neither is one that takes its time', async () => {
  vi.resetModules();
  const { createNetwork } = await import('../../../drivers/pipe/index.ts');
  const network = createNetwork();
  let finish = (): void => {};
  const server = await network.listen({}, () => new Promise<void>((resolve) => (finish = resolve)));
  const ws = await network.open('ws://server/');
  await network.advance(1000);
  finish();
  expect(await ws.closed).toMatchObject({ code: 1000 });
  await server.close();
  expect(warned).toEqual([]);
});
