#!/usr/bin/env bash
# Ulfius 2.7.13 (Debian 12), a server in C for devices, with its permessage-deflate, which returns what comes: a client sends 'a', an
# empty text and 'b', with compression and without; it offers two subprotocols, where the server was given none; it closes with 4001.
# Expected: three texts either way; no subprotocol; 4001 in return.
# Seen: where compression is agreed on, the empty text is never sent, and nobody is told; without it, it is. The first subprotocol is
# chosen, and the Close frame in return has no code.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libulfius2.7=2.7.13-1 libulfius-dev=2.7.13-1 libmicrohttpd12 libmicrohttpd-dev \
  liborcania2.3 liborcania-dev libyder2.0 libyder-dev libjansson4 libjansson-dev libcurl3-gnutls libcurl4-gnutls-dev libgnutls30 \
  libgnutls28-dev libsystemd-dev
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.c <<'C'
#include <netinet/in.h>
#include <stdlib.h>
#include <ulfius.h>
#include <unistd.h>

static void received(const struct _u_request *request, struct _websocket_manager *manager, const struct _websocket_message *message, void *data) {
  if (message->opcode == U_WEBSOCKET_OPCODE_TEXT) ulfius_websocket_send_message(manager, message->opcode, message->data_len, message->data);
}

static int opened(const struct _u_request *request, struct _u_response *response, void *data) {
  if (ulfius_set_websocket_response(response, NULL, NULL, NULL, NULL, &received, NULL, NULL, NULL) != U_OK) return U_CALLBACK_ERROR;
  ulfius_add_websocket_deflate_extension(response);
  return U_CALLBACK_CONTINUE;
}

int main(void) {
  struct _u_instance instance;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT"))), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  ulfius_init_instance(&instance, atoi(getenv("PORT")), &address, NULL);
  ulfius_add_endpoint_by_val(&instance, "GET", "/", NULL, 0, &opened, NULL);
  if (ulfius_start_framework(&instance) != U_OK) return 1;
  pause();
  return 0;
}
C
cc -o server server.c -Idebian/usr/include -I"debian/usr/include/$architecture" -L"$LD_LIBRARY_PATH" -lulfius -lorcania -lyder \
  -Wl,-rpath-link,"$LD_LIBRARY_PATH"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');
const WebSocket = require('ws');

const seen = async (name, port, protocols, perMessageDeflate) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols, { perMessageDeflate });
  const events = [];
  socket.on('message', (bytes) => events.push(JSON.stringify(String(bytes))));
  socket.on('close', (code) => events.push(`Close ${code}`));
  await once(socket, 'open');
  for (const text of ['a', '', 'b']) socket.send(text);
  await wait(700);
  socket.close(4001, 'why');
  await wait(700);
  console.log(`${name}: extension '${socket.extensions}', subprotocol '${socket.protocol}', ${events.join(', ')}`);
};

(async () => {
  const free = net.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const { port } = free.address();
  free.close();
  const server = spawn('./server', { stdio: 'ignore', env: { ...process.env, PORT: port } });
  process.on('exit', () => server.kill());
  await wait(1000);
  await seen('without compression', port, [], false);
  await seen('with compression', port, [], true);
  await seen('two subprotocols', port, ['one', 'two'], false);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
without compression: extension '', subprotocol '', "a", "", "b", Close 1005
with compression: extension 'permessage-deflate', subprotocol '', "a", "b", Close 1005
two subprotocols: extension '', subprotocol 'one', "a", "", "b", Close 1005
EXPECTED
echo 'Ulfius 2.7.13: as written down'
