/** Each command before other people's software: `ws`, python3-websockets, nginx, and a server that is broken. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket as WsSocket, WebSocketServer } from 'ws';
import { listen, open } from '../../../drivers/index.ts';
import { freePort } from '../../support/free-port.ts';
import { answering, endPatients, upgraded } from './patients.ts';
import { endAll, runWith, start } from './running.ts';

const NGINX = '/usr/sbin/nginx';
const PYTHON = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import websockets']).status === 0,
);

const PYTHON_ECHO = `
import asyncio, websockets
async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, '127.0.0.1', 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
`;

const PYTHON_CLIENT = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        await socket.send('from python')
        print(await socket.recv(), flush=True)
asyncio.run(main())
`;

/** A server that echoes, or is to. */
interface Peer {
  readonly name: string;
  readonly isHere: boolean;
  /** Starts it, with what ends it appended to `cleanups`. Returns its URL. */
  start(cleanups: (() => unknown)[]): Promise<string>;
}

const PEERS: readonly Peer[] = [
  {
    name: 'ws',
    isHere: true,
    async start(cleanups) {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
      server.on('connection', (socket) => {
        socket.on('error', () => {});
        socket.on('message', (data, binary) => socket.send(data, { binary }));
      });
      await once(server, 'listening');
      cleanups.push(() => (server.clients.forEach((one) => one.terminate()), server.close()));
      return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    },
  },
  {
    name: 'python3-websockets',
    isHere: PYTHON !== undefined,
    async start(cleanups) {
      const child = spawn(PYTHON!, ['-c', PYTHON_ECHO], { stdio: ['ignore', 'pipe', 'ignore'] });
      cleanups.push(() => child.kill('SIGKILL'));
      const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return `ws://127.0.0.1:${port}/`;
    },
  },
  {
    name: 'nginx',
    isHere: existsSync(NGINX),
    async start(cleanups) {
      const server = await listen({ host: '127.0.0.1', port: 0, compress: true, allowedOrigins: '*' }, async (ws) => {
        for await (const message of ws) await ws.send(message);
      });
      cleanups.push(() => server.close({ timeout: 0 }));
      return startNginx(server.port, cleanups);
    },
  },
];

/** nginx in front of a port. */
async function startNginx(to: number, cleanups: (() => unknown)[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-nginx-'));
  const port = await freePort();
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `events {} http { access_log off; ${paths.join(' ')} server { listen 127.0.0.1:${port}; location / {
      proxy_pass http://127.0.0.1:${to}; proxy_http_version 1.1; proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; } } }`,
  );
  const options = `daemon off; master_process off; pid ${folder}/nginx.pid;`;
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', options];
  const child = spawn(NGINX, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  cleanups.push(() => (child.kill('SIGKILL'), rmSync(folder, { recursive: true })));
  while (!(await canConnect(port))) {
    if (child.exitCode !== null) throw new Error('nginx has ended');
  }
  return `ws://127.0.0.1:${port}/`;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => setTimeout(resolve, 20, false));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'sansocket-peers-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(PEERS)('$name', ({ name, isHere, start: startPeer }) => {
  describe.skipIf(!isHere)(`as a server (skipped where ${name} is not installed)`, () => {
    const cleanups: (() => unknown)[] = [];
    let url: string;
    beforeAll(async () => {
      url = await startPeer(cleanups);
    }, 60_000);
    afterAll(async () => {
      for (const cleanup of cleanups.reverse()) await cleanup();
    });

    test('connect', async () => {
      const { exit, out } = await runWith('one\n0x00ff\n', 'connect', url, '--compress');
      expect(out).toBe('one\n0x00ff\n');
      expect(exit).toBe(0);
    });

    test('doctor', async () => {
      const { exit, out } = await runWith('', 'doctor', url, '--json');
      const found = (JSON.parse(out) as { findings: { id: string; severity: string }[] }).findings;
      const good = found.filter(({ severity }) => severity === 'ok').map(({ id }) => id);
      const all = ['dns', 'tcp', 'http', 'open', 'ping', 'text', 'binary', 'compressed', 'large'];
      // python3-websockets takes messages of up to 1 MiB, and ours of just that much comes back.
      expect(good).toEqual(expect.arrayContaining(all));
      expect(found.filter(({ severity }) => severity === 'broken' || severity === 'warning')).toEqual([]);
      expect(exit).toBe(0);
    }, 60_000);

    test('conformance', async () => {
      const report = ['--report', join(folder, name), '--patience', '10'];
      const { exit, out } = await runWith('', 'conformance', url, '--cases', '1.1.1,2.2,7.1.1', ...report);
      expect(out).toContain('3 cases: 3 OK');
      expect(exit).toBe(0);
    }, 60_000);

    test('bench', async () => {
      const { exit, out } = await runWith('', 'bench', url, '-t', '1', '-c', '2', '--json');
      expect(JSON.parse(out)).toMatchObject({ connections: 2, refused: 0, lost: 0, messages: expect.any(Number) });
      expect(exit).toBe(0);
    });

    test('frames, of what it has sent', async () => {
      const bytes = await capture(new URL(url));
      const file = join(folder, `${name}.bin`);
      writeFileSync(file, bytes);
      const { exit, out } = await runWith('', 'frames', file, '--json');
      expect(out).toContain('"kind":"text","text":"Hello"');
      expect(exit).toBe(0);
    });
  });
});

/** The bytes that a server answers an opening handshake with, and the masked text of RFC 6455 §5.7. */
function capture({ hostname, port }: URL): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let bytes = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!bytes.includes('Hello')) return;
      socket.destroy();
      resolve(bytes);
    });
    const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    const head = ['GET / HTTP/1.1', `Host: ${hostname}:${port}`, ...fields, 'Sec-WebSocket-Version: 13', '', ''];
    socket.write(head.join('\r\n'));
    socket.write(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
  });
}

describe('a broken server', () => {
  afterEach(async () => {
    endAll();
    await endPatients();
  });
  /** It answers the handshake, and then with what is no frame. */
  const broken = (): Promise<string> => answering(upgraded(), (socket) => void socket.write(Buffer.from([0x83, 0x00])));

  test('connect tells what it did, with exit code 1', async () => {
    const { exit, err } = await runWith('hello\n', 'connect', await broken());
    expect(err).toContain('a reserved opcode');
    expect(exit).toBe(1);
  });

  test('doctor names it, with exit code 1', async () => {
    const { exit, out } = await runWith('', 'doctor', await broken());
    expect(out).toContain('[frame-fault]');
    expect(exit).toBe(1);
  });

  test('conformance fails its cases, with exit code 1', async () => {
    const report = ['--report', join(folder, 'broken')];
    const { exit, out } = await runWith('', 'conformance', await broken(), '--cases', '1.1.1', ...report);
    expect(out).toContain('1 FAILED');
    expect(exit).toBe(1);
  });

  test('bench says that connections were lost, with exit code 1', async () => {
    const { exit, out } = await runWith('', 'bench', await broken(), '-t', '1', '-c', '2', '--json');
    expect(JSON.parse(out)).toMatchObject({ messages: 0, lost: 2 });
    expect(exit).toBe(1);
  });

  test('frames names the fault in its bytes, with exit code 1', async () => {
    const { exit, out } = await runWith('83 00', 'frames', '-', '--unmasked');
    expect(out).toMatch(/fault .*a reserved opcode/);
    expect(exit).toBe(1);
  });
});

describe('listen', () => {
  const cleanups: (() => unknown)[] = [];
  let url: string;
  let child: ChildProcess;
  beforeAll(async () => {
    const run = start(['listen', '0', '--allow-origin', '*']);
    child = run.child;
    [, url] = await run.said(/listening at (\S+)/);
  });
  afterAll(async () => {
    endAll();
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  test('echoes to a client of `ws`', async () => {
    const socket = new WsSocket(url);
    await once(socket, 'open');
    socket.send('from ws');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(String(data)).toBe('from ws');
    socket.close();
    await once(socket, 'close');
  });

  test.skipIf(PYTHON === undefined)(
    'echoes to a client of python3-websockets (skipped where it is not installed)',
    () => {
      expect(spawnSync(PYTHON!, ['-c', PYTHON_CLIENT, url], { encoding: 'utf8' }).stdout).toBe('from python\n');
    },
  );

  test.skipIf(!existsSync(NGINX))('echoes through nginx (skipped where it is not installed)', async () => {
    const through = await startNginx(Number(new URL(url).port), cleanups);
    expect(await open(through, async (ws) => (await ws.send('through'), ws.receive()))).toBe('through');
  });

  test('lives on after a client that is broken', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write('\u0000\u0001 this is no request\r\n\r\n');
    await once(socket.resume(), 'close');
    expect(await open(url, async (ws) => (await ws.send('still here'), ws.receive()))).toBe('still here');
    expect(child.exitCode).toBeNull();
  });
});
