/**
 * Jest's jsdom, Electron's renderer and frameworks that fake timers put others in the place of Node's globals. A process with
 * such globals serves and connects all the same.
 */
import { expect, test, vi } from 'vitest';
import { runNode } from '../../support/run.ts';
import { ROOT } from '../../support/source.ts';

const PROGRAM = `
  import assert from 'node:assert';
  // As in a browser: numbers for timers, an own URL without canParse, an own clock that stands still, and no setImmediate.
  const own = { setTimeout, clearTimeout, URL };
  let last = 0;
  globalThis.setTimeout = () => ++last;
  globalThis.setInterval = () => ++last;
  globalThis.clearTimeout = globalThis.clearInterval = () => {};
  globalThis.performance = { now: () => 0 };
  globalThis.URL = class { constructor(text) { if (!/:/.test(text)) throw new TypeError('no URL'); return new own.URL(text); } };
  delete globalThis.setImmediate;
  delete globalThis.clearImmediate;
  delete globalThis.queueMicrotask;
  const { listen, open } = await import('./drivers/index.ts');
  const server = await listen({ host: '127.0.0.1', port: 0, compress: true }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  const ws = await open(server.url, { compress: true, proxy: 'env' });
  await ws.send('hello');
  assert.equal(await ws.receive(), 'hello');
  assert.ok((await ws.ping()) >= 0);
  await assert.rejects(ws.receive({ timeout: 5 }), { name: 'WaitTimeoutError' });
  await assert.rejects(open('no url'), SyntaxError);
  await assert.rejects(open(server.url, { proxy: 'no proxy' }), TypeError);
  await ws.close();
  await server.close();
`;

test(
  'a process whose globals are a browser’s serves, connects, and keeps its deadlines',
  { timeout: 60_000 },
  async () => {
    // What compiles the program takes globals, for its cache.
    vi.stubEnv('TSX_DISABLE_CACHE', '1');
    const { exit, stderr } = await runNode(['--import', 'tsx', '--input-type=module', '--eval', PROGRAM], ROOT, 50_000);
    expect(stderr).toBe('');
    expect(exit).toBe(0);
  },
);

/** As Jest's fake timers do, which leave Node's own modules what they have. */
const FAKING = `
  import assert from 'node:assert';
  import { once } from 'node:events';
  const { listen, open } = await import('./drivers/index.ts');
  const { WebSocket, WebSocketServer } = await import('./drivers/ws/index.ts');
  const web = await import('./drivers/web/index.ts');
  const { nextTick } = process;
  process.nextTick = (...given) => {
    const caller = new Error().stack.split('\\n')[2];
    if (!caller.includes('/drivers/')) nextTick(...given);
  };
  globalThis.setTimeout = globalThis.setInterval = globalThis.setImmediate = globalThis.queueMicrotask = () => 0;
  const server = await listen({ host: '127.0.0.1', port: 0, compress: true, http2: true }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  for (const http2 of [false, true]) {
    const ws = await open(server.url, { compress: true, http2 });
    await ws.send('hello');
    assert.equal(await ws.receive(), 'hello');
    await ws.close();
  }
  const socket = new web.WebSocket(server.url);
  await new Promise((resolve) => (socket.onopen = resolve));
  socket.send('hello');
  assert.equal((await new Promise((resolve) => (socket.onmessage = resolve))).data, 'hello');
  socket.close();
  await new Promise((resolve) => (socket.onclose = resolve));
  const stream = new web.WebSocketStream(server.url);
  const { readable, writable } = await stream.opened;
  await writable.getWriter().write('hello');
  assert.equal((await readable.getReader().read()).value, 'hello');
  stream.close();
  await stream.closed;
  await server.close();
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  const client = new WebSocket('ws://127.0.0.1:' + wss.address().port);
  await once(client, 'open');
  client.send('hello');
  assert.equal(String((await once(client, 'message'))[0]), 'hello');
  client.close();
  await once(client, 'close');
  await new Promise((resolve) => wss.close(resolve));
  console.log('done');
`;

test('timers that are faked once the package is loaded hold nothing back', { timeout: 60_000 }, async () => {
  vi.stubEnv('TSX_DISABLE_CACHE', '1');
  const { exit, stderr, stdout } = await runNode(
    ['--import', 'tsx', '--input-type=module', '--eval', FAKING],
    ROOT,
    20_000,
  );
  expect([stdout, stderr, exit]).toEqual(['done\n', '', 0]);
});
