#!/usr/bin/env bash
# Node 24.21.0 and 26.10.0: Node's own WebSocket is refused, with each of six statuses; so is the one of the package ws
# 8.23.0.
# Expected: one request for one `new WebSocket()`. No WebSocket follows a 401 with credentials of its own, nor has
# another connection to ask a 421 on.
# Seen: two requests for 401 and for 421, one for the others; ws asks once. undici takes fetch's steps for a WebSocket,
# the second request of those two among them. Who counts failed logins counts each twice, and a ticket that is good once
# is used up twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ws@8.23.0
for version in 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
cat >run.cjs <<'JS'
const { createServer } = require('node:http');

const REASONS = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 421: 'Misdirected Request' };
/** How many requests one WebSocket makes that is refused with this status. */
const count = (WebSocket, status) =>
  new Promise((resolve) => {
    let requests = 0;
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      requests += 1;
      const fields = 'Connection: close\r\nContent-Length: 0\r\n';
      socket.end(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}\r\n${fields}\r\n`);
    });
    server.listen(0, '127.0.0.1', () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
      socket.onerror = () => {};
      socket.onclose = () => setTimeout(() => server.close(() => resolve(requests)), 300);
    });
  });

(async () => {
  for (const [name, WebSocket] of Object.entries({ "Node's own": globalThis.WebSocket, ws: require('ws') })) {
    const seen = [];
    for (const status of [400, 401, 403, 421, 429, 503]) seen.push(`${status}: ${await count(WebSocket, status)}`);
    console.log(`${name}: ${seen.join(', ')}`);
  }
})();
JS
for version in 24.21.0 26.10.0; do
  echo "Node $version"
  timeout 60 "$version/node_modules/node/bin/node" run.cjs
done | tee seen
diff - seen <<'EXPECTED'
Node 24.21.0
Node's own: 400: 1, 401: 2, 403: 1, 421: 2, 429: 1, 503: 1
ws: 400: 1, 401: 1, 403: 1, 421: 1, 429: 1, 503: 1
Node 26.10.0
Node's own: 400: 1, 401: 2, 403: 1, 421: 2, 429: 1, 503: 1
ws: 400: 1, 401: 1, 403: 1, 421: 1, 429: 1, 503: 1
EXPECTED
echo 'Node: as written down'
