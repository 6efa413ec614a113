#!/usr/bin/env bash
# vite 8.4.0 and webpack-dev-server 6.1.0: a page on the dev server opens a WebSocket to a path that no proxy rule
# names.
# Expected: a response that refuses it, 404 as for a request of that path, and so an 'error' in the page.
# Seen: nothing at all. Each listens to 'upgrade' for its own live reload, and leaves every other alone; node:http
# answers for nobody then. The page's WebSocket stays CONNECTING, without an event, and nobody tells of the rule that is
# missing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund vite@8.4.0 webpack@5.113.0 webpack-dev-server@6.1.0 ws@8.23.0
mkdir page
touch page/index.html page/index.js
cat >run.mjs <<'JS'
import { createServer } from 'vite';
import webpack from 'webpack';
import WebpackDevServer from 'webpack-dev-server';
import WebSocket from 'ws';

/** What a WebSocket of this URL sees within 5 seconds. */
const open = (url, subprotocols) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, subprotocols);
    const waited = setTimeout(() => resolve('no answer in 5 s'), 5_000);
    socket.on('open', () => resolve('open', socket.terminate()));
    socket.on('error', ({ message }) => resolve(message));
    socket.on('close', () => clearTimeout(waited));
  });

const vite = await createServer({
  configFile: false,
  logLevel: 'silent',
  root: 'page',
  server: { host: '127.0.0.1', port: 0 },
});
await vite.listen();
const viteUrl = `ws://127.0.0.1:${vite.httpServer.address().port}`;
console.log(`vite, /api: ${await open(`${viteUrl}/api`)}`);
console.log(`vite, /, its own: ${await open(viteUrl, 'vite-hmr')}`);
const compiler = webpack({
  context: `${process.cwd()}/page`,
  entry: './index.js',
  infrastructureLogging: { level: 'none' },
  mode: 'development',
  stats: 'none',
});
const pack = new WebpackDevServer({ host: '127.0.0.1', port: 'auto' }, compiler);
await pack.start();
const packUrl = `ws://127.0.0.1:${pack.server.address().port}`;
console.log(`webpack-dev-server, /api: ${await open(`${packUrl}/api`)}`);
console.log(`webpack-dev-server, /ws, its own: ${await open(`${packUrl}/ws`)}`);
process.exit();
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
vite, /api: no answer in 5 s
vite, /, its own: open
webpack-dev-server, /api: no answer in 5 s
webpack-dev-server, /ws, its own: open
EXPECTED
echo 'vite 8.4.0, webpack-dev-server 6.1.0: as written down'
