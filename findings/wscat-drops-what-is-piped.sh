#!/usr/bin/env bash
# wscat 6.1.0: lines are piped into it, as into any filter: printf 'one\ntwo\n' | wscat -c URL
# Expected: they are sent, and what comes back is printed.
# Seen: nothing is sent and nothing printed, the exit code is 0. Standard input has ended before the connection is open,
# and its end ends the program; a 'sleep 1' before the lines makes them arrive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund wscat@6.1.0 ws@8.23.0
cat >server.cjs <<'JS'
const WebSocket = require('ws');
const server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  require('node:fs').writeFileSync('port', String(server.address().port));
});
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    console.log(`the server got ${data}`);
    socket.send(`re: ${data}`);
  });
});
JS
timeout 60 node server.cjs >server.log &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done
url="ws://127.0.0.1:$(cat port)"
status=0
printf 'one\ntwo\n' | timeout 20 node_modules/.bin/wscat -c "$url" >at-once.log || status=$?
{
  echo "at once: exit code $status, $(wc -c <at-once.log) bytes printed, $(wc -l <server.log) messages sent"
  { sleep 3; printf 'one\ntwo\n'; sleep 1; } | timeout 20 node_modules/.bin/wscat -c "$url" >later.log || true
  echo "after a wait: $(wc -l <server.log) messages sent"
} | tee seen
diff - seen <<'EXPECTED'
at once: exit code 0, 0 bytes printed, 0 messages sent
after a wait: 2 messages sent
EXPECTED
echo 'wscat 6.1.0: as written down'
