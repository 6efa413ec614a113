import { listen, open, WebSocketError } from 'sansocket';
import { expect, test } from 'vitest';

test('a server and a client, text and bytes', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0, compress: true }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  await open(`ws://127.0.0.1:${server.port}`, { compress: true }, async (ws) => {
    await ws.send('hello');
    expect(await ws.receive()).toBe('hello');
    await ws.send(new Uint8Array([1, 2]));
    expect([...(await ws.receive())]).toEqual([1, 2]);
    await ws.send(Buffer.from('buffer'));
    expect(Buffer.from(await ws.receive()).toString()).toBe('buffer');
  });
  await server.close();
  await expect(open('ws://127.0.0.1:1')).rejects.toBeInstanceOf(WebSocketError);
});
