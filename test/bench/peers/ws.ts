/** `ws`, or with WS_FACE in the environment its face here; whether with `bufferutil` is up to WS_NO_BUFFER_UTIL. */
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Module, { createRequire } from 'node:module';
import { fail } from '../wire/control.ts';
import { openAll, runTarget } from './target.ts';

// No literal: the type check comes before the build, when there is nothing to resolve it to.
const library: string = process.env.WS_FACE ? 'sansocket/ws' : 'ws';
const { WebSocket, WebSocketServer } = (await import(library)) as typeof import('ws');

runTarget({
  server(job) {
    if (job.over === 'socket.io') return serveSocketIo();
    const https = job.certificate === undefined ? undefined : createHttpsServer(job.certificate);
    https?.listen(0, '127.0.0.1');
    const server = new WebSocketServer({
      ...(https === undefined ? { host: '127.0.0.1', port: 0 } : { server: https }),
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

/** Socket.IO on this library; what one sends is sent to all. */
async function serveSocketIo(): Promise<number> {
  // As npm's overrides do it: its packages take the library themselves, too.
  const require = createRequire(import.meta.url);
  for (const name of ['socket.io', 'engine.io', 'socket.io-adapter']) {
    const path = createRequire(require.resolve(name)).resolve('ws');
    require.cache[path] = Object.assign(new Module(path), { exports: WebSocket, loaded: true });
  }
  const { Server } = require('socket.io') as typeof import('socket.io');
  const http = createServer();
  // Its own pings would come between the deliveries.
  const io = new Server(http, { wsEngine: WebSocketServer, transports: ['websocket'], pingInterval: 3_600_000 });
  io.on('connection', (socket) => socket.on('said', (text) => io.emit('said', text)));
  return new Promise((resolve) => {
    http.listen(0, '127.0.0.1', () => resolve((http.address() as AddressInfo).port));
  });
}
