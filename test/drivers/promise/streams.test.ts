import { describe, expect, test } from 'vitest';
import { toDuplex } from '../../../drivers/index.ts';
import {
  createNetwork,
  InvalidStateError,
  toStreams,
  WebSocketError,
  type WebSocket,
} from '../../../drivers/pipe/index.ts';

/** Both ends of a connection over the pipe. */
async function connected(): Promise<{ near: WebSocket; far: WebSocket }> {
  const network = createNetwork({ latency: 5 });
  let arrive!: (ws: WebSocket) => void;
  const arrived = new Promise<WebSocket>((resolve) => (arrive = resolve));
  await network.listen({}, async (ws) => {
    arrive(ws);
    await ws.closed;
  });
  return { near: await network.open('ws://far/'), far: await arrived };
}

const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error,
  );

describe('toStreams', () => {
  test('a chunk is a message, text or bytes, both ways', async () => {
    const { near, far } = await connected();
    const { readable, writable } = toStreams(near);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    await writer.write('text');
    await writer.write(Uint8Array.of(1));
    for (const message of [await far.receive(), await far.receive()]) await far.send(message);
    expect([(await reader.read()).value, (await reader.read()).value]).toEqual(['text', Uint8Array.of(1)]);
    await writer.close();
    expect((await reader.read()).done).toBe(true);
    expect(await far.closed).toMatchObject({ code: 1000, clean: true });
  });

  test('stands alone: neither a loop nor another stream receives beside it', async () => {
    const { near, far } = await connected();
    const { readable } = toStreams(near);
    for (const other of [() => toStreams(near), () => near[Symbol.asyncIterator](), () => toDuplex(near)]) {
      expect(other).toThrow(InvalidStateError);
    }
    await far.send('one');
    expect((await readable.getReader().read()).value).toBe('one');

    const loop = far[Symbol.asyncIterator]();
    expect(() => toStreams(far)).toThrow('one loop at a time');
    await loop.return!();
    await near.send('two');
    expect((await toStreams(far).readable.getReader().read()).value).toBe('two');
  });

  test('the readable ends after the last message when the peer closes normally, and the writable fails', async () => {
    const { near, far } = await connected();
    const { readable, writable } = toStreams(near);
    await far.send('last');
    void far.close();
    const messages: unknown[] = [];
    for await (const message of readable) messages.push(message);
    expect(messages).toEqual(['last']);
    await near.closed;
    expect(await rejection(writable.getWriter().write('late'))).toMatchObject({ code: 1000 });
  });

  test('an end that is not normal is an error of both', async () => {
    const { near, far } = await connected();
    const { readable, writable } = toStreams(near);
    far.terminate();
    expect(await rejection(readable.getReader().read())).toMatchObject({ code: 1006 });
    expect(await rejection(writable.getWriter().closed)).toMatchObject({ code: 1006 });
  });

  test.each([
    ['a WebSocketError that may be sent', new WebSocketError(3000, 'enough'), { code: 3000, reason: 'enough' }],
    ['one that may not', new WebSocketError(1006), { code: 1011 }],
    ['anything else', new Error('no'), { code: 1011 }],
  ])('aborting the writable with %s', async (_, reason, closed) => {
    const { near, far } = await connected();
    const { writable } = toStreams(near);
    await writable.abort(reason);
    expect(await far.closed).toMatchObject(closed);
  });

  test('cancelling the readable closes with 1000, however much was not read', async () => {
    const { near, far } = await connected();
    for (let i = 0; i < 100; i++) void far.send('unread').catch(() => {});
    await toStreams(near).readable.cancel();
    expect(await far.closed).toMatchObject({ code: 1000 });
  });

  test('backpressure both ways: pipeTo a reader that takes nothing holds the sender up', async () => {
    const { near, far } = await connected();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 200; sent++) await far.send(new Uint8Array(65_536));
      await far.close();
    })();
    let letGo!: () => void;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let count = 0;
    const slow = new WritableStream({
      write: async () => {
        await gate;
        count++;
      },
    });
    const piping = toStreams(near).readable.pipeTo(slow);
    let before = -1;
    while (before !== sent || sent === 0) {
      before = sent;
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(200);
    letGo();
    await Promise.all([piping, sending]);
    expect(count).toBe(200);
  });
});
