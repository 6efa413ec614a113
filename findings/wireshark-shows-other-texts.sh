#!/usr/bin/env bash
# tshark 4.0.17 (Debian 12; its dissectors are Wireshark's): a capture of ws 8.23.0 talking to itself with permessage-deflate, its
# contexts kept: a text, a text in two frames, and two more texts.
# Expected: each text is inflated and shown; where it can't be, the compressed bytes are, marked as such.
# Seen: the text in two frames is joined and not inflated: the bytes as they are stand there as a text. What follows in that
# direction refers to what was not inflated: 'pears and plums' is shown as 'er 0123456789; ', and nothing says that inflating failed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root tshark=4.0.17-0+deb12u3 wireshark-common=4.0.17-0+deb12u3 \
  libwireshark16=4.0.17-0+deb12u3 libwireshark-data=4.0.17-0+deb12u3 libwiretap13=4.0.17-0+deb12u3 libwsutil14=4.0.17-0+deb12u3 \
  libbcg729-0 liblua5.2-0 libmaxminddb0 libnl-3-200 libnl-genl-3-200 libpcap0.8 libsbc1 libsmi2ldbl libspandsp2 libspeexdsp1 \
  libssh-gcrypt-4 libc-ares2 libsnappy1v5 libopus0 libtiff6 libjbig0 libdeflate0 liblerc4 libwebp7 libjpeg62-turbo libglib2.0-0 \
  libdbus-1-3 libbrotli1 libnghttp2-14
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const { WebSocket, WebSocketServer } = require('ws');

const packets = [];
const sequence = { client: 1, server: 1 };

/** Puts a packet of IPv4 and TCP into the capture. Checksums are left at 0. */
const capture = (from, flags, bytes = Buffer.alloc(0)) => {
  const packet = Buffer.alloc(40 + bytes.length);
  packet.set([0x45, 0, packet.length >> 8, packet.length & 0xff, 0, 0, 0, 0, 64, 6]);
  packet.set(from === 'client' ? [127, 0, 0, 1, 127, 0, 0, 2] : [127, 0, 0, 2, 127, 0, 0, 1], 12);
  packet.writeUInt16BE(from === 'client' ? 40000 : 8080, 20);
  packet.writeUInt16BE(from === 'client' ? 8080 : 40000, 22);
  packet.writeUInt32BE(sequence[from], 24);
  packet.writeUInt32BE(sequence[from === 'client' ? 'server' : 'client'], 28);
  packet.set([0x50, flags, 0xff, 0xff], 32);
  packet.set(bytes, 40);
  sequence[from] += flags & 2 ? 1 : bytes.length;
  const header = Buffer.alloc(16);
  header.writeUInt32LE(packets.length, 0);
  header.writeUInt32LE(packet.length, 8);
  header.writeUInt32LE(packet.length, 12);
  packets.push(Buffer.concat([header, packet]));
};
const perMessageDeflate = { threshold: 0 };

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
  server.on('connection', (socket) => socket.on('message', () => socket.ping()));
  const between = net.createServer((near) => {
    const far = net.connect(server.address().port, '127.0.0.1');
    near.on('data', (bytes) => far.write(bytes, capture('client', 0x18, bytes)));
    far.on('data', (bytes) => near.write(bytes, capture('server', 0x18, bytes)));
  });
  await once(between.listen(0, '127.0.0.1'), 'listening');
  capture('client', 0x02);
  capture('server', 0x12);
  capture('client', 0x10);
  const socket = new WebSocket(`ws://127.0.0.1:${between.address().port}/chat`, { perMessageDeflate, autoPong: false });
  await once(socket, 'open');
  const send = async (...pieces) => {
    pieces.forEach((piece, i) => socket.send(piece, { fin: i === pieces.length - 1 }));
    await once(socket, 'ping');
  };
  const texts = [['a line of some words, number 0123456789; '.repeat(4)], ['pears and', ' plums'], ['pears and plums'], ['apples']];
  for (const pieces of texts) await send(...pieces);
  writeFileSync('sent.json', JSON.stringify(texts.map((pieces) => pieces.join(''))));
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.set([2, 0, 4, 0], 4);
  header.writeUInt32LE(65535, 16);
  header.writeUInt32LE(101, 20);
  writeFileSync('capture.pcap', Buffer.concat([header, ...packets]));
  process.exit();
})();
JS
timeout 30 node run.cjs
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
export WIRESHARK_DATA_DIR="$folder/debian/usr/share/wireshark"
debian/usr/bin/tshark -r capture.pcap -d tcp.port==8080,http -Y 'websocket.mask == 1' -T json 2>warnings >shown.json
cat >show.cjs <<'JS'
const { readFileSync } = require('node:fs');

const sent = JSON.parse(readFileSync('sent.json', 'utf8'));
for (const { _source } of JSON.parse(readFileSync('shown.json', 'utf8'))) {
  const { websocket } = _source.layers;
  const lines = _source.layers['data-text-lines'];
  const text = lines && Object.keys(lines)[0];
  const failed = JSON.stringify(_source.layers).includes('Decompression failed') ? ', decompression failed' : '';
  const what = text === undefined ? 'no text' : sent.includes(text) ? 'a text as it was sent' : 'a text that was not sent';
  console.log(`FIN ${websocket['websocket.fin']}, opcode ${websocket['websocket.opcode']}: ${what}${failed}`);
  if (what.endsWith('not sent')) console.error(text);
}
JS
node show.cjs 2>shown | tee seen
diff - seen <<'EXPECTED'
FIN 1, opcode 1: a text as it was sent
FIN 0, opcode 1: no text
FIN 1, opcode 0: a text that was not sent
FIN 1, opcode 1: a text that was not sent
FIN 1, opcode 1: a text as it was sent
EXPECTED
echo 'tshark 4.0.17: as written down'
