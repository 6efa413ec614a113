/** `ws`; whether with `bufferutil` is up to WS_NO_BUFFER_UTIL in the environment. */
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { fail } from '../wire/control.ts';
import { openAll, runTarget } from './target.ts';

runTarget({
  server(job) {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: job.compress === false ? false : { threshold: 0 },
    });
    server.on('connection', (socket) => {
      socket.on('error', fail);
      socket.on('message', (data, isBinary) => {
        if (job.work !== 'broadcast') return socket.send(data, { binary: isBinary });
        for (let i = 0; i < job.depth; i++) {
          for (const client of server.clients) client.send(data, { binary: isBinary });
        }
      });
    });
    return new Promise((resolve) => {
      server.on('listening', () => resolve((server.address() as AddressInfo).port));
    });
  },
  client(job, url) {
    return openAll(job, (opened) => {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      socket.on('error', fail);
      socket.on('open', opened);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
  },
});
