#!/usr/bin/env bash
# WebSocketStream of undici 8.13.1, on Node 26.10.0: a server sends two texts; the client ends the stream with a text unread, in three
# ways: `close()`, `readable.cancel()`, and `break` out of `for await`.
# Expected: `closed` is fulfilled when the server's Close frame has come back, as it is where all has been read.
# Seen: the Close frame goes out, and nothing more is read: `closed` stays pending, and TCP open, until the server gives up; ws 8.23.0
# waits 30 seconds before it does. A server that knows no such timeout keeps the connection, and the client its process. To cancel, or to
# break, is what a reader does that wants no more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node@26.10.0 undici@8.13.1 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { WebSocketStream } from 'undici';
import { WebSocketServer } from 'ws';

const ends = {
  'close()': (stream) => stream.close({ closeCode: 4001 }),
  'cancel()': (_, readable) => void readable.cancel(),
  break: async (_, readable) => {
    for await (const text of readable) if (text !== '') break;
  },
};
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
  socket.send('one');
  socket.send('two');
});
await once(server, 'listening');
const seen = [];
for (const [name, end] of Object.entries(ends)) {
  for (const texts of ['both read', 'unread']) {
    const connected = once(server, 'connection');
    const stream = new WebSocketStream(`ws://127.0.0.1:${server.address().port}/`);
    const { readable } = await stream.opened;
    const [socket] = await connected;
    await wait(200);
    if (texts === 'both read') {
      // Not for `break`, which reads by itself.
      if (name === 'break') continue;
      const reader = readable.getReader();
      for (let count = 0; count < 2; count += 1) await reader.read();
      reader.releaseLock();
      await wait(200);
    }
    await end(stream, readable);
    let closed = 'pending';
    void stream.closed.then(() => (closed = 'closed'));
    const after = async (time) => {
      await wait(time * 1000);
      return `after ${time} s ${closed}, the server is ${['', 'open', 'closing', 'closed'][socket.readyState]}`;
    };
    seen.push(Promise.all([after(2), after(20)]).then((states) => `${name}, ${texts}: ${states.join('; ')}`));
  }
}
for (const line of await Promise.all(seen)) console.log(line);
process.exit();
JS
timeout 60 node_modules/node/bin/node --no-warnings run.mjs | tee seen
diff - seen <<'EXPECTED'
close(), both read: after 2 s closed, the server is closed; after 20 s closed, the server is closed
close(), unread: after 2 s pending, the server is closing; after 20 s pending, the server is closing
cancel(), both read: after 2 s closed, the server is closed; after 20 s closed, the server is closed
cancel(), unread: after 2 s pending, the server is closing; after 20 s pending, the server is closing
break, unread: after 2 s pending, the server is closing; after 20 s pending, the server is closing
EXPECTED
echo 'undici 8.13.1: as written down'
