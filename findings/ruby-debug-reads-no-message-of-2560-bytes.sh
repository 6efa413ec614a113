#!/usr/bin/env bash
# Ruby's debug 1.4.0 (Ruby 3.1 of Debian 12), `rdbg --open`, spoken to over WebSocket as Chrome's DevTools do: calls of Log.clear whose
# texts have different lengths, each followed by a short one; a ping between two calls; a Close frame.
# Expected: an answer for each call, whatever its length; a pong; a Close frame in return.
# Seen: a text of 2,560 to 2,815 bytes ends the debugging: the length of a frame is read as a line is, and the first byte of these is
# 0x0a, a line feed. A ping ends it, too. All that a client sees is that nothing answers any more: TCP stays open, after a Close frame
# as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 libyaml-0-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
ruby="$folder/debian/usr/lib/ruby"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture"
export RUBYLIB="$ruby/3.1.0:$ruby/vendor_ruby:$folder/debian/usr/lib/$architecture/ruby/3.1.0"
RUBYLIB+=":$ruby/gems/3.1.0/gems/debug-1.4.0/lib:$ruby/gems/3.1.0/extensions/$(uname -m)-linux/3.1.0/debug-1.4.0"
echo 'warn "runs"; sleep 60' >program.rb
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, payload) => {
  const { length } = payload;
  const header = length < 126 ? [first, 0x80 | length] : [first, 0xfe, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), Buffer.from(payload)]);
};

/** A call as a text of this many bytes. */
const call = (id, length) => {
  const text = JSON.stringify({ id, method: 'Log.clear', params: { filler: '' } });
  return frame(0x81, text.slice(0, -3) + 'x'.repeat(length - text.length) + text.slice(-3));
};

/** Debugs a program, opens a WebSocket, and sends these frames, one after the other; resolves to what came within two seconds. */
const exchange = async (...frames) => {
  const port = await freePort();
  const rdbg = `${process.argv[2]}/gems/3.1.0/gems/debug-1.4.0/exe/rdbg`;
  const debugged = spawn('debian/usr/bin/ruby3.1', [rdbg, '-O', '-n', '--host', '127.0.0.1', '--port', port, 'program.rb'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  process.on('exit', () => debugged.kill('SIGKILL'));
  await new Promise((resolve) => {
    let said = '';
    debugged.stderr.on('data', (bytes) => /runs/.test((said += bytes)) && resolve());
  });
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('error', () => {});
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    // rdbg takes connections before it is ready for them, and ends those.
    socket.on('close', () => {
      if (received.length > 0) return;
      debugged.kill('SIGKILL');
      resolve(exchange(...frames));
    });
    socket.once('data', () => {
      frames.forEach((each, index) => setTimeout(() => socket.write(each), index * 500));
      setTimeout(() => {
        const seen = [];
        let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
        while (rest.length >= 2) {
          const payload = rest.subarray(2, 2 + rest[1]);
          seen.push(rest[0] === 0x81 ? `answer ${JSON.parse(payload).id}` : { 0x88: 'Close', 0x8a: 'pong' }[rest[0]]);
          rest = rest.subarray(2 + rest[1]);
        }
        resolve([...seen, end].join(', '));
        socket.destroy();
        debugged.kill('SIGKILL');
      }, 2000);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });
};

(async () => {
  for (const length of [100, 2559, 2560, 2815, 2816, 5000]) {
    console.log(`a call of ${length} bytes, and another: ${await exchange(call(1, length), call(2, 100))}`);
  }
  console.log(`a call, a ping, and another: ${await exchange(call(1, 100), frame(0x89, 'Hello'), call(2, 100))}`);
  console.log(`a call, and Close 1000: ${await exchange(call(1, 100), frame(0x88, Buffer.from([0x03, 0xe8])))}`);
  process.exit();
})();
JS
timeout 60 node run.cjs "$ruby" | tee seen
diff - seen <<'EXPECTED'
a call of 100 bytes, and another: answer 1, answer 2, TCP open
a call of 2559 bytes, and another: answer 1, answer 2, TCP open
a call of 2560 bytes, and another: TCP open
a call of 2815 bytes, and another: TCP open
a call of 2816 bytes, and another: answer 1, answer 2, TCP open
a call of 5000 bytes, and another: answer 1, answer 2, TCP open
a call, a ping, and another: answer 1, TCP open
a call, and Close 1000: answer 1, TCP open
EXPECTED
echo "Ruby's debug 1.4.0: as written down"
