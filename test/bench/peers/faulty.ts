/** A raw echo that gets one byte wrong after a while: the harness's own test must see it caught. */
import { createServer, type AddressInfo } from 'node:net';
import { runTarget } from './target.ts';

runTarget({
  server() {
    let chunks = 0;
    const server = createServer((socket) => {
      socket.on('data', (chunk: Buffer) => {
        if (++chunks === 3) chunk[chunk.length >> 1]! ^= 1;
        socket.write(chunk);
      });
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  },
});
