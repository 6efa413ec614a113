#!/usr/bin/env bash
# A page that a server of Node serves (20.20 and 26.10.0 alike), asked for by the HttpClient of JDK 17 as it is by default, which adds
# `Upgrade: h2c` to an ordinary GET, and by one that is told HTTP_1_1: node:http alone; beside ws 8.23.0, socket.io 4.8.4 or
# @fastify/websocket 11.3.7; Vite 8.4.0's dev server.
# Expected: 200 and the page each time: a server may pass over an Upgrade that it does not take (RFC 9110, 7.8).
# Seen: so it is for node:http alone. Once somebody listens to 'upgrade', Node hands such a GET to it in place of the page: ws and
# @fastify/websocket answer 400, whatever the path, socket.io ends TCP without an answer, and Vite never answers. `curl --http2` asks
# in the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ws@8.23.0 socket.io@4.8.4 fastify@5.12.8 @fastify/websocket@11.3.7 vite@8.4.0
mkdir page
echo '<p>page</p>' >page/index.html
cat >Get.java <<'JAVA'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

public class Get {
  public static void main(String[] arguments) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).timeout(Duration.ofSeconds(4)).build();
    System.out.println("by default " + seen(HttpClient.newHttpClient(), request) + ", told HTTP_1_1 "
        + seen(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build(), request));
    System.exit(0);
  }

  static String seen(HttpClient client, HttpRequest request) {
    try {
      return String.valueOf(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    } catch (Exception exception) {
      return exception.getClass().getSimpleName();
    }
  }
}
JAVA
javac Get.java
cat >run.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const { promisify } = require('node:util');
const execFile = promisify(require('node:child_process').execFile);

const page = () => http.createServer((request, response) => response.end('page'));
const servers = {
  'node:http': page,
  ws: () => {
    const server = page();
    new (require('ws').WebSocketServer)({ server, path: '/live' });
    return server;
  },
  'socket.io': () => {
    const server = page();
    new (require('socket.io').Server)(server);
    return server;
  },
  '@fastify/websocket': async () => {
    const fastify = require('fastify')();
    await fastify.register(require('@fastify/websocket'));
    fastify.get('/', () => 'page');
    await fastify.ready();
    return fastify.server;
  },
  vite: async () => {
    const { createServer } = await import('vite');
    const vite = await createServer({ root: 'page', logLevel: 'silent', server: { host: '127.0.0.1' } });
    await vite.listen();
    return vite.httpServer;
  },
};

(async () => {
  for (const [name, make] of Object.entries(servers)) {
    const server = await make();
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
    const { stdout } = await execFile('java', ['-cp', '.', 'Get', `http://127.0.0.1:${server.address().port}/`]);
    console.log(`${name}: ${stdout.trim()}`);
  }
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
node:http: by default 200, told HTTP_1_1 200
ws: by default 400, told HTTP_1_1 200
socket.io: by default IOException, told HTTP_1_1 200
@fastify/websocket: by default 400, told HTTP_1_1 200
vite: by default HttpTimeoutException, told HTTP_1_1 200
EXPECTED
echo 'ws 8.23.0, socket.io 4.8.4, @fastify/websocket 11.3.7, vite 8.4.0: as written down'
