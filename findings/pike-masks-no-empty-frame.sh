#!/usr/bin/env bash
# Pike 8.0.1738 (Debian 12), Protocols.WebSocket as a client: the server pings with bytes and without; then it closes with 4001.
# Expected: one Host field in its request; every frame of a client is masked (RFC 6455 §5.1); `onclose` is the last of the callbacks.
# Seen: an empty frame has no mask bit: a server that looks (ws 8.23.0 below) ends the connection with 1002 when its empty ping is
# answered, or an empty text is sent. `onmessage` is called with the Close frame, after `onclose`. And the request has two Host
# fields, for which RFC 9112 §3.2 has a server answer 400; Node's own does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root pike8.0-core=8.0.1738-1+b2 libpcre3=2:8.39-15
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
export PIKE_MODULE_PATH="$folder/debian/usr/lib/pike8.0/modules"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.pike <<'PIKE'
int main(int count, array(string) arguments) {
  object connection = Protocols.WebSocket.Connection();
  connection->onmessage = lambda(object frame) {
    write("Pike: onmessage, %s\n", frame->opcode == 8 ? "a Close frame" : frame->text);
  };
  connection->onclose = lambda(int code) {
    write("Pike: onclose %d\n", code);
    call_out(exit, 0.5, 0);
  };
  connection->connect(Standards.URI(arguments[1]));
  return -1;
}
PIKE
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  for (const ping of ['abc', '']) {
    const url = `ws://127.0.0.1:${server.address().port}/`;
    const home = 'debian/usr/lib/pike8.0';
    const pike = spawn('debian/usr/bin/pike8.0', ['-m', `${home}/master.pike`, '-I', `${home}/include`, 'client.pike', url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    pike.stdout.on('data', (bytes) => (output += bytes));
    const [socket, { rawHeaders }] = await once(server, 'connection');
    console.log(`ws: ${rawHeaders.filter((name) => name.toLowerCase() === 'host').length} Host fields`);
    socket.on('pong', (bytes) => {
      console.log(`ws: pong '${bytes}'`);
      socket.send('a text');
      socket.close(4001);
    });
    socket.on('error', ({ message }) => console.log(`ws: ${message}`));
    socket.ping(ping);
    console.log(`ws: ping '${ping}'`);
    await once(pike, 'close');
    process.stdout.write(output);
  }
  process.exit();
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ws: 2 Host fields
ws: ping 'abc'
ws: pong 'abc'
Pike: onmessage, a text
Pike: onclose 4001
Pike: onmessage, a Close frame
ws: 2 Host fields
ws: ping ''
ws: Invalid WebSocket frame: MASK must be set
Pike: onclose 1002
Pike: onmessage, a Close frame
EXPECTED
echo 'Pike 8.0.1738: as written down'
