/**
 * The floor: an echo on `node:net` with its defaults that moves as many bytes as the protocol would, in pieces as they
 * come, and knows no protocol. For each `wire.in` bytes it gives `wire.out` bytes back.
 *
 * A server's frames are shorter than those that it gets (no masking key): what it writes is the chunk that it read, cut
 * a little. A client's are longer: it writes as much from a buffer that it keeps. For handshakes it answers with the
 * bytes of a fixed response and of a Close.
 */
import { createSecureServer } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Job } from '../wire/job.ts';
import { fail } from '../wire/control.ts';
import { FIN, frame } from '../wire/frames.ts';
import { RAW_BYTE } from '../wire/plan.ts';
import { openAll, runTarget } from './target.ts';

const RESPONSE =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const CLOSE = frame(FIN | 0x8, Buffer.from([0x03, 0xe8]));
/** More than any chunk calls for. */
const SPARE = Buffer.alloc(128 * 1024, RAW_BYTE);

runTarget({
  server(job) {
    const everyone = new Set<Socket>();
    if (job.over === 'http2') return serveHttp2(job);
    const listen = (serve: (socket: Socket) => void): Server =>
      job.certificate === undefined
        ? createServer({ noDelay: true }, serve)
        : createTlsServer({ ...job.certificate, noDelay: true }, serve);
    const server = listen((socket) => {
      socket.on('error', fail);
      if (job.work === 'handshake') return shakeHands(socket);
      everyone.add(socket);
      if (job.work === 'broadcast') broadcast(job, socket, everyone);
      else echo(job, socket);
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  },
  client(job, url) {
    return openAll(job, (opened) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true }, opened);
      socket.on('error', fail);
      echo(job, socket);
    });
  },
});

/** Streams of HTTP/2 that are accepted whatever they ask for. */
function serveHttp2(job: Job): Promise<number> {
  const server = createSecureServer({ ...job.certificate, settings: { enableConnectProtocol: true } });
  server.on('stream', (stream) => {
    stream.on('error', fail);
    stream.respond({ ':status': 200 });
    echo(job, stream);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function echo(job: Job, socket: Duplex): void {
  const { in: bytesIn, out: bytesOut } = job.wire;
  let taken = 0;
  let given = 0;
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    const due = Math.floor((taken / bytesIn) * bytesOut) - given;
    if (due > chunk.length) socket.write(SPARE.subarray(0, due));
    else if (due > 0) socket.write(chunk.subarray(0, due));
    given += due;
    if (taken % bytesIn === 0) taken = given = 0;
  });
}

function broadcast(job: Job, socket: Socket, everyone: Set<Socket>): void {
  const round = Buffer.alloc(job.wire.out * job.depth, RAW_BYTE);
  let taken = 0;
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    if (taken < job.wire.in) return;
    taken = 0;
    send();
  });
  /** Without a handshake a client can't tell that it has been accepted: the first round waits for the last of them. */
  function send(): void {
    if (everyone.size < job.connections) return void setImmediate(send);
    for (const other of everyone) other.write(round);
  }
}

function shakeHands(socket: Socket): void {
  let opened = false;
  socket.on('data', () => {
    if (opened) return void socket.end(CLOSE);
    opened = true;
    socket.write(RESPONSE, 'latin1');
  });
}
