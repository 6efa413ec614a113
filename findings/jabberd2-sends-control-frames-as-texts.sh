#!/usr/bin/env bash
# jabberd2 2.7.0 (Debian 12), an XMPP server, with <websocket/>, its router and its c2s alone: a client opens a stream; it pings; it closes
# with 1000, with 4001 and without a code; it offers 'xmpp' behind another subprotocol.
# Expected: a pong with the bytes of the ping, a Close frame in return, and 'xmpp' chosen.
# Seen: a pong frame and a Close frame come as the payload of a text: 8a 04 and the ping's bytes, 88 02 and code 1000, whatever was closed
# with. No such text is UTF-8, so that it ends strict clients with 1007; TCP ends without a Close frame. Unless 'xmpp' is offered alone, the
# answer is 400.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root jabberd2=2.7.0-4+b2 libgsasl18 libgssglue1 libhttp-parser2.9 libidn12 libntlm0 libudns0
for package in *.deb; do dpkg-deb -x "$package" debian; done
libraries="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$libraries"
read -r router client < <(node -e "
  const servers = [1, 2].map(() => require('node:net').createServer().listen(0, '127.0.0.1'));
  setTimeout(() => { console.log(...servers.map((it) => it.address().port)); process.exit(); }, 200);")
cp -r debian/etc/jabberd2 config
sed -i -e "s#/etc/jabberd2/#$folder/config/#; s#/var/\(run\|log\)/jabberd2/#$folder/#; s#0\.0\.0\.0#127.0.0.1#" \
  -e "s#<port>5347</port>#<port>$router</port>#; s#<port>5222</port>#<port>$client</port>#" \
  -e "s#/usr/lib/[^<]*/jabberd2#$libraries/jabberd2#; s#<module>sqlite</module>#<module>anon</module>#" \
  -e '/<!--$/{N;s#<!--\n *<websocket/>#<websocket/><!--#}' config/router.xml config/c2s.xml
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** The frames of a server in these bytes, in words. */
const frames = (bytes) => {
  const seen = [];
  for (let rest = bytes; rest.length >= 2; ) {
    const at = rest[1] === 126 ? 4 : 2;
    const end = at + (rest[1] === 126 ? rest.readUInt16BE(2) : rest[1]);
    const payload = rest.subarray(at, end);
    const name = { 1: 'a text', 8: 'Close', 10: 'a pong' }[rest[0] & 15];
    seen.push(`${name} ${payload[0] === 0x3c ? /^<[\w:]+/.exec(String(payload))[0] : payload.toString('hex')}`);
    rest = rest.subarray(end);
  }
  return seen;
};

(async () => {
  for (const name of ['router', 'c2s']) {
    const server = spawn(`debian/usr/sbin/jabberd2-${name}`, ['-c', `config/${name}.xml`], { stdio: 'ignore' });
    process.on('exit', () => server.kill('SIGKILL'));
    await wait(1500);
  }
  const seen = async (name, sent, protocols = 'xmpp') => {
    const socket = net.connect(Number(process.argv[2]), '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))).on('end', () => (end = 'TCP ends'));
    socket.on('error', ({ code }) => (end = code));
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`,
    );
    await wait(500);
    const status = received.toString('latin1').split('\r\n')[0];
    const told = status.includes(' 101 ') ? [] : [status];
    if (told.length === 0) {
      socket.write(sent);
      await wait(700);
      told.push(...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)));
    }
    console.log(`${name}: ${[...told, end].join(', ')}`);
    socket.destroy();
  };
  const stream = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost.localdomain" version="1.0"/>';
  await seen('a stream', frame(0x81, stream)); // its error says that there is no session manager, which is so
  await seen("a ping, 'ping'", frame(0x89, 'ping'));
  await seen('Close 1000', frame(0x88, [0x03, 0xe8]));
  await seen('Close 4001', frame(0x88, [0x0f, 0xa1]));
  await seen('an empty Close', frame(0x88, []));
  await seen('chat, xmpp', frame(0x81, stream), 'chat, xmpp');
  process.exit();
})();
JS
timeout 60 node run.cjs "$client" | tee seen
diff - seen <<'EXPECTED'
a stream: a text <open, a text <stream:error, a text <close, TCP ends
a ping, 'ping': a text 8a0470696e67, TCP open
Close 1000: a text 880203e8, TCP ends
Close 4001: a text 880203e8, TCP ends
an empty Close: a text 880203e8, TCP ends
chat, xmpp: HTTP/1.1 400 Bad Request, TCP ends
EXPECTED
echo 'jabberd2 2.7.0: as written down'
