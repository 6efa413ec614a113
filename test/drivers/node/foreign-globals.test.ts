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
