#!/usr/bin/env bash
# tcllib 1.21's websocket 1.4.2 under Tcl 8.6 (Debian 12), a client: it closes with 4002, the server closes with 4001,
# TCP ends, and a connection without a subprotocol.
# Expected: `::websocket::close $socket 4002 because` sends a Close frame, and a Close frame from the server is returned.
# Seen: neither: `close` marks the connection as closed before it sends, and so doesn't send. The server has an unclean end
# of every connection, and the code reaches the application's own handler alone. An end of TCP is told there as a Close frame
# with 1001. Without `-protocol` it sends an empty Sec-WebSocket-Protocol field, which a strict server answers with 400.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root tcllib=1.21+dfsg-1 tcl8.6=8.6.13+dfsg-2 libtcl8.6=8.6.13+dfsg-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export TCL_LIBRARY="$folder/debian/usr/share/tcltk/tcl8.6"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.tcl <<'TCL'
lappend auto_path debian/usr/share/tcltk
::tcl::tm::path add debian/usr/share/tcltk/tcl8
lassign $argv url how
set version [package require websocket]
if {$how eq "version"} { puts "websocket $version"; exit }
proc handler {socket type message} {
  if {$type eq "close"} { puts "the handler: close $message"; flush stdout }
  if {$type eq "error"} { puts "the handler: [string range $message 0 18]"; flush stdout; exit }
  if {$type eq "disconnect"} { after 500 exit }
}
if {$how eq "plain"} { ::websocket::open $url handler } else { set socket [::websocket::open $url handler -protocol chat] }
if {$how eq "client"} { after 700 { ::websocket::close $socket 4002 because } }
vwait forever
TCL
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const run = (...args) => {
  const tcl = spawn('debian/usr/bin/tclsh8.6', ['client.tcl', ...args], { stdio: ['ignore', 'inherit', 'ignore'] });
  process.on('exit', () => tcl.kill());
  return once(tcl, 'exit');
};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const url = `ws://127.0.0.1:${server.address().port}`;
  await run('', 'version');
  const told = { client: 'the client closes', server: 'the server closes', TCP: 'TCP ends', plain: 'no subprotocol' };
  for (const how of Object.keys(told)) {
    console.log(told[how]);
    await run(`${url}/${how}`, how);
  }
  process.exit();
});
server.on('connection', (socket, { url }) => {
  socket.on('close', (code) => url === '/TCP' || console.log(`the server: ${code}`));
  if (url === '/server') socket.close(4001, 'why');
  if (url === '/TCP') setTimeout(() => socket.terminate(), 500);
});
JS
timeout 60 node run.cjs | grep --line-buffered -v '\[websocket\]' | tee seen
diff - seen <<'EXPECTED'
websocket 1.4.2
the client closes
the handler: close 4002 because
the server: 1006
the server closes
the handler: close 4001 why
the server: 1006
TCP ends
the handler: close 1001 {Endpoint going away}
no subprotocol
the handler: HTTP error code 400
EXPECTED
echo 'tcllib 1.21: as written down'
