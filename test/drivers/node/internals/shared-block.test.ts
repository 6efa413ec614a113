/** What becomes of messages when somebody transfers the memory of one. */
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { listen, open } from '../../../../drivers/index.ts';
import { allocateBlock } from '../../../../drivers/node/internals/shared-block.ts';
import WebSocket, { WebSocketServer } from '../../../../drivers/ws/index.ts';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const THROWS = Number.parseInt(process.versions.node, 10) >= 22;

/** Transfers what this lies in, as `postMessage` would. */
function transfer(bytes: Uint8Array): string {
  try {
    const copy = structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    return `${copy.length} there, ${bytes.length} here`;
  } catch (error) {
    return (error as Error).name;
  }
}

test('a block that messages share is not to be transferred', () => {
  const block = allocateBlock(64).fill(7);
  expect(block.buffer.byteLength).toBe(64);
  expect(transfer(block)).toBe(THROWS ? 'DataCloneError' : '64 there, 64 here');
  expect([...block]).toEqual(Array.from({ length: 64 }, () => 7));
});

test('whoever transfers a small message leaves all others as they are, and a large one goes', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  onTestFinished(() => server.close({ timeout: 0 }));
  const ws = await open(server.url);
  const sizes = [10, 2048, 2049, 10, 100_000];
  for (const size of sizes) await ws.send(new Uint8Array(size).fill(size & 255));
  const messages: Uint8Array[] = [];
  for (let i = 0; i < sizes.length; i++) messages.push((await ws.receiveBytes()) as Uint8Array);
  const outcomes = messages.map(transfer);
  const shared = (size: number) => (THROWS ? 'DataCloneError' : `${size} there, ${size} here`);
  expect(outcomes).toEqual([shared(10), shared(2048), '2049 there, 0 here', shared(10), '100000 there, 0 here']);
  for (const [i, size] of [10, 2048, undefined, 10].entries()) {
    if (size !== undefined) expect(messages[i]).toEqual(new Uint8Array(size).fill(size & 255));
  }
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
  await ws.close();
});

test('so it is with the face of ws', async () => {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  onTestFinished(() => void wss.close());
  wss.on('connection', (ws) => ws.on('message', (data: Buffer) => ws.send(data)));
  const ws = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  await once(ws, 'open');
  const messages: Buffer[] = [];
  const both = new Promise<void>((resolve) => {
    ws.on('message', (data: Buffer) => messages.push(data) === 2 && resolve());
  });
  ws.send(Buffer.alloc(10, 1));
  ws.send(Buffer.alloc(20, 2));
  await both;
  expect(transfer(messages[0])).toBe(THROWS ? 'DataCloneError' : '10 there, 10 here');
  expect(messages[1]).toEqual(Buffer.alloc(20, 2));
  ws.terminate();
});
