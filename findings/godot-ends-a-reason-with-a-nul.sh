#!/usr/bin/env bash
# Godot 3.2.3 (Debian 12's godot3-server), its WebSocketClient and WebSocketServer: the client closes with 4002 and 'why'; the server of
# either sends it a text of 70,000 bytes, or closes with 1012; a client offers the server a subprotocol, where it was given none, or
# sends it an empty text, which it returns.
# Expected: 4002 and 'why', and a clean end once that is answered; a text, or the end of the connection with 1009; the end of it at 1012;
# a 101 without a subprotocol; an empty text.
# Seen: the reason has a NUL at its end, and TCP ends at once, unclean to Godot itself. Above 64 KiB, as at 1012, it sends 1009 (1002)
# and goes on: TCP stays open, and nobody is told, until the peer ends TCP. A subprotocol ends TCP without a response, and nothing
# empty is sent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root godot3-server=3.2.3-stable-1+b3 libenet7 libsquish0 libtheora0 libvpx7 libvorbis0a \
  libopus0 libogg0 libpcre2-32-0 libpng16-16 libfreetype6 libwebp7 libbrotli1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture" HOME="$folder" LANG=en_US.UTF-8
mkdir project
echo 'config_version=4' >project/project.godot
cat >project/client.gd <<'GDSCRIPT'
extends MainLoop

var client = WebSocketClient.new()

func _initialize():
	client.connect("connection_established", self, "established")
	client.connect("connection_closed", self, "closed")
	client.connect("server_close_request", self, "asked")
	client.connect("data_received", self, "received")
	client.connect_to_url(OS.get_environment("URL"))

func established(_protocol):
	print("told: established")
	if OS.get_environment("CLOSES"): client.disconnect_from_host(4002, "why")

func closed(clean):
	print("told: closed, clean " + str(clean))

func asked(code, _reason):
	print("told: asked to close with " + str(code))

func received():
	print("told: " + str(client.get_peer(1).get_packet().size()) + " bytes")

func _iteration(_delta):
	return false

func _idle(_delta):
	client.poll()
	return false
GDSCRIPT
cat >project/server.gd <<'GDSCRIPT'
extends MainLoop

var server = WebSocketServer.new()

func _initialize():
	server.connect("data_received", self, "received")
	server.set_bind_ip("127.0.0.1")
	server.listen(int(OS.get_environment("PORT")))

func received(id):
	var peer = server.get_peer(id)
	peer.set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)
	peer.put_packet(peer.get_packet())

func _iteration(_delta):
	return false

func _idle(_delta):
	server.poll()
	return false
GDSCRIPT
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** A frame of 70,000 bytes at most; with a mask of zeros it is a client's. */
const frame = (first, payload, mask = '') => {
  const low = [(payload.length >> 8) & 255, payload.length & 255];
  const long = payload.length < 65536 ? [126, ...low] : [127, 0, 0, 0, 0, 0, payload.length >> 16, ...low];
  const length = payload.length < 126 ? [payload.length] : long;
  if (mask) length[0] |= 0x80;
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.from(mask), Buffer.from(payload)]);
};
const zeros = '\0\0\0\0';

/** The frames in these bytes, of 125 bytes at most each, in words. */
const frames = (bytes) => {
  const seen = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const masked = rest[1] >= 0x80 ? 4 : 0;
    const end = 2 + masked + (rest[1] & 0x7f);
    const payload = Buffer.from(rest.subarray(2 + masked, end));
    if (masked) payload.forEach((byte, index) => (payload[index] = byte ^ rest[2 + (index & 3)]));
    if ((rest[0] & 0x0f) !== 8) seen.push(`text ${JSON.stringify(payload.toString())}`);
    else seen.push(`Close ${payload.readUInt16BE(0)} ${JSON.stringify(payload.subarray(2).toString())}`);
    rest = rest.subarray(end);
  }
  return seen;
};

const godot = (script, environment) => {
  const options = ['debian/usr/bin/godot3-server', '--path', 'project', '-s', script];
  const child = spawn('stdbuf', ['-oL', ...options], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...environment } });
  process.on('exit', () => child.kill('SIGKILL'));
  return child;
};

/** A server that sends this to Godot's client: what came, and what Godot's signals told. */
const toClient = async (name, sent, environment = {}) => {
  let received = Buffer.alloc(0);
  let end = 'TCP open';
  const server = http.createServer();
  server.on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.on('error', () => {});
    if (sent) setTimeout(() => socket.write(sent), 300);
    else socket.once('data', () => setTimeout(() => socket.write(frame(0x88, Buffer.from([0x0f, 0xa2]))), 200));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const child = godot('client.gd', { URL: `ws://127.0.0.1:${server.address().port}/`, ...environment });
  let told = '';
  child.stdout.on('data', (text) => (told += text));
  await wait(3000);
  const signals = [...told.matchAll(/told: (.+)/g)].map(([, words]) => words);
  console.log(`client, ${name}: ${[...frames(received), end].join(', ')} | ${signals.join('; ')}`);
};

/** A client that sends this to Godot's server: what came. */
const toServer = async (name, port, fields, sent) => {
  const socket = net.connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  let end = 'TCP open';
  socket.on('error', () => {});
  socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  socket.on('end', () => (end = 'TCP ends'));
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}Sec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  setTimeout(() => socket.write(sent), 300);
  await wait(1500);
  const status = received.length > 0 ? received.toString('latin1', 9, 12) : 'no response';
  console.log(`server, ${name}: ${[status, ...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)), end].join(', ')}`);
  socket.destroy();
};

(async () => {
  await toClient('closes', undefined, { CLOSES: '1' });
  await toClient('60,000 bytes', frame(0x81, 'x'.repeat(60_000)));
  await toClient('70,000 bytes', frame(0x81, 'x'.repeat(70_000)));
  await toClient('Close 4001', frame(0x88, Buffer.from([0x0f, 0xa1])));
  await toClient('Close 1012', frame(0x88, Buffer.from([0x03, 0xf4])));
  const free = net.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const { port } = free.address();
  free.close();
  godot('server.gd', { PORT: port });
  await wait(2000);
  const both = Buffer.concat([frame(0x81, '', zeros), frame(0x81, 'Hello', zeros)]);
  await toServer('an empty text and another', port, '', both);
  await toServer('70,000 bytes', port, '', frame(0x81, 'x'.repeat(70_000), zeros));
  await toServer('a subprotocol', port, 'Sec-WebSocket-Protocol: chat\r\n', both);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
client, closes: Close 4002 "why\u0000", TCP ends | established; closed, clean False
client, 60,000 bytes: TCP open | established; 60000 bytes
client, 70,000 bytes: Close 1009 "", TCP open | established
client, Close 4001: Close 4001 "", TCP ends | established; asked to close with 4001; closed, clean True
client, Close 1012: Close 1002 "", TCP open | established
server, an empty text and another: 101, text "Hello", TCP open
server, 70,000 bytes: 101, Close 1009 "", TCP open
server, a subprotocol: no response, TCP ends
EXPECTED
echo 'Godot 3.2.3: as written down'
