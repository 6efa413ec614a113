#!/usr/bin/env bash
# @google/genai 3.3.0 opens a live session, at its own host (no request leaves: what would be asked is looked at) and at others
# (httpOptions.baseUrl), and what it asks for is printed. The WebSocket is ws 8.23.0.
# Expected: the path of the API, /ws/google.ai.generativelanguage.v1beta….
# Seen: two slashes before it, //ws/google…, at any host, its own too, whose address ends in a slash; behind a base with a path it is
# that path and one slash. A server that reads the path with `new URL(request.url, base)`, as Node's docs show, takes `ws` for the host and
# finds another path.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @google/genai@3.3.0 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

(async () => {
  const { GoogleGenAI } = await import('@google/genai');
  const http = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  const wss = new WebSocketServer({ server: http });
  const asked = (baseUrl) =>
    new Promise((resolve) => {
      wss.once('connection', (ws, { url }) => {
        ws.once('message', () => ws.send('{"setupComplete":{}}'));
        ws.once('close', () => resolve(url));
      });
      const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } });
      const callbacks = { onmessage() {} };
      void ai.live.connect({ model: 'm', callbacks }).then((session) => session.close());
    });
  const host = `http://127.0.0.1:${http.address().port}`;
  for (const base of ['', '/', '/proxy', '/proxy/']) {
    const url = await asked(host + base);
    const { host: read, pathname } = new URL(url, 'http://localhost');
    console.log(`base "${base}": ${url.slice(0, 30)}…; as a URL: host ${read}, path ${pathname.slice(0, 20)}…`);
  }
  // Its own host, which is not asked here: what would be.
  require('node:https').request = ({ host, path }) => {
    console.log(`${host}: ${path.slice(0, 30)}…`);
    process.exit();
  };
  void new GoogleGenAI({ apiKey: 'key' }).live.connect({ model: 'm', callbacks: { onmessage() {} } });
})();
JS
timeout 60 node run.cjs | tee seen.txt
diff - seen.txt <<'EXPECTED'
base "": //ws/google.ai.generativelangu…; as a URL: host ws, path /google.ai.generativ…
base "/": //ws/google.ai.generativelangu…; as a URL: host ws, path /google.ai.generativ…
base "/proxy": /proxy/ws/google.ai.generative…; as a URL: host localhost, path /proxy/ws/google.ai.…
base "/proxy/": /proxy//ws/google.ai.generativ…; as a URL: host localhost, path /proxy//ws/google.ai…
generativelanguage.googleapis.com: //ws/google.ai.generativelangu…
EXPECTED
echo '@google/genai 3.3.0: as written down'
