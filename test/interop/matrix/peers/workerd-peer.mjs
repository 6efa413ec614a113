// workerd, both roles, by a Worker of our own: workerd-peer.mjs server|client URL WORKERD
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const isClient = process.argv[2] === 'client';
const binary = process.argv[isClient ? 4 : 3];
const protocols = (process.env.PROTOCOLS ?? '').split(',').filter(Boolean);
const work = process.env.WORK;

/** The Worker. As a client it is started by a request, and connects until that is given up. */
function worker(url, protocols) {
  function serve(ws, protocol) {
    ws.binaryType = 'arraybuffer';
    ws.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string' || !data.startsWith('!')) return ws.send(data);
      const [command, ...rest] = data.slice(1).split(' ');
      if (command === 'protocol') return ws.send(protocol ?? ws.protocol ?? '');
      if (command !== 'close') return ws.send("can't");
      try {
        if (rest.length === 0) ws.close();
        else ws.close(Number(rest[0]), rest.slice(1).join(' '));
      } catch {
        ws.send("can't");
      }
    });
    return new Promise((resolve) => {
      for (const name of ['close', 'error']) {
        ws.addEventListener(name, ({ code = 1006, reason = '' }) => {
          console.log(`closed ${code} ${reason}`);
          resolve();
        });
      }
    });
  }
  return {
    async fetch(request) {
      if (url !== null) {
        for (;;) await serve(new WebSocket(url, protocols));
      }
      const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(/,\s*/);
      const chosen = protocols.find((name) => offered.includes(name));
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      void serve(server, chosen);
      const headers = chosen === undefined ? {} : { 'sec-websocket-protocol': chosen };
      return new Response(null, { status: 101, webSocket: client, headers });
    },
  };
}

const probe = createServer().listen(0, '127.0.0.1', () => {
  const { port } = probe.address();
  probe.close(() => run(port));
});

function run(port) {
  const url = isClient ? process.argv[3] : null;
  writeFileSync(
    join(work, 'worker.mjs'),
    `export default (${worker})(${JSON.stringify(url)}, ${JSON.stringify(protocols)});`,
  );
  writeFileSync(
    join(work, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-10-01",
);
`,
  );
  spawn(binary, ['serve', 'config.capnp'], { cwd: work, stdio: ['ignore', 'inherit', 'ignore'] });
  if (!isClient) console.log(`port ${port}`);
  else setTimeout(() => void fetch(`http://127.0.0.1:${port}/`).catch(() => {}), 1000);
}
