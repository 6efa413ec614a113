const { listen, open, WebSocketError } = require('sansocket');
const { Connection } = require('sansocket/protocol');
const { createNetwork } = require('sansocket/pipe');
const { WebSocket } = require('sansocket/web');
test('text and bytes come back', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0, compress: true }, async (ws) => {
    for await (const m of ws) await ws.send(m);
  });
  await open(`ws://127.0.0.1:${server.port}`, { compress: true }, async (ws) => {
    await ws.send('hello');
    expect(await ws.receive()).toBe('hello');
    await ws.send(new Uint8Array([1, 2]));
    expect([...(await ws.receive())]).toEqual([1, 2]);
    await ws.send(Buffer.from('buffer'));
    expect(Buffer.from(await ws.receive()).toString()).toBe('buffer');
    await ws.send(new Float32Array([1]));
    expect((await ws.receive()).length).toBe(4);
  });
  await server.close();
});
test('errors are its own', async () => {
  await expect(open('ws://127.0.0.1:1')).rejects.toBeInstanceOf(WebSocketError);
  const c = new AbortController();
  const p = open('ws://127.0.0.1:1', { signal: c.signal });
  c.abort(new Error('enough'));
  await expect(p).rejects.toThrow();
});
test('a refusal with a Buffer as its body', async () => {
  const authorize = () => ({ status: 401, body: Buffer.from('who are you?') });
  const server = await listen({ host: '127.0.0.1', port: 0, authorize }, async () => {});
  const error = await open(`ws://127.0.0.1:${server.port}`).catch((reason) => reason);
  expect([error.response.status, Buffer.from(error.response.body).toString()]).toEqual([401, 'who are you?']);
  expect(JSON.parse(JSON.stringify(await open('ws://127.0.0.1:1').catch((reason) => reason))).cause).toMatch(
    /^Error: connect ECONNREFUSED/,
  );
  await server.close();
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
test('http2 is loaded late', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0, http2: true }, async () => {});
  await server.close();
});
test('web', (done) => {
  const ws = new WebSocket('ws://127.0.0.1:1/');
  ws.onclose = (e) => {
    expect(e.code).toBe(1006);
    done();
  };
});
