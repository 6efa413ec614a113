import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { rawServer, switching } from '../node/client/support.ts';
import { listen, type Server, type WebSocket as ServerSocket } from '../../../drivers/index.ts';
import { WebSocketError, WebSocketStream } from '../../../drivers/web/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ timeout: 1 });
});

async function serveWith(handler: (ws: ServerSocket) => Promise<unknown>): Promise<string> {
  const server = await listen({ host: '127.0.0.1', port: 0, subprotocols: ['chat'] }, handler);
  servers.push(server);
  return server.url;
}

describe('WebSocketStream', () => {
  test('messages go through its two streams, text as strings and bytes as bytes', async () => {
    const url = await serveWith(async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const stream = new WebSocketStream(url, { protocols: ['chat'] });
    const { readable, writable, protocol, extensions } = await stream.opened;
    expect([protocol, extensions, stream.url]).toEqual(['chat', '', `${url}/`]);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    await writer.write('text');
    await writer.write(new Uint8Array([1, 2]));
    expect((await reader.read()).value).toBe('text');
    expect((await reader.read()).value).toEqual(new Uint8Array([1, 2]));
    await writer.close();
    expect((await reader.read()).done).toBe(true);
    expect(await stream.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  test('the readable pulls: a peer that floods is made to wait', async () => {
    let sent = 0;
    const url = await serveWith(async (ws) => {
      const message = new Uint8Array(64 * 1024);
      while (sent < 2000 && ws.state === 'open') {
        await ws.send(message);
        sent++;
      }
      await ws.close().catch(() => {});
    });
    const { readable } = await new WebSocketStream(url).opened;
    const reader = readable.getReader();
    await reader.read();
    // As many turns as it would take to receive all of it.
    for (let i = 0; i < 3000; i++) await new Promise(setImmediate);
    expect(sent).toBeLessThan(2000);
    let count = 1;
    while (!(await reader.read()).done) count++;
    expect(count).toBe(2000);
  });

  test('an abort does not wait for a write to a peer that does not read', async () => {
    const { port } = await rawServer((socket, head) => socket.pause().write(switching(head)));
    const stream = new WebSocketStream(`ws://127.0.0.1:${port}`, { closeTimeout: 1 });
    const writer = (await stream.opened).writable.getWriter();
    writer.closed.catch(() => {});
    // More than the system takes of a connection that nobody reads from.
    const writing = writer.write(new Uint8Array(64 * 1024 * 1024)).catch((error: unknown) => error);
    await writer.abort(new Error('enough'));
    const error = await stream.closed.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'WebSocketError',
      closeCode: 1006,
      cause: { timer: { option: 'closeTimeout' } },
    });
    expect(await writing).toBe(error);
  });

  test('the server’s close ends both streams', async () => {
    const url = await serveWith(async (ws) => {
      await ws.send('last');
      await ws.close(3000, 'done');
    });
    const stream = new WebSocketStream(url);
    const { readable, writable } = await stream.opened;
    const messages: unknown[] = [];
    for await (const message of readable) messages.push(message);
    expect(messages).toEqual(['last']);
    expect(await stream.closed).toEqual({ closeCode: 3000, reason: 'done' });
    await expect(writable.getWriter().write('late')).rejects.toMatchObject({ name: 'InvalidStateError' });
  });

  test('close() takes a code and a reason, and cancelling a WebSocketError’s', async () => {
    const closes: unknown[] = [];
    const url = await serveWith(async (ws) => closes.push((await ws.closed).code));
    const first = new WebSocketStream(url);
    await first.opened;
    first.close({ closeCode: 3001, reason: 'enough' });
    expect(await first.closed).toEqual({ closeCode: 3001, reason: 'enough' });
    const second = new WebSocketStream(url);
    await (await second.opened).readable.cancel(new WebSocketError('', { closeCode: 3002, reason: 'cancelled' }));
    expect(await second.closed).toEqual({ closeCode: 3002, reason: 'cancelled' });
    expect(() => first.close({ closeCode: 1001 })).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }));
  });

  test('a connection that is lost fails the streams and closed', async () => {
    const url = await serveWith(async (ws) => {
      await ws.receive();
      ws.terminate();
    });
    const stream = new WebSocketStream(url);
    const { readable, writable } = await stream.opened;
    await writable.getWriter().write('go away');
    await expect(readable.getReader().read()).rejects.toMatchObject({ closeCode: 1006 });
    await expect(stream.closed).rejects.toBeInstanceOf(WebSocketError);
  });

  test('what is written after the peer’s Close frame is told as not sent, and so is the close', async () => {
    let end!: () => void;
    const { port } = await rawServer((socket, head) => {
      // In one piece: when it has opened, its Close frame has come.
      socket.write(Buffer.concat([Buffer.from(switching(head)), Buffer.from([0x88, 0x02, 0x11, 0xd7])]));
      end = () => socket.end();
    });
    const stream = new WebSocketStream(`ws://127.0.0.1:${port}`);
    const { writable } = await stream.opened;
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const writing = writer.write('too late').catch((error: unknown) => error);
    end();
    const error = await stream.closed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error).toMatchObject({ closeCode: 4567 });
    expect(await writing).toBe(error);
  });

  test('what is written after one’s own close() is rejected, and the close is clean', async () => {
    const url = await serveWith((ws) => ws.closed);
    const stream = new WebSocketStream(url);
    const writer = (await stream.opened).writable.getWriter();
    writer.closed.catch(() => {});
    stream.close({ closeCode: 4000 });
    await expect(writer.write('too late')).rejects.toMatchObject({ name: 'InvalidStateError' });
    expect(await stream.closed).toEqual({ closeCode: 4000, reason: '' });
  });

  test('a large message that left whole is told as sent, though its peer closes as soon as it has it', async () => {
    const received: number[] = [];
    const url = await serveWith(async (ws) => {
      received.push((await ws.receive()).length);
      await ws.close(4001);
    });
    for (let i = 0; i < 10; i++) {
      const stream = new WebSocketStream(url);
      const writer = (await stream.opened).writable.getWriter();
      writer.closed.catch(() => {});
      const size = 8 * 1024 * 1024;
      await writer.write(new Uint8Array(size));
      expect(await stream.closed).toEqual({ closeCode: 4001, reason: '' });
      expect(received.at(-1)).toBe(size);
    }
  });

  test('the signal gives up the opening handshake, with its reason', async () => {
    const url = await serveWith(async (ws) => ws.closed);
    const giveUp = new AbortController();
    const stream = new WebSocketStream(url, { signal: giveUp.signal });
    giveUp.abort(new Error('no longer wanted'));
    await expect(stream.opened).rejects.toThrow('no longer wanted');
    await expect(stream.closed).rejects.toThrow('no longer wanted');
  });

  test('one that could not be made leaves nothing behind on the signal that others share', async () => {
    const url = await serveWith(async (ws) => ws.closed);
    const giveUp = new AbortController();
    const { signal } = giveUp;
    for (const wrong of [{ maxMessageSize: -1 }, { headers: { 'not a name': 'x' } }, { unknown: true }]) {
      expect(() => new WebSocketStream(url, { signal, ...wrong } as object)).toThrow();
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const stream = new WebSocketStream(url, { signal });
    giveUp.abort(new Error('no longer wanted'));
    await expect(stream.opened).rejects.toThrow('no longer wanted');
  });

  test.each([null, 'signal', {}, new AbortController()])('what is no signal is refused: %o', (signal) => {
    const make = () => new WebSocketStream('ws://127.0.0.1:9', { signal } as object);
    expect(make).toThrow(new TypeError('signal must be an AbortSignal'));
  });

  test('a signal that was aborted, and whose reason throws, gives up with what that threw', async () => {
    const signal = AbortSignal.abort();
    Object.defineProperty(signal, 'reason', {
      get() {
        throw new Error('no reason');
      },
    });
    await expect(new WebSocketStream('ws://127.0.0.1:9', { signal }).opened).rejects.toThrow('no reason');
  });
});
