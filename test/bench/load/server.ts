import { createHash } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { fail } from '../wire/control.ts';
import { FIN, overhead } from '../wire/frames.ts';
import { RAW_BYTE, echoBatch, opcodeOf, type Batch } from '../wire/plan.ts';
import { Pacer, type Load } from './load.ts';

/** In a batch of several messages every so many-th is unmasked and compared whole; in a batch of one it is that one. */
const WHOLE_EVERY = 8;

/**
 * Echo, the peer being the client: a bare server that writes batches of unmasked frames and checks what comes back.
 *
 * A client masks with keys of its own choosing, so that replies can't be compared byte for byte. Of every reply the
 * header, the length and the first and last byte of the payload are checked; whole payloads are unmasked and compared
 * for every eighth message, a different eighth each time, and for every message where there is one at a time.
 */
export class ServerLoad implements Load {
  private readonly pacer = new Pacer();
  private readonly batch: Batch;
  private readonly job: Job;
  private readonly connections: ServerConnection[] = [];
  private onConnected: (() => void) | undefined = undefined;

  constructor(job: Job) {
    this.job = job;
    this.batch = echoBatch(job);
  }

  prepare(): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', fail);
      socket.on('end', () => fail(new Error('the client ended a connection')));
      if (this.job.raw) this.opened(socket);
      else shakeHands(socket, () => this.opened(socket));
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  async connected(): Promise<void> {
    if (this.connections.length < this.job.connections) {
      await new Promise<void>((resolve) => (this.onConnected = resolve));
    }
  }

  run(milliseconds: number): Promise<number> {
    return this.pacer.run(milliseconds, () => {
      for (const connection of this.connections) {
        this.pacer.begin();
        connection.send();
      }
    });
  }

  private opened(socket: Socket): void {
    this.connections.push(new ServerConnection(socket, this.job, this.batch, this.pacer));
    if (this.connections.length === this.job.connections) this.onConnected?.();
  }
}

function shakeHands(socket: Socket, opened: () => void): void {
  let head = '';
  socket.on('data', function onHead(chunk: Buffer) {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    socket.off('data', onHead);
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    opened();
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
}

class ServerConnection {
  private readonly socket: Socket;
  private readonly job: Job;
  private readonly batch: Batch;
  private readonly pacer: Pacer;
  private readonly messages: Buffer[];
  /** Bytes of one reply, of its header with the key, and of all replies to a batch. */
  private readonly stride: number;
  private readonly header: number;
  private readonly replies: number;
  /** The replies to the batch, gathered; what begins at `start` has its payload on a multiple of four. */
  private readonly bytes: Buffer;
  private readonly start: number;
  private length = 0;
  private turn = 0;

  constructor(socket: Socket, job: Job, batch: Batch, pacer: Pacer) {
    this.socket = socket;
    this.job = job;
    this.batch = batch;
    this.pacer = pacer;
    this.messages = batch.messages;
    this.header = overhead(job.size, true);
    this.stride = job.wire.out;
    this.replies = this.stride * job.depth;
    this.start = (4 - (this.header & 3)) & 3;
    this.bytes = Buffer.allocUnsafeSlow(this.start + this.replies);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.take(chunk);
      } catch (error) {
        fail(error);
      }
    });
  }

  send(): void {
    this.socket.write(this.batch.bytes);
  }

  private take(chunk: Buffer): void {
    if (this.length + chunk.length > this.replies) throw new Error('more came back than was sent');
    chunk.copy(this.bytes, this.start + this.length);
    this.length += chunk.length;
    if (this.length < this.replies) return;
    this.length = 0;
    if (this.job.raw) this.checkRaw();
    else this.check();
    if (this.pacer.again(this.job.depth)) this.send();
  }

  private checkRaw(): void {
    for (let at = this.start; at < this.bytes.length; at += this.stride) {
      if (this.bytes[at] !== RAW_BYTE) throw new Error('a reply is wrong');
    }
  }

  private check(): void {
    const { bytes, header, stride, job, messages } = this;
    const first = FIN | opcodeOf(job);
    const short = 0x80 | (job.size < 126 ? job.size : job.size < 65536 ? 126 : 127);
    this.turn = (this.turn + 1) % WHOLE_EVERY;
    for (let i = 0, at = this.start; i < messages.length; i++, at += stride) {
      const message = messages[i]!;
      const key = at + header - 4;
      const last = job.size - 1;
      let right = bytes[at] === first && bytes[at + 1] === short;
      if (short === 0xfe) right &&= bytes.readUInt16BE(at + 2) === job.size;
      if (short === 0xff) right &&= bytes.readBigUInt64BE(at + 2) === BigInt(job.size);
      right &&= (bytes[at + header]! ^ bytes[key]!) === message[0];
      right &&= (bytes[at + header + last]! ^ bytes[key + (last & 3)]!) === message[last];
      if (messages.length === 1) right &&= sameWords(bytes, key, message);
      else if (i % WHOLE_EVERY === this.turn) right &&= sameBytes(bytes, key, message);
      if (!right) throw new Error(`reply ${i + 1} of ${messages.length} is wrong`);
    }
  }
}

function sameBytes(bytes: Buffer, key: number, message: Buffer): boolean {
  for (let i = 0; i < message.length; i++) {
    if ((bytes[key + 4 + i]! ^ bytes[key + (i & 3)]!) !== message[i]) return false;
  }
  return true;
}

/** The same, four bytes at a time: the payload lies on a multiple of four, and the message in a buffer of its own. */
function sameWords(bytes: Buffer, key: number, message: Buffer): boolean {
  if (message.byteOffset % 4 !== 0) return sameBytes(bytes, key, message);
  const words = message.length >> 2;
  const theirs = new Int32Array(bytes.buffer, bytes.byteOffset + key, words + 1);
  const ours = new Int32Array(message.buffer, message.byteOffset, words);
  const mask = theirs[0]!;
  for (let i = 0; i < words; i++) if ((theirs[i + 1]! ^ mask) !== ours[i]) return false;
  for (let i = words * 4; i < message.length; i++) {
    if ((bytes[key + 4 + i]! ^ bytes[key + (i & 3)]!) !== message[i]) return false;
  }
  return true;
}
