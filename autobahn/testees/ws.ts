import type { AddressInfo } from 'node:net';
import * as library from 'ws';
import * as own from '../../drivers/ws/index.ts';
import type { Testee } from './testee.ts';

/** `ws`, compressing every message, with a limit of fragments: 0 is none, and its default is 16384. */
export function ws(maxFragments = 0, compress = true): Testee {
  return of(library, maxFragments, compress);
}

/** Our own face of it; `safe` takes our defaults in place of its. */
export function face(safe = false): Testee {
  return of(own as unknown as typeof library, 0, true, safe);
}

function of(
  { WebSocket, WebSocketServer }: typeof library,
  maxFragments: number,
  compress: boolean,
  safe?: boolean,
): Testee {
  const options = {
    ...(safe && { safe }),
    maxFragments,
    perMessageDeflate: compress ? { threshold: 0 } : false,
  };
  return {
    async serve(port) {
      const server = new WebSocketServer({ ...options, host: '127.0.0.1', port });
      server.on('connection', (socket) => {
        socket.on('error', () => {});
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      });
      await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
      return {
        url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve());
            for (const socket of server.clients) socket.terminate();
          }),
      };
    },

    converse: (url, echoes) =>
      new Promise((resolve, reject) => {
        let said: string | undefined;
        let opened = false;
        let failure: Error | undefined;
        const socket = new WebSocket(url, options);
        socket.on('open', () => (opened = true));
        socket.on('error', (error) => (failure = error));
        socket.on('message', (data, isBinary) => {
          if (echoes) socket.send(data, { binary: isBinary });
          else said = String(data);
        });
        socket.on('close', () => (opened ? resolve(said) : reject(failure ?? new Error('no connection'))));
      }),
  };
}
