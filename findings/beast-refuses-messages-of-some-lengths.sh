#!/usr/bin/env bash
# Boost.Beast 1.74 (Debian 12) as a server with permessage-deflate; the ws package sends it messages of one byte repeated, one
# a connection.
# Expected: every length is read, or none is.
# Seen: most are, 8,000 and 20,000 bytes are not: "The WebSocket stream produced an incomplete deflate block", and TCP ends
# without a Close frame. Which lengths it is depends on how much has been inflated when the message's last byte is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libboost1.74-dev=1.74.0+ds1-21
dpkg-deb -x libboost1.74-dev_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.cpp <<'CPP'
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <iostream>
using boost::asio::ip::tcp;

int main() {
  boost::asio::io_context io;
  tcp::acceptor acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  std::cout << acceptor.local_endpoint().port() << std::endl;
  for (;;) {
    boost::beast::websocket::stream<tcp::socket> ws(acceptor.accept());
    boost::beast::websocket::permessage_deflate options;
    options.server_enable = true;
    ws.set_option(options);
    ws.accept();
    boost::beast::flat_buffer buffer;
    boost::beast::error_code error;
    ws.read(buffer, error);
    if (error) std::cout << error.message() << std::endl;
    else std::cout << "read whole" << std::endl;
  }
}
CPP
g++ -std=c++17 -O1 -w -Idebian/usr/include -o server server.cpp -lpthread
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const WebSocket = require('ws');

const server = spawn('./server');
const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
const nextLine = async () => (await lines.next()).value;
(async () => {
  const port = await nextLine();
  for (const length of [5000, 8000, 10000, 20000, 40000]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } });
    socket.on('error', () => {});
    socket.on('open', () => socket.send(Buffer.alloc(length, 7)));
    console.log(`${length} bytes: ${await nextLine()}`);
    socket.terminate();
  }
  server.kill();
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
5000 bytes: read whole
8000 bytes: The WebSocket stream produced an incomplete deflate block
10000 bytes: read whole
20000 bytes: The WebSocket stream produced an incomplete deflate block
40000 bytes: read whole
EXPECTED
echo 'Boost.Beast 1.74: as written down'
