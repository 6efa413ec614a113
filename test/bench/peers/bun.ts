/** Bun's server and client; runs under Bun. */
import { fail } from '../wire/control.ts';
import { openAll, runTarget } from './target.ts';

interface BunSocket {
  send(data: string | Uint8Array, compress?: boolean): number;
  subscribe(topic: string): void;
}
declare const Bun: {
  serve(options: object): { port: number; publish(topic: string, data: string | Uint8Array): number };
};
interface BunServer {
  upgrade(request: unknown): boolean;
}

runTarget({
  server(job) {
    const codec = job.compress === 'shared' ? 'shared' : 'dedicated';
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: job.certificate,
      fetch(request: unknown, bun: BunServer) {
        return bun.upgrade(request) ? undefined : { status: 400 };
      },
      websocket: {
        perMessageDeflate: job.compress === false ? false : { compress: codec, decompress: 'dedicated' },
        open(socket: BunSocket) {
          if (job.work === 'broadcast') socket.subscribe('all');
        },
        message(socket: BunSocket, data: string | Uint8Array) {
          if (job.work !== 'broadcast') return void socket.send(data, job.compress !== false);
          for (let i = 0; i < job.depth; i++) server.publish('all', data);
        },
      },
    });
    return server.port;
  },
  client(job, url) {
    return openAll(job, (opened) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onerror = () => fail(new Error('the connection failed'));
      socket.onopen = opened;
      socket.onmessage = (event: { data: string | ArrayBuffer }) => socket.send(event.data);
    });
  },
});
