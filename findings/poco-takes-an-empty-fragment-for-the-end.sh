#!/usr/bin/env bash
# Poco 1.11 (Debian 12), Poco::Net::WebSocket::receiveFrame: a text of three fragments, the middle one empty, and then another
# text.
# Expected: three calls return the three fragments, each with flags that say what it is; the fourth the other text.
# Seen: for the empty one in the middle it returns 0 with flags 0, since opcode 0 without FIN has no bit set. That is what its
# documentation gives for a connection that has been shut down: a loop that goes by it ends there, with the rest unread.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libpoco-dev=1.11.0-3+deb12u1 libpoconet80=1.11.0-3+deb12u1 \
  libpocofoundation80=1.11.0-3+deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
library="debian/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/$library"
cat >server.cpp <<'CPP'
#include <Poco/Buffer.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/WebSocket.h>
#include <iostream>
using namespace Poco::Net;

struct Handler : HTTPRequestHandler {
  void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override {
    WebSocket ws(request, response);
    for (int i = 0; i < 5; i++) {
      Poco::Buffer<char> buffer(0);
      int flags = -1;
      int length = -1;
      try {
        length = ws.receiveFrame(buffer, flags);
      } catch (const Poco::Exception &) {
      }
      std::cout << "returns " << length << ", flags " << flags << std::endl;
    }
    std::exit(0);
  }
};

struct Factory : HTTPRequestHandlerFactory {
  HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override { return new Handler; }
};

int main() {
  ServerSocket socket(SocketAddress("127.0.0.1", 0));
  HTTPServer server(new Factory, socket, new HTTPServerParams);
  server.start();
  std::cout << socket.address().port() << std::endl;
  for (;;) Poco::Thread::sleep(1000);
}
CPP
g++ -O1 -w -Idebian/usr/include -L"$library" -o server server.cpp -lPocoNet -lPocoFoundation -Wl,--unresolved-symbols=ignore-in-shared-libs
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const net = require('node:net');

/** A frame of a client, with a mask of zeros. */
const frame = (first, text) =>
  Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

const lines = createInterface(spawn('./server', { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
lines.once('line', (port) => {
  lines.on('line', (line) => console.log(line));
  const socket = net.connect(port, '127.0.0.1');
  socket.write(
    'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write(Buffer.concat([frame(0x01, 'one '), frame(0x00, ''), frame(0x80, 'two'), frame(0x81, 'other')]));
    socket.end();
  });
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
returns 4, flags 1
returns 0, flags 0
returns 3, flags 128
returns 5, flags 129
returns 0, flags 0
EXPECTED
echo 'Poco 1.11: as written down'
