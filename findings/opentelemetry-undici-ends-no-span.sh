#!/usr/bin/env bash
# @opentelemetry/instrumentation-undici 0.33.0: Node's own WebSocket (Node 22 or newer), one that opens and one that is refused,
# and a fetch().
# Expected: a span of the handshake for each, with status 101 and 401, as fetch() has one.
# Seen: the one that opens has none, closed or not: its span is begun and never ended. The handshake carries a `traceparent` for
# all that, and so what the server records is the child of a span that no collector is ever sent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @opentelemetry/instrumentation-undici@0.33.0 @opentelemetry/sdk-trace-node@2.12.1 \
  node@24.21.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { createServer } = require('node:http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { WebSocketServer } = require('ws');

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const instrumentation = new UndiciInstrumentation();
instrumentation.setTracerProvider(provider);
instrumentation.enable();

const parents = [];
const server = createServer((request, response) => {
  parents.push(request.headers.traceparent);
  response.writeHead(request.url === '/refused' ? 403 : 200).end();
});
const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  parents.push(request.headers.traceparent);
  if (request.url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  else sockets.handleUpgrade(request, socket, head, () => {});
});
server.listen(0, '127.0.0.1', async () => {
  const origin = `127.0.0.1:${server.address().port}`;
  const tell = (what) => {
    const spans = exporter.getFinishedSpans();
    const isChild = spans.some((span) => parents.at(-1)?.includes(span.spanContext().spanId));
    const statuses = spans.map(({ attributes }) => attributes['http.response.status_code']).join(', ') || 'none';
    console.log(`${what}: traceparent ${parents.at(-1) === undefined ? 'no' : 'yes'}; spans: ${statuses}; its parent among them: ${isChild}`);
    exporter.reset();
  };
  for (const path of ['/opens', '/refused']) {
    const socket = new WebSocket(`ws://${origin}${path}`);
    socket.addEventListener('error', () => {});
    socket.addEventListener('open', () => socket.close());
    await once(socket, 'close');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    tell(`WebSocket, ${path}`);
  }
  await (await fetch(`http://${origin}/`)).text();
  await new Promise((resolve) => setTimeout(resolve, 500));
  tell('fetch()');
  process.exit();
});
JS
timeout 60 node_modules/.bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
WebSocket, /opens: traceparent yes; spans: none; its parent among them: false
WebSocket, /refused: traceparent yes; spans: 403; its parent among them: true
fetch(): traceparent yes; spans: 200; its parent among them: true
EXPECTED
echo '@opentelemetry/instrumentation-undici 0.33.0: as written down'
