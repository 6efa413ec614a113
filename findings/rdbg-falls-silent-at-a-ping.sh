#!/usr/bin/env bash
# Ruby's debugger (debug 1.4.0, which comes with Debian 12's Ruby 3.1.2) with `-O chrome`: a client asks over its WebSocket for the
# resource tree, in one frame, in two, and right behind a ping and a pong; it pings, it closes with 1000, and it asks for another path
# than /, which Chrome's own debugging URLs have. Each time the debugger is begun anew, and asked once more at the end.
# Expected: an answer each time, a pong for a ping, a Close frame in return.
# Seen: at a ping, a pong, a text in two frames and at a Close its reader ends with an exception: TCP stays open, and nothing is answered any
# more, nor does a Close frame come. At another path than / TCP ends without a response.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1 libyaml-0-2 libgmp10 libffi8 libgdbm6 libgdbm-compat4 \
  libcrypt1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux"
gems="$folder/debian/usr/lib/ruby/gems/3.1.0"
export HOME="$folder" LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture-gnu:$folder/debian/lib/$architecture-gnu"
export RUBYLIB="$folder/debian/usr/lib/ruby/vendor_ruby:$folder/debian/usr/lib/ruby/3.1.0"
RUBYLIB+=":$folder/debian/usr/lib/$architecture-gnu/ruby/3.1.0:$gems/gems/debug-1.4.0/lib"
RUBYLIB+=":$(echo "$gems"/extensions/*/3.1.0/debug-1.4.0)"
# An empty path keeps it from starting a browser itself.
export RUBY_DEBUG_OPEN_FRONTEND=chrome RUBY_DEBUG_CHROME_PATH='' RUBY_DEBUG_HOST=127.0.0.1
echo 'sleep 60' >program.rb
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** What a server's frames are, of the answers those to a request alone. */
const frames = (bytes) => {
  const seen = [];
  for (let rest = bytes; rest.length >= 2; ) {
    const at = rest[1] === 126 ? 4 : 2;
    const end = at + (rest[1] === 126 ? rest.readUInt16BE(2) : rest[1]);
    const payload = String(rest.subarray(at, end));
    if ((rest[0] & 15) !== 1) seen.push(`a frame of kind ${rest[0] & 15}`);
    else if (payload.startsWith('{"id"')) seen.push('an answer');
    rest = rest.subarray(end);
  }
  return seen.join(', ') || 'nothing';
};

const freePort = async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** Starts the debugger, which now and then fails to begin: until it does. */
const start = async () => {
  for (;;) {
    const port = await freePort();
    const options = ['--disable-gems', '-r', 'debug/open', 'program.rb'];
    const env = { ...process.env, RUBY_DEBUG_PORT: String(port) };
    const ruby = spawn('debian/usr/bin/ruby3.1', options, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const end = () => ruby.kill('SIGKILL');
    const gone = once(ruby, 'close');
    process.on('exit', end);
    const kill = async () => {
      end();
      await gone;
      process.off('exit', end);
    };
    let told = '';
    ruby.stderr.on('data', (text) => (told += text));
    for (let turn = 0; turn < 50 && !told.includes('wait for debugger') && !told.includes('Error'); turn++) await wait(100);
    if (told.includes('wait for debugger') && !told.includes('Error')) return { port, kill };
    await kill();
  }
};

(async () => {
  const request = '{"id":1,"method":"Page.getResourceTree"}';
  const seen = async (name, parts, path = '/') => {
    const { port, kill } = await start();
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends')).on('error', () => (end = 'TCP ends'));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await wait(1000);
    const isOpen = received.toString('latin1').startsWith('HTTP/1.1 101');
    const results = [];
    let at = received.indexOf('\r\n\r\n') + 4;
    if (!isOpen) results.push(`no 101, ${received.length} bytes`);
    for (const part of isOpen ? [...parts, frame(0x81, request)] : []) {
      socket.write(part);
      await wait(1000);
      results.push(frames(received.subarray(at)));
      at = received.length;
    }
    console.log(`${name}: ${results.join('; ')}; ${end}`);
    socket.destroy();
    await kill();
  };
  await seen('one frame', [frame(0x81, request)]);
  await seen('two frames', [Buffer.concat([frame(0x01, request.slice(0, 12)), frame(0x80, request.slice(12))])]);
  await seen('a ping', [frame(0x89, 'ping')]);
  await seen('a pong', [frame(0x8a, 'pong')]);
  await seen('a Close', [frame(0x88, [0x03, 0xe8])]);
  await seen('another path', [], '/devtools/page/1');
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
one frame: an answer; an answer; TCP open
two frames: nothing; nothing; TCP open
a ping: nothing; nothing; TCP open
a pong: nothing; nothing; TCP open
a Close: nothing; nothing; TCP open
another path: no 101, 0 bytes; TCP ends
EXPECTED
echo "Ruby's debug 1.4.0: as written down"
