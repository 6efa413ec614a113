#!/usr/bin/env bash
# @google/genai 3.1.0, live.connect() and live.music.connect() with a `baseUrl`, as of a relay of one's own: the server refuses with 401; it
# ends TCP in place of an answer.
# Expected: the promise that connect() returns is rejected.
# Seen: that of live.connect() is. That of live.music.connect() stays open for good, after onerror and onclose, with 1006, have been
# called: what is awaited never goes on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @google/genai@3.1.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { GoogleGenAI } from '@google/genai';

const answers = {
  401: 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'the end of TCP': '',
};
for (const [way, answer] of Object.entries(answers)) {
  const server = http.createServer();
  server.on('upgrade', (request, socket) => socket.end(answer));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const { live } = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } });
  for (const [name, client] of Object.entries({ live, 'live.music': live.music })) {
    const events = [];
    const callbacks = {
      onopen: () => events.push('open'),
      onmessage: () => events.push('message'),
      onerror: () => events.push('error'),
      onclose: ({ code }) => events.push(`close ${code}`),
    };
    const promise = client.connect({ model: 'model', callbacks }).then(
      () => 'fulfilled',
      () => 'rejected',
    );
    await wait(2000);
    console.log(`${name}, ${way}: ${await Promise.race([promise, wait(100, 'open after 2 s')])} | ${events.join(', ')}`);
  }
}
process.exit();
JS
timeout 40 node run.mjs 2>/dev/null | tee seen
diff - seen <<'EXPECTED'
live, 401: rejected | error, close 1006
live.music, 401: open after 2 s | error, close 1006
live, the end of TCP: rejected | error, close 1006
live.music, the end of TCP: open after 2 s | error, close 1006
EXPECTED
echo '@google/genai 3.1.0: as written down'
