/**
 * Servers of other runtimes with the promise API of `sansocket/native` over their WebSockets: Deno's `upgradeWebSocket`, Bun's
 * server and Cloudflare's `WebSocketPair` in workerd, with a client of ours; and the native client in workerd. A runtime that
 * can't be had is skipped by name.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, open } from '../../drivers/index.ts';
import { findRuntime } from '../support/runtimes.ts';
import { freshBuild, ROOT } from '../support/source.ts';
import { SEEN, serveSession, SESSION_OPTIONS } from './native-seen.ts';

/** What each server does with a connection: an echo, until it is asked to throw. */
const HANDLER = `async (ws) => {
  for await (const message of ws) {
    if (message === 'throw') throw new WebSocketError(4003, 'as you wish');
    if (message === 'return') return;
    await ws.send(message);
  }
}`;

const PROGRAMS: Record<string, string> = {
  'deno.js': `import { fromWebSocket, WebSocketError } from 'sansocket';
    const handler = ${HANDLER};
    Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      void fromWebSocket(socket).then(async (ws) => {
        try { await handler(ws); await ws.close(); } catch (error) { await ws.close(error.code, error.reason); }
      });
      return response;
    });`,
  'bun.js': `import { bunHandlers, WebSocketError } from 'sansocket/native';
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0,
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('no', { status: 426 })),
      websocket: bunHandlers(${HANDLER}, { onError: () => {} }) });
    console.log(server.port);`,
  'worker.js': `import * as native from 'sansocket';
    import { session } from './session.js';
    const { fromWebSocket, WebSocketError } = native;
    const handler = ${HANDLER};
    export default {
      async fetch(request, env) {
        if (request.headers.get('Upgrade') !== 'websocket') return Response.json(await session(native, env.TARGET));
        const pair = new WebSocketPair();
        pair[1].accept();
        void fromWebSocket(pair[1]).then(async (ws) => {
          try { await handler(ws); await ws.close(); } catch (error) { await ws.close(error.code, error.reason); }
        });
        return new Response(null, { status: 101, webSocket: pair[0] });
      },
    };`,
};

let folder: string;
const ends: (() => void)[] = [];

beforeAll(() => {
  freshBuild();
  folder = mkdtempSync(join(tmpdir(), 'sansocket-native-servers-'));
  const home = join(folder, 'node_modules/sansocket');
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  mkdirSync(join(folder, 'test'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  cpSync(join(ROOT, 'test/interop/native-session.js'), join(folder, 'session.js'));
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);
}, 60_000);

afterAll(() => {
  for (const end of ends) end();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** Starts a server, which prints a line about its port first. Returns the port. */
async function start(command: string, args: string[], portIn: (line: string) => number): Promise<number> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  ends.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (bytes) => (said += String(bytes)));
  for await (const line of createInterface({ input: child.stdout })) return portIn(line);
  throw new Error(`it did not start: ${said}`);
}

/** A session with it, as every server is to answer it. */
async function talkTo(port: number): Promise<unknown> {
  const seen: Record<string, unknown> = {};
  const large = new Uint8Array(2 * 1024 * 1024).fill(7);
  await open(`ws://127.0.0.1:${port}/`, async (ws) => {
    await ws.send('grüße');
    seen.text = await ws.receive();
    await ws.send(new Uint8Array([0, 1, 255]));
    seen.bytes = [...(await ws.receiveBytes())];
    await ws.send(large);
    seen.large = Buffer.compare(await ws.receiveBytes(), large) === 0;
    for (let i = 0; i < 500; i++) void ws.send(`${i}`);
    seen.order = true;
    for (let i = 0; i < 500; i++) if ((await ws.receive()) !== `${i}`) seen.order = false;
  });
  for (const how of ['return', 'throw']) {
    const ws = await open(`ws://127.0.0.1:${port}/`);
    await ws.send(how);
    const { code, reason } = await ws.closed;
    seen[how] = [code, reason];
  }
  return seen;
}

const ANSWERS = {
  ...{ text: 'grüße', bytes: [0, 1, 255], large: true, order: true },
  ...{ return: [1000, ''], throw: [4003, 'as you wish'] },
};

describe('a server (skipped where the runtime cannot be had)', () => {
  const deno = findRuntime('deno');
  const bun = findRuntime('bun');
  const workerd = findRuntime('workerd');

  test.skipIf(deno === undefined)('of Deno, by Deno.upgradeWebSocket', async () => {
    const port = await start(deno!, ['run', '--allow-net', '--quiet', 'deno.js'], Number);
    expect(await talkTo(port)).toEqual(ANSWERS);
  });

  test.skipIf(bun === undefined)('of Bun, by bunHandlers', async () => {
    const port = await start(bun!, ['bun.js'], Number);
    expect(await talkTo(port)).toEqual(ANSWERS);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426);
  });

  test.skipIf(workerd === undefined)('of workerd, by a WebSocketPair; and the client in it', async () => {
    const options = { ...SESSION_OPTIONS, host: '127.0.0.1', port: 0 } as const;
    const server = await listen(options, serveSession);
    await build({
      ...{ absWorkingDir: folder, entryPoints: ['worker.js'], outfile: join(folder, 'bundle.js') },
      ...{ bundle: true, format: 'esm', platform: 'neutral', conditions: ['workerd', 'worker'], logLevel: 'silent' },
    });
    const config = `using Workerd = import "/workerd/workerd.capnp";
      const config :Workerd.Config = (
        services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["private", "local"]))],
        sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);
      const worker :Workerd.Worker = (
        modules = [(name = "worker", esModule = embed "bundle.js")], compatibilityDate = "2026-01-01",
        bindings = [(name = "TARGET", text = "${server.url}/")]);`;
    writeFileSync(join(folder, 'config.capnp'), config);
    const args = ['serve', 'config.capnp', '--control-fd=1'];
    const port = await start(workerd!, args, (line) => (JSON.parse(line) as { port: number }).port);
    expect(await talkTo(port)).toEqual(ANSWERS);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toEqual(SEEN);
    await server.close({ timeout: 100 });
  });
});
