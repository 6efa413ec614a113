#!/usr/bin/env bash
# Vitest 5.1.2 with its environments node, jsdom (31.0.1) and happy-dom (21.0.4), and jsdom alone: a test connects to a server by
# `new WebSocket`; the server greets it, and the test sends a text in `onopen`.
# Expected: 'open', 'message', and the text at the server, in all of them.
# Seen: in Vitest's jsdom 'open' never comes, though the connection is open and the greeting arrives. jsdom's WebSocket is undici's, which
# is an EventTarget of Node's, and makes its 'open' of the global Event, which Vitest has replaced with jsdom's: a TypeError behind the test,
# "must be an instance of Event. Received an instance of Event". The test itself passes where it waits for no 'open'; jsdom alone has none
# of this.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --engine-strict=false vitest@5.1.2 jsdom@31.0.1 happy-dom@21.0.4 node@26.10.0 ws@8.23.0
cat >connect.mjs <<'JS'
import { once } from 'node:events';
import { WebSocketServer } from 'ws';

/** Connects by this class; resolves to its events and what the server has been sent, after a second. */
export async function connect(WebSocket) {
  const seen = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('message', (text) => seen.push(`the server gets '${text}'`));
    socket.send('hello');
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
  socket.addEventListener('open', () => {
    seen.push('open');
    socket.send('a text');
  });
  socket.addEventListener('message', ({ data }) => seen.push(`message '${data}'`));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return `${seen.sort().join(', ')}; readyState ${socket.readyState}`;
}
JS
cat >connect.test.mjs <<'JS'
import { appendFileSync } from 'node:fs';
import { test } from 'vitest';
import { connect } from './connect.mjs';

test('connects', async () => appendFileSync('seen', `Vitest, ${process.env.ENVIRONMENT}: ${await connect(WebSocket)}\n`));
JS
cat >alone.mjs <<'JS'
import { appendFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';
import { connect } from './connect.mjs';

const { window } = new JSDOM('', { url: 'http://127.0.0.1/' });
appendFileSync('seen', `jsdom alone: ${await connect(window.WebSocket)}\n`);
process.exit();
JS
export PATH="$folder/node_modules/node/bin:$PATH" NO_COLOR=1
timeout 30 node alone.mjs
for ENVIRONMENT in node happy-dom jsdom; do
  export ENVIRONMENT
  timeout 60 node node_modules/vitest/vitest.mjs run --environment "$ENVIRONMENT" connect.test.mjs >output 2>&1 || true
  grep -m 1 -oE 'TypeError: The "event" .*' output >>seen || true
done
cat seen
diff - seen <<'EXPECTED'
jsdom alone: message 'hello', open, the server gets 'a text'; readyState 1
Vitest, node: message 'hello', open, the server gets 'a text'; readyState 1
Vitest, happy-dom: message 'hello', open, the server gets 'a text'; readyState 1
Vitest, jsdom: message 'hello'; readyState 1
TypeError: The "event" argument must be an instance of Event. Received an instance of Event
EXPECTED
echo 'Vitest 5.1.2 with jsdom 31.0.1: as written down'
