/**
 * Node's driver in Bun and Deno, which have Node's sockets, too: all conformance cases but the slow ones in both roles, and the
 * packed package over TLS by the name `sansocket/promise`. A runtime that can't be had is skipped by name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passesAsClient, passesAsServer } from '../autobahn/support/quick.ts';
import { makeCertificate } from '../support/certificates.ts';
import { run } from '../support/run.ts';
import { findRuntime } from '../support/runtimes.ts';
import { freshBuild, ROOT } from '../support/source.ts';

/** A server and a client over TLS, with compression, fragments and more than a socket takes at once. */
const SESSION = `import { listen, open, WebSocketError } from 'sansocket/promise';
import { connect } from 'sansocket/node';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(name, 'utf8'));
const server = await listen({ host: '127.0.0.1', port: 0, compress: true, subprotocols: ['echo'], tls: { key, cert } }, async (ws) => {
  for await (const message of ws) await ws.send(message);
});
const options = { compress: true, subprotocols: ['echo'], headers: { 'X-Token': 'a' }, tls: { ca: cert } };
await open(server.url, options, async (ws) => {
  await ws.send(['one ', 'message']);
  console.log(ws.protocol, await ws.receive(), ws.remoteAddress);
  const large = new Uint8Array(3 * 1024 * 1024).map((_, i) => i * i);
  void ws.send(large);
  const back = await ws.receiveBytes();
  console.log(back.length === large.length && back.every((byte, i) => byte === large[i]));
  console.log((await ws.ping()) >= 0);
  const { code, clean } = await ws.close(4001, 'done');
  console.log(code, clean);
});
const refused = await open(server.url, { tls: {}, handshakeTimeout: 5000 }).catch((error) => error);
console.log(refused instanceof WebSocketError, refused.name);
const closed = await new Promise((resolve) => connect(server.url, { subprotocols: ['echo'], tls: { ca: cert } }, {
  open: (ws) => ws.send('events'),
  message: (ws, data) => ws.close(1000, data),
  close: (_, info) => resolve(info),
}));
console.log(closed.code, closed.reason);
await server.close();

// What is not UTF-8, and long enough for the runtime's own decoder.
const plain = await listen({ host: '127.0.0.1', port: 0, onError: () => {} }, async (ws) => void (await ws.receive()));
const socket = createConnection(plain.port, '127.0.0.1');
socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
  + 'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n');
socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, 0, 201, 0, 0, 0, 0]), Buffer.alloc(200, 97), Buffer.from([0xff])]));
const answer = [];
for await (const bytes of socket) answer.push(bytes);
const all = Buffer.concat(answer);
console.log(all.readUInt16BE(all.indexOf(Buffer.from([0x88])) + 2));
await plain.close();
`;
const PRINTED = [
  'echo one message 127.0.0.1',
  'true',
  'true',
  '4001 true',
  'true HandshakeError',
  '1000 events',
  '1007',
  '',
];

let folder: string;
beforeAll(() => {
  freshBuild();
  folder = mkdtempSync(join(tmpdir(), 'sansocket-elsewhere-'));
  const home = join(folder, 'node_modules/sansocket');
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const { key, cert } = makeCertificate('IP:127.0.0.1');
  writeFileSync(join(folder, 'key.pem'), key);
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'session.js'), SESSION);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const RUNTIMES = [
  { name: 'Bun', command: findRuntime('bun')!, args: [] },
  { name: 'Deno', command: findRuntime('deno')!, args: ['run', '--allow-all', '--quiet'] },
];

describe.each(RUNTIMES)('in $name (skipped where it cannot be had)', ({ command, args }) => {
  const isMissing = command === undefined;

  test.skipIf(isMissing)('a session of the package over TLS', async () => {
    const { exit, stdout, stderr } = await run(command, [...args, 'session.js'], folder, 30_000);
    expect({ exit, stderr: exit === 0 ? '' : stderr, lines: stdout.split('\n') }).toEqual({
      exit: 0,
      stderr: '',
      lines: PRINTED,
    });
  });

  describe.each(['own', 'promise', 'ws-face'])('%s', (implementation) => {
    const start = (file: string, rest: string[]) =>
      spawn(command, [...args, `autobahn/testees/${file}`, ...rest, '--implementation', implementation], {
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'inherit'],
      });

    test.skipIf(isMissing)('as a server it fails no case', { timeout: 120_000 }, async () => {
      const child = start('server.ts', ['--port', '0']);
      try {
        const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
        await passesAsServer(url);
      } finally {
        child.kill('SIGKILL');
      }
    });

    test.skipIf(isMissing)('as a client it fails no case', { timeout: 120_000 }, () =>
      passesAsClient(async (server, agent) => {
        const child = start('client.ts', ['--server', server, '--agent', agent, '--parallel', '4']);
        try {
          const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
          return parseInt(line);
        } finally {
          child.kill('SIGKILL');
        }
      }),
    );
  });
});
