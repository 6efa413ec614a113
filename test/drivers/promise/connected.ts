import { createOpen, type PromiseOptions, type WebSocket } from '../../../drivers/promise/index.ts';
import { FakeDriver, type FakeSocket } from '../../support/fake-socket.ts';

/** An open connection over a fake socket. */
export async function connected(
  options: PromiseOptions & { maxMessageSize?: number | false; sendLimit?: number; highWater?: number } = {},
): Promise<{ webSocket: WebSocket; socket: FakeSocket; driver: FakeDriver }> {
  const driver = new FakeDriver();
  const { highWater = driver.highWater, ...rest } = options;
  driver.highWater = highWater;
  const opening = createOpen(driver)('ws://fake/', rest);
  const [socket] = driver.sockets;
  socket?.open();
  return { webSocket: await opening, socket, driver };
}

/** How a promise stands when everything that can happen by itself has happened. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return state;
}

/** What a promise is rejected with. */
export function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      throw new Error(`resolved to ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** All that an async iterable gives. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
