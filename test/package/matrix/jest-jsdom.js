/** @jest-environment jsdom */
const { open, WebSocketError } = require('sansocket');
const { serve, connect } = require('sansocket/node');
const { createNetwork } = require('sansocket/pipe');
test('open is the one of browsers, to a server of ours', async () => {
  const server = await serve(
    { host: '127.0.0.1', port: 0, allowedOrigins: '*' },
    { message: (s, d) => void s.send(d) },
  );
  await open(`ws://127.0.0.1:${server.port}`, async (ws) => {
    await ws.send('hello');
    expect(await ws.receive()).toBe('hello');
    await ws.send(new Uint8Array([1, 2]));
    expect([...(await ws.receive())]).toEqual([1, 2]);
  });
  server.stopListening();
});
test('sansocket/node talks to itself here too', async () => {
  const server = await serve(
    { host: '127.0.0.1', port: 0, allowedOrigins: '*' },
    { message: (s, d) => void s.send(d) },
  );
  const got = await new Promise((resolve, reject) => {
    const s = connect(
      `ws://127.0.0.1:${server.port}`,
      {},
      {
        open: (s) => void s.send(new Uint8Array([1, 2])),
        message: (s, d) => {
          resolve([...d]);
          s.close();
        },
        close: (s, i) => reject(i.error),
      },
    );
  });
  expect(got).toEqual([1, 2]);
  server.stopListening();
});
test('pipe', async () => {
  const network = createNetwork();
  const server = await network.listen({}, async (ws) => {
    for await (const m of ws) await ws.send(m);
  });
  const ws = await network.open('ws://x/');
  await ws.send('a');
  expect(await ws.receive()).toBe('a');
  await ws.close();
  await server.close();
});
