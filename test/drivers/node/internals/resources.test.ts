/** What all connections share, on machines that do not have all of it. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { freshBuild } from '../../../support/source.ts';

/**
 * Opens a connection of each face to each kind of server, with an OpenSSL that does as this script has it. By the built package:
 * what loads TypeScript takes SHA-1 itself.
 */
function connectAll(before: string, after: string): unknown {
  const dist = freshBuild();
  const script = `
    import crypto from 'node:crypto';
    import { createServer } from 'node:http';
    import { once } from 'node:events';
    const forbid = () => {
      crypto.hash = crypto.createHash = () => { throw new Error('digital envelope routines::unsupported'); };
    };
    ${before}
    const { listen, open } = await import('${dist}/index.js');
    const { WebSocket, WebSocketServer } = await import('${dist}/ws.js');
    ${after}
    const echo = async (ws) => { for await (const message of ws) await ws.send(message); };
    const server = await listen({ host: '127.0.0.1', port: 0 }, echo);
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(String(data))));
    const heard = [];
    for (const url of [server.url, 'ws://127.0.0.1:' + wss.address().port]) {
      const ws = await open(url);
      await ws.send('hello');
      heard.push(String(await ws.receive()));
      ws.terminate();
      const other = new WebSocket(url);
      await once(other, 'open');
      other.send('hello');
      const [data] = await once(other, 'message');
      heard.push(String(data));
      other.terminate();
    }
    wss.close();
    await server.close({ timeout: 0 });
    console.log(JSON.stringify(heard));
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

test.each([
  ['from the start', 'forbid();', ''],
  ['once the package is loaded', '', 'forbid();'],
])('where OpenSSL gives no SHA-1, %s, handshakes are made without it', (_, before, after) => {
  expect(connectAll(before, after)).toEqual(['hello', 'hello', 'hello', 'hello']);
});
