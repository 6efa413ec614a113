#!/usr/bin/env bash
# @opentelemetry/instrumentation-http 0.223.0: a client and a server of ws 8.23.0, both in the instrumented process.
# Expected: two spans, as for any request: the client's with status 101, and the server's as its child.
# Seen: the client's span alone, without a status code, over when the connection opens. The request carries traceparent, but
# the server has no span for it: node:http gives an upgrade to 'upgrade' and not to 'request', which is all that is instrumented.
# What the server does for a WebSocket begins new traces.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @opentelemetry/api@1 @opentelemetry/instrumentation@0.223.0 \
  @opentelemetry/instrumentation-http@0.223.0 @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/sdk-trace-node@2.12.1 ws@8.23.0
cat >run.cjs <<'JS'
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
const http = require('node:http');
const WebSocket = require('ws');

const KINDS = ['internal', 'server', 'client'];
const spans = () =>
  exporter
    .getFinishedSpans()
    .map(({ kind, attributes }) => {
      const status = attributes['http.response.status_code'] ?? attributes['http.status_code'] ?? 'no status';
      return `${KINDS[kind]} ${status}`;
    })
    .sort()
    .join(', ');

const server = http.createServer((request, response) => response.end());
new WebSocket.WebSocketServer({ server }).on('connection', (socket, request) => {
  console.log(`traceparent is ${request.headers.traceparent === undefined ? 'not ' : ''}sent`);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  client.on('open', () => setTimeout(() => console.log(`WebSocket, open: ${spans()}`, client.close()), 300));
  client.on('close', () =>
    setTimeout(() => {
      console.log(`WebSocket, closed: ${spans()}`);
      exporter.reset();
      http.get(`http://127.0.0.1:${port}/`, (response) =>
        response.resume().on('end', () =>
          setTimeout(() => {
            console.log(`an ordinary request: ${spans()}`);
            process.exit();
          }, 300),
        ),
      );
    }, 300),
  );
});
JS
timeout 30 node run.cjs | sed 's/ undefined$//' | tee seen
diff - seen <<'EXPECTED'
traceparent is sent
WebSocket, open: client no status
WebSocket, closed: client no status
an ordinary request: client 200, server 200
EXPECTED
echo '@opentelemetry/instrumentation-http 0.223.0: as written down'
