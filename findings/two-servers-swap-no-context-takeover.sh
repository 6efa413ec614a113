#!/usr/bin/env bash
# Jetty 9.4.57 and libwebsockets 4.1.6 (Debian 12) as servers, and a client that offers permessage-deflate with one of the two
# no_context_takeover.
# Expected: server_no_context_takeover has the server compress each message by itself, client_no_context_takeover the client.
# Seen: in both it is the other way round. With the server's, they inflate each of the client's messages by itself, and end the
# connection at the second, which refers to the first as it may: Jetty with 1007, libwebsockets without a word. With the
# client's, which the client keeps to, their own echoes are each by itself: the second is as long as the first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libjetty9-java=9.4.57-1.1~deb12u1 libjetty9-extra-java=9.4.57-1.1~deb12u1 \
  libservlet-api-java=4.0.1-2 libwebsockets-dev=4.1.6-3 libwebsockets17=4.1.6-3
for package in *.deb; do dpkg-deb -x "$package" debian; done
export CLASSPATH="$folder:$folder/debian/usr/share/java/*"
cat >Echo.java <<'JAVA'
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.WebSocketAdapter;
import org.eclipse.jetty.websocket.server.WebSocketHandler;
import org.eclipse.jetty.websocket.servlet.WebSocketServletFactory;

public class Echo extends WebSocketAdapter {
  @Override
  public void onWebSocketText(String text) {
    getRemote().sendString(text, null);
  }

  public static void main(String[] arguments) throws Exception {
    var server = new Server();
    var connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(new WebSocketHandler() {
      @Override
      public void configure(WebSocketServletFactory factory) {
        factory.setCreator((request, response) -> new Echo());
      }
    });
    server.start();
    System.out.println(connector.getLocalPort());
  }
}
JAVA
javac -d . Echo.java
cat >echo.c <<'C'
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

struct session {
  unsigned char buffer[LWS_PRE + 4096];
  size_t length;
};

static int callback(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t length) {
  struct session *s = user;
  if (why == LWS_CALLBACK_ESTABLISHED) s->length = 0;
  if (why == LWS_CALLBACK_RECEIVE) {
    memcpy(s->buffer + LWS_PRE, in, s->length = length);
    lws_callback_on_writable(wsi);
  }
  if (why == LWS_CALLBACK_SERVER_WRITEABLE) lws_write(wsi, s->buffer + LWS_PRE, s->length, LWS_WRITE_TEXT);
  return 0;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  lws_set_log_level(0, NULL);
  const struct lws_protocols protocols[] = {{"echo", callback, sizeof(struct session), 4096}, {0}};
  const struct lws_extension extensions[] = {
      {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"}, {0}};
  struct lws_context_creation_info info = {.protocols = protocols, .extensions = extensions, .gid = -1, .uid = -1};
  info.iface = "127.0.0.1";
  struct lws_context *context = lws_create_context(&info);
  printf("%d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
  for (;;) lws_service(context, 0);
}
C
library=$(dirname "$(find debian -name 'libwebsockets.so.17')")
gcc -w -Idebian/usr/include -o echo echo.c "$library/libwebsockets.so.17"
export LD_LIBRARY_PATH="$library"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const net = require('node:net');
const zlib = require('node:zlib');

/** Offers this, sends a text twice, compressed, and tells what comes back. */
const twice = (port, offer, keepsContext) =>
  new Promise((resolve) => {
    const seen = [];
    const end = (word) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`'${offer}': ${[...seen, word].join(', ')}`);
    };
    const timer = setTimeout(() => end('then silence'), 2000);
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => end('then TCP ends'));
    socket.write(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Extensions: permessage-deflate${offer}\r\n\r\n`,
    );
    let deflate;
    let sent = 0;
    const send = () => {
      if (!keepsContext || sent === 0) deflate = zlib.createDeflateRaw();
      sent += 1;
      deflate.write(TEXT);
      deflate.flush(zlib.constants.Z_SYNC_FLUSH, () => {
        const payload = deflate.read().subarray(0, -4);
        // TEXT with RSV1, a mask of zeros.
        socket.write(Buffer.concat([Buffer.from([0xc1, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
      });
    };
    let received = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const head = received.indexOf('\r\n\r\n');
      if (!isOpen && head >= 0) {
        isOpen = true;
        const [, agreed] = /sec-websocket-extensions: (.*)\r\n/i.exec(received.subarray(0, head + 2)) ?? [];
        seen.push(`agrees to ${agreed ?? 'nothing'}`);
        if (agreed === undefined) return end('as plain text');
        received = received.subarray(head + 4);
        send();
      }
      while (isOpen && received.length >= 2 && received.length >= 2 + received[1]) {
        const payload = received.subarray(2, 2 + received[1]);
        if ((received[0] & 15) === 8) return end(`Close ${payload.readUInt16BE()} ${payload.subarray(2)}`);
        seen.push(`echo of ${payload.length} bytes`);
        received = received.subarray(2 + payload.length);
        if (sent === 2) return end('all well');
        send();
      }
    });
  });

const TEXT = 'one and the same text, '.repeat(5);

for (const [name, ...command] of [['Jetty', 'java', 'Echo'], ['libwebsockets', './echo']]) {
  const server = spawn(command[0], command.slice(1));
  createInterface(server.stdout).once('line', async (port) => {
    const lines = [
      await twice(port, '', true),
      await twice(port, '; server_no_context_takeover', true),
      await twice(port, '; client_no_context_takeover', false),
    ];
    for (const line of lines) console.log(`${name}, ${line}`);
    server.kill();
  });
}
JS
timeout 60 node run.cjs | sort | tee seen
diff - seen <<'EXPECTED'
Jetty, '': agrees to permessage-deflate, echo of 28 bytes, echo of 5 bytes, all well
Jetty, '; client_no_context_takeover': agrees to permessage-deflate;client_no_context_takeover, echo of 28 bytes, echo of 28 bytes, all well
Jetty, '; server_no_context_takeover': agrees to permessage-deflate;server_no_context_takeover, echo of 28 bytes, Close 1007 java.util.zip.DataFormatException: invalid distance too far back
libwebsockets, '': agrees to permessage-deflate, echo of 28 bytes, echo of 5 bytes, all well
libwebsockets, '; client_no_context_takeover': agrees to permessage-deflate; client_no_context_takeover, echo of 28 bytes, echo of 28 bytes, all well
libwebsockets, '; server_no_context_takeover': agrees to permessage-deflate; server_no_context_takeover, echo of 28 bytes, then TCP ends
EXPECTED
echo 'Jetty 9.4.57, libwebsockets 4.1.6: as written down'
