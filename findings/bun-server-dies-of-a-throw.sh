#!/usr/bin/env bash
# Bun 1.4.5, `Bun.serve` with an `error` handler: its `fetch` throws at one request; a WebSocket's `message` throws, and rejects, while another
# client is connected; then the same in a process that listens to 'uncaughtException' and 'unhandledRejection'.
# Expected: `error` is told of each; the WebSocket is closed with 1011, and the other client is left alone, as it is by the request.
# Seen: `error` is told of `fetch` alone. A throw in a WebSocket's handler, or a rejection, ends the process, with exit code 1 and no Close
# frame to anybody. With those listeners nobody is closed: the connection whose handler threw goes on as if nothing had been.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund bun@1.4.5 ws@8.23.0
cat >server.ts <<'TS'
if (process.argv[2] === 'listening') {
  process.on('uncaughtException', () => console.log('uncaughtException')).on('unhandledRejection', () => console.log('unhandledRejection'));
}
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  error(error) {
    console.log(`error is told of ${error.message}`);
    return new Response('', { status: 500 });
  },
  fetch(request, server) {
    if (new URL(request.url).pathname === '/fetch') throw new Error('fetch');
    server.upgrade(request);
  },
  websocket: {
    message(socket, text) {
      if (text === 'throw') throw new Error('message');
      if (text === 'reject') return Promise.reject(new Error('message'));
      socket.send(text);
    },
  },
});
console.log(server.port);
TS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { setTimeout: wait } = require('node:timers/promises');
const WebSocket = require('ws');

const seen = async (text, ...args) => {
  const server = spawn('node_modules/.bin/bun', ['run', 'server.ts', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = () => server.kill();
  process.on('exit', stop);
  const events = [];
  server.on('exit', (code) => events.push(`exit code ${code}`));
  const lines = createInterface({ input: server.stdout });
  const [port] = await once(lines, 'line');
  lines.on('line', (line) => events.push(line));
  const connect = async (name) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    socket.on('error', () => {}).on('close', (code) => events.push(`${name}: ${code}`));
    socket.on('message', (text) => events.push(`${name} is answered '${text}'`));
    await once(socket, 'open');
    return socket;
  };
  const [one, other] = [await connect('it'), await connect('the other')];
  const { status } = await fetch(`http://127.0.0.1:${port}/fetch`);
  events.push(`status ${status}`);
  one.send(text);
  await wait(1000);
  if (one.readyState === WebSocket.OPEN) one.send('again');
  await wait(500);
  console.log(`${[text, ...args].join(', ')}: ${events.sort().join('; ')}`);
  for (const socket of [one, other]) socket.removeAllListeners('close').terminate();
  process.off('exit', stop);
  stop();
};

(async () => {
  await seen('throw');
  await seen('reject');
  await seen('throw', 'listening');
  await seen('reject', 'listening');
  process.exit();
})();
JS
timeout 40 node run.cjs | tee seen
diff - seen <<'EXPECTED'
throw: error is told of fetch; exit code 1; it: 1006; status 500; the other: 1006
reject: error is told of fetch; exit code 1; it: 1006; status 500; the other: 1006
throw, listening: error is told of fetch; it is answered 'again'; status 500; uncaughtException
reject, listening: error is told of fetch; it is answered 'again'; status 500; unhandledRejection
EXPECTED
echo 'Bun 1.4.5: as written down'
