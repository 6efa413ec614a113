#!/usr/bin/env bash
# Tsung 1.7.0 (Debian 12), a load tester, sends 'one', 'two' and 'three' over a WebSocket, each when the one before is answered. The server
# answers after a second; it pings when 'one' comes, or sends a pong that nobody asked for; and it answers in two frames.
# Expected: 'two' is sent a second after 'one', when the answer is there; a pong for the ping; texts, unless told otherwise.
# Seen: a ping and a pong are taken for the answer, 'two' is sent at once, and the times that Tsung reports are theirs; no ping is answered.
# At an answer in two frames it waits for good, and sends nothing more. What it sends are bytes, unless `frame="text"` says otherwise.
# It runs in a network of its own. What it needs of the machine is what `apt-get install tsung iproute2` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root tsung=1.7.0-3.1 erlang-base erlang-crypto erlang-asn1 erlang-eldap erlang-ftp \
  erlang-inets erlang-mnesia erlang-os-mon erlang-public-key erlang-runtime-tools erlang-snmp erlang-ssl erlang-tftp erlang-xmerl
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0
tsung="$folder/debian/usr/lib/$(uname -m)-linux-gnu/tsung"
cat >erl <<SH2
#!/bin/sh
export ROOTDIR="$folder/debian/usr/lib/erlang" BINDIR="$(echo "$folder"/debian/usr/lib/erlang/erts-*/bin)"
export EMU=beam PROGNAME=erl PATH="\$BINDIR:\$PATH" ERL_LIBS="$tsung" ERL_CRASH_DUMP=/dev/null
exec "\$BINDIR/erlexec" "\$@"
SH2
sed -e "s#^ERL=.*#ERL=$folder/erl#" -e "s#/usr/lib/$(uname -m)-linux-gnu/tsung#$tsung#g" debian/usr/bin/tsung >run-tsung
chmod +x erl run-tsung
cat >tsung.xml <<XML
<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "$folder/debian/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="notice">
  <clients><client host="localhost" use_controller_vm="true" maxusers="1"/></clients>
  <servers><server host="127.0.0.1" port="9960" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="1" unit="second"><users maxnumber="1" arrivalrate="1" unit="second"/></arrivalphase></load>
  <sessions>
    <session name="echo" probability="100" type="ts_websocket">
      <request><websocket type="connect" path="/"></websocket></request>
      <request><websocket type="message">one</websocket></request>
      <request><websocket type="message">two</websocket></request>
      <request><websocket type="message">three</websocket></request>
      <request><websocket type="close"></websocket></request>
    </session>
  </sessions>
</tsung>
XML
cat >server.cjs <<'JS'
const { WebSocketServer } = require('ws');

const how = process.argv[2];
const told = [];
new WebSocketServer({ port: 9960, host: '127.0.0.1' }).on('connection', (socket) => {
  let last = Date.now();
  socket.on('message', (message, isBinary) => {
    told.push(`${isBinary ? 'bytes' : 'a text'} '${message}' after ${Math.round((Date.now() - last) / 1000)} s`);
    last = Date.now();
    if (String(message) === 'one' && how === 'a ping') socket.ping('ping');
    if (String(message) === 'one' && how === 'a pong') socket.pong('pong');
    if (how === 'two frames') socket.send('first, ', { fin: false });
    setTimeout(() => socket.send('last'), 1000);
  });
  socket.on('pong', () => told.push('a pong'));
  socket.on('close', (code) => told.push(`closed with ${code}`));
});
setTimeout(() => {
  console.log(`${how}: ${told.join(', ')}`);
  process.exit();
}, 15_000);
JS
export HOME="$folder"
for how in 'an answer' 'a ping' 'a pong' 'two frames'; do
  timeout 60 unshare --net --pid --fork --kill-child sh -c '
    ip link set lo up
    timeout 13 ./run-tsung -n -f tsung.xml -l logs start >/dev/null 2>&1 &
    node server.cjs "$0"' "$how"
done | tee seen
diff - seen <<'EXPECTED'
an answer: bytes 'one' after 0 s, bytes 'two' after 1 s, bytes 'three' after 1 s, closed with 1000
a ping: bytes 'one' after 0 s, bytes 'two' after 0 s, bytes 'three' after 1 s, closed with 1000
a pong: bytes 'one' after 0 s, bytes 'two' after 0 s, bytes 'three' after 1 s, closed with 1000
two frames: bytes 'one' after 0 s, closed with 1006
EXPECTED
echo 'Tsung 1.7.0: as written down'
