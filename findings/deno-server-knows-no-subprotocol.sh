#!/usr/bin/env bash
# Deno 2.9.6: a server takes a WebSocket with Deno.upgradeWebSocket(request, { protocol: 'chat' }).
# Expected: `protocol` is 'chat' at both ends, as it is in the response.
# Seen: it is '' at the server's end, open or not. What one needs of it has to be kept beside the socket.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund deno@2.9.6
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >run.js <<'JS'
const handler = (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: 'chat' });
  console.log(`the response says ${JSON.stringify(response.headers.get('sec-websocket-protocol'))}`);
  socket.onopen = () => {
    console.log(`the server's protocol is ${JSON.stringify(socket.protocol)}`);
    socket.send('');
  };
  return response;
};
const onListen = ({ port }) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, ['superchat', 'chat']);
  socket.onmessage = () => {
    console.log(`the client's protocol is ${JSON.stringify(socket.protocol)}`);
    Deno.exit();
  };
};
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, handler);
JS
timeout 30 node_modules/.bin/deno run -A --no-lock --no-config run.js | tee seen
diff - seen <<'EXPECTED'
the response says "chat"
the server's protocol is ""
the client's protocol is "chat"
EXPECTED
echo 'Deno 2.9.6: as written down'
