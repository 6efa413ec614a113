/** What awaits messages is resumed after the read that brought them; what it answers at once still leaves first. */
import { afterEach, describe, expect, test } from 'vitest';
import net from 'node:net';
import { listen } from '../../../drivers/index.ts';
import { serve } from '../../../drivers/node/index.ts';
import type { Server, WebSocket } from '../../../drivers/promise/index.ts';
import { CLOSE, closePayload, frame, KEY, parseFrames, TEXT } from '../../support/frames.ts';
import { frameInWords } from '../../support/endpoint.ts';
import { join } from '../../support/cuts.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const REQUEST = Buffer.from(
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
);
const text = (payload: string): Uint8Array => frame({ opcode: TEXT, payload, key: KEY });
const close = frame({ opcode: CLOSE, payload: closePayload(1000, 'bye'), key: KEY });
const reserved = frame({ opcode: 3, key: KEY });

/** Writes all of this at once, and reads what a server sends after its 101, to the end. */
async function exchange(port: number, ...frames: readonly Uint8Array[]): Promise<string[]> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(join(REQUEST, ...frames));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return parseFrames(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)).map(frameInWords);
}

async function serving(handler: (socket: WebSocket) => Promise<void>): Promise<Server> {
  const server = await listen({ host: '127.0.0.1', port: 0, onError: () => {} }, handler);
  closers.push(() => server.close({ timeout: 0 }));
  return server;
}

async function echo(socket: WebSocket): Promise<void> {
  for await (const message of socket) await socket.send(message);
}

describe('messages and a Close frame in one read', () => {
  test('are all echoed before the Close frame is', async () => {
    const { port } = await serving(echo);
    const many = Array.from({ length: 50 }, (_, i) => text(`${i}`));
    const echoes = many.map((_, i) => `TEXT "${i}"`);
    expect(await exchange(port, ...many, close)).toEqual([...echoes, 'CLOSE 1000 "bye"']);
  });

  test('and what a handler does in as many promises as it likes leaves first', async () => {
    const { port } = await serving(async (socket) => {
      for await (const message of socket) {
        for (let i = 0; i < 1000; i++) await undefined;
        await socket.send(`late ${message}`);
      }
    });
    expect(await exchange(port, text('a'), close)).toEqual(['TEXT "late a"', 'CLOSE 1000 "bye"']);
  });

  test('but a Close frame waits for nothing that takes longer', async () => {
    let refusal: unknown;
    const { port } = await serving(async (socket) => {
      await socket.receive();
      await new Promise((later) => setImmediate(later));
      refusal = await socket.send('too late').catch((error: unknown) => error);
    });
    expect(await exchange(port, text('a'), close)).toEqual(['CLOSE 1000 "bye"']);
    await expect.poll(() => refusal).toMatchObject({ name: 'WebSocketError', code: 1000 });
  });

  test('a message is answered before the connection is failed for what follows it', async () => {
    const { port } = await serving(echo);
    expect(await exchange(port, text('a'), reserved, text('b'))).toEqual([
      'TEXT "a"',
      'CLOSE 1002 "a reserved opcode"',
    ]);
  });
});

describe('the event face', () => {
  test('closes at once, unless `ending` asks for the same', async () => {
    for (const ending of [undefined, () => false, () => true] as const) {
      const listener = await serve(
        { host: '127.0.0.1', port: 0 },
        { ending, message: async (socket, data) => void socket.send(await Promise.resolve(data)) },
      );
      closers.push(() => listener.stopListening());
      const echoed = ending?.() === true ? ['TEXT "a"'] : [];
      expect(await exchange(listener.port, text('a'), close)).toEqual([...echoed, 'CLOSE 1000 "bye"']);
    }
  });

  test('an `ending` that throws is reported like any other, and closes with 1011', async () => {
    const errors: unknown[] = [];
    const thrown = new Error('mine');
    const ending = (): boolean => {
      throw thrown;
    };
    const listener = await serve({ host: '127.0.0.1', port: 0 }, { ending, error: (error) => void errors.push(error) });
    closers.push(() => listener.stopListening());
    expect(await exchange(listener.port, close)).toEqual(['CLOSE 1011 ""']);
    expect(errors).toEqual([thrown]);
  });
});
