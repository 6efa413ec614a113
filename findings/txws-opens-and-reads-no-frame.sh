#!/usr/bin/env bash
# txWS 0.9.1 (Debian 12's python3-txws, with its Twisted 22.4.0 and Python 3.11.2) around a protocol that sends a greeting, and what comes
# back: a client sends a text, pings, and closes with 1000.
# Expected: the text comes back, a pong, and a Close frame in return; a Date as HTTP has it.
# Seen: it opens and greets, and ends TCP at the first frame of whatever kind: it takes masks off by a method that Python 3.9 had removed,
# and the AttributeError is in the log alone. Its 101 has the Date of a bytes literal, b'…'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-txws=0.9.1-5 python3-twisted=22.4.0-4+deb12u1 python3-attr python3-automat \
  python3-bcrypt python3-constantly python3-hamcrest python3-hyperlink python3-idna python3-incremental python3-pyasn1 \
  python3-pyasn1-modules python3-service-identity python3-six python3-typing-extensions python3-zope.interface
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
cat >server.py <<'PY'
import sys
from twisted.internet import protocol, reactor
from twisted.python import log
from txws import WebSocketFactory


class Echo(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(b'welcome')

    def dataReceived(self, data):
        self.transport.write(data)


log.startLogging(sys.stderr, setStdout=False)
port = reactor.listenTCP(0, WebSocketFactory(protocol.Factory.forProtocol(Echo)), interface='127.0.0.1')
print(port.getHost().port, flush=True)
reactor.run()
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

(async () => {
  const server = spawn('/usr/bin/python3', ['server.py'], { stdio: ['ignore', 'pipe', 'pipe'] });
  process.on('exit', () => server.kill('SIGKILL'));
  let log = '';
  server.stderr.on('data', (text) => (log += text));
  const [line] = await once(server.stdout, 'data');
  const seen = async (name, sent) => {
    const socket = net.connect(Number(String(line)), '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))).on('end', () => (end = 'TCP ends'));
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await wait(500);
    socket.write(sent);
    await wait(500);
    const [head, ...rest] = received.toString('latin1').split('\r\n\r\n');
    const body = Buffer.from(rest.join('\r\n\r\n'), 'latin1');
    const frames = [];
    for (let left = body; left.length > 0; left = left.subarray(2 + left[1])) {
      frames.push(`${{ 1: 'text', 8: 'Close', 10: 'pong' }[left[0] & 15]} '${left.subarray(2, 2 + left[1])}'`);
    }
    console.log(`${name}: ${head.split('\r\n')[0]}; ${frames.join(', ')}; ${end}`);
    if (name === 'a text') console.log(/^Date: .'/m.exec(head)?.[0]);
    socket.destroy();
  };
  await seen('a text', frame(0x81, 'hello'));
  await seen('a ping', frame(0x89, 'ping'));
  await seen('a Close', frame(0x88, [0x03, 0xe8]));
  console.log(/AttributeError: .*/.exec(log)?.[0]);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a text: HTTP/1.1 101 FYI I am not a webserver; text 'welcome'; TCP ends
Date: b'
a ping: HTTP/1.1 101 FYI I am not a webserver; text 'welcome'; TCP ends
a Close: HTTP/1.1 101 FYI I am not a webserver; text 'welcome'; TCP ends
AttributeError: 'array.array' object has no attribute 'tostring'
EXPECTED
echo 'txWS 0.9.1: as written down'
