#!/usr/bin/env bash
# SWI-Prolog 9.0.4 (Debian 12), http_open_websocket/3: two handshakes, and an unsolicited pong.
# Expected: GET with HTTP/1.1, and a key of 16 random bytes each time, as RFC 6455 §4.1 asks; the pong is passed over.
# Seen: HTTP/1.0, which a server may refuse by §4.2.1, and the same key always, the bytes '___SWI-Prolog___'. ws opens for all that.
# The pong is handed to the application as a message: whoever sends back what ws_receive/2 gives it sends pongs back, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root swi-prolog-nox=9.0.4+dfsg-2 swi-prolog-core=9.0.4+dfsg-2 \
  swi-prolog-core-packages=9.0.4+dfsg-2 libtcmalloc-minimal4=2.10-1 libossp-uuid16=1.6.2-1.5+b11
for package in *.deb; do dpkg-deb -x "$package" debian; done
machine="$(uname -m)-linux"
home="$folder/debian/usr/lib/swi-prolog"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$machine-gnu:$home/lib/$machine"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.pl <<'PL'
:- use_module(library(http/websocket)).
:- initialization((main, halt), main).
main :-
  current_prolog_flag(version, Version), format('SWI-Prolog ~d~n', [Version]),
  getenv('URL', Url), http_open_websocket(Url, WebSocket, []), receive(WebSocket).
receive(WebSocket) :-
  ws_receive(WebSocket, Message),
  format('ws_receive: ~w ~w~n', [Message.opcode, Message.data]),
  ( Message.opcode == close -> true ; receive(WebSocket) ).
PL
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const [home, swipl] = process.argv.slice(2);
const keys = new Set();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  for (const turn of [1, 2]) {
    const prolog = spawn(swipl, [`--home=${home}`, '-q', 'client.pl'], {
      env: { ...process.env, URL: `ws://127.0.0.1:${server.address().port}/` },
      stdio: ['ignore', turn === 1 ? 'inherit' : 'ignore', 'inherit'],
    });
    process.on('exit', () => prolog.kill());
    await once(prolog, 'exit');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  console.log(`two handshakes, ${keys.size} key: ${Buffer.from([...keys][0], 'base64')}`);
  process.exit();
});
let isFirst = true;
server.on('connection', (socket, request) => {
  keys.add(request.headers['sec-websocket-key']);
  if (isFirst) console.log(`${request.method} with HTTP/${request.httpVersion}`);
  isFirst = false;
  socket.send('a text');
  socket.pong('a pong');
  socket.close(4001, 'why');
});
JS
timeout 60 node run.cjs "$home" "$home/bin/$machine/swipl" | tee seen
diff - seen <<'EXPECTED'
SWI-Prolog 90004
GET with HTTP/1.0
ws_receive: text a text
ws_receive: pong a pong
ws_receive: close why
two handshakes, 1 key: ___SWI-Prolog___
EXPECTED
echo 'SWI-Prolog 9.0.4: as written down'
