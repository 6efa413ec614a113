// A browser's WebSocket: browser-peer.mjs client URL COMMAND, where the command takes a folder for its profile and a page.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const protocols = (process.env.PROTOCOLS ?? '').split(',').filter(Boolean);

/** Runs in the page. */
async function page(url, protocols) {
  for (;;) {
    await new Promise((resolve) => {
      const ws = new WebSocket(url, protocols);
      ws.binaryType = 'arraybuffer';
      ws.onmessage = ({ data }) => {
        if (typeof data !== 'string' || !data.startsWith('!')) return ws.send(data);
        const [command, ...rest] = data.slice(1).split(' ');
        if (command === 'protocol') return ws.send(ws.protocol);
        if (command !== 'close') return ws.send("can't");
        try {
          if (rest.length === 0) ws.close();
          else ws.close(Number(rest[0]), rest.slice(1).join(' '));
        } catch {
          ws.send("can't");
        }
      };
      ws.onclose = ({ code, reason }) => {
        void fetch('/closed', { method: 'POST', body: `${code} ${reason}` });
        resolve();
      };
    });
  }
}

const server = http.createServer(async (request, response) => {
  if (request.method === 'POST') {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    console.log(`closed ${Buffer.concat(chunks)}`);
    return response.end();
  }
  const code = `(${page})(${JSON.stringify(process.argv[3])}, ${JSON.stringify(protocols)})`;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(request.url === '/' ? `<!doctype html><script>${code}</script>` : '');
});
server.listen(0, '127.0.0.1', () => {
  const profile = mkdtempSync(join(process.env.WORK ?? tmpdir(), 'profile-'));
  const [command, ...args] = process.argv.slice(4);
  const address = `http://127.0.0.1:${server.address().port}/`;
  const env = { ...process.env, HOME: profile };
  spawn(
    command,
    args.map((word) => word.replace('PROFILE', profile).replace('PAGE', address)),
    { stdio: 'ignore', env },
  );
});
