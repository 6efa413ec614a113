/**
 * `sansocket/native` over the WebSockets of browsers, Node, Deno, Bun, and over our own class in their place. A runtime that
 * can't be had is skipped by name.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, type Server } from '../../drivers/index.ts';
import { fromWebSocket, open } from '../../drivers/native/index.ts';
import { WebSocket as WebSocketOfOurs } from '../../drivers/web/index.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { run } from '../support/run.ts';
import { findRuntime } from '../support/runtimes.ts';
import { freshBuild, ROOT } from '../support/source.ts';
import { SEEN, serveSession, SESSION_OPTIONS } from './native-seen.ts';
import { session } from './native-session.js';

let server: Server;
let folder: string;

beforeAll(async () => {
  freshBuild();
  server = await listen(
    {
      ...{ ...SESSION_OPTIONS, host: '127.0.0.1', port: 0 },
      onRequest: () => ({ status: 200, headers: { 'Content-Type': 'text/html' }, body: '<!doctype html>' }),
    },
    serveSession,
  );
  folder = mkdtempSync(join(tmpdir(), 'sansocket-native-'));
  const home = join(folder, 'node_modules/sansocket');
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  mkdirSync(join(folder, 'test'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  cpSync(join(ROOT, 'test/interop/native-session.js'), join(folder, 'session.js'));
  const program = (entry: string) => `import * as native from '${entry}';
    import { session } from './session.js';
    console.log(JSON.stringify(await session(native, '${server.url}/')));`;
  writeFileSync(join(folder, 'node.js'), program('sansocket/native'));
  writeFileSync(join(folder, 'main.js'), program('sansocket'));
}, 60_000);

afterAll(async () => {
  await server?.close({ timeout: 100 });
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

test('over our own WebSocket class', async () => {
  const globals = globalThis as { WebSocket?: unknown };
  const before = globals.WebSocket;
  globals.WebSocket = WebSocketOfOurs;
  try {
    expect(await session({ open, fromWebSocket }, `${server.url}/`)).toEqual(SEEN);
  } finally {
    globals.WebSocket = before;
  }
});

describe('over the WebSocket of a runtime (skipped where it cannot be had)', () => {
  const deno = findRuntime('deno');
  const bun = findRuntime('bun');
  const node = findRuntime('node');

  async function inRuntime(command: string, args: string[], program: string): Promise<void> {
    const { exit, stdout, stderr } = await run(command, [...args, program], folder, 30_000);
    expect({ exit, stderr: exit === 0 ? '' : stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(SEEN);
  }

  test.skipIf(node === undefined)('Node 22', () => inRuntime(node!, [], 'node.js'));
  test.skipIf(deno === undefined)('Deno, where it is `sansocket` itself', () =>
    inRuntime(deno!, ['run', '--allow-net', '--quiet'], 'main.js'),
  );
  test.skipIf(bun === undefined)('Bun, where it is `sansocket` itself', () => inRuntime(bun!, [], 'main.js'));

  test.skipIf(!hasChromium).each(['with its WebSocketStream', 'without'])('Chromium, %s', async (how) => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import * as native from 'sansocket'; import { session } from './session.js';
          globalThis.inPage = (url) => session(native, url);`,
        resolveDir: folder,
      },
      ...{ bundle: true, write: false, format: 'iife', target: 'es2022', platform: 'browser' },
    });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      await page.goto(server.url.replace('ws', 'http'));
      const has = await page.evaluate(() => 'WebSocketStream' in globalThis);
      if (how === 'without') await page.evaluate(() => delete (globalThis as any).WebSocketStream);
      else expect(has).toBe(true);
      await page.addScriptTag({ content: outputFiles[0].text });
      expect(await page.evaluate((url) => (globalThis as any).inPage(url), `${server.url}/`)).toEqual(SEEN);
    } finally {
      await browser.close();
    }
  });
});
