import { createConnection, type Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { FIN, frame, maskingKey } from '../wire/frames.ts';
import { READ_SIZE } from '../wire/plan.ts';
import { fail } from '../wire/control.ts';
import { checkResponse, upgradeRequest } from './connection.ts';
import { Pacer, type Load } from './load.ts';

const NORMAL = Buffer.from([0x03, 0xe8]);
const CLOSE = 0x8;
const CLOSE_FRAME = frame(FIN | CLOSE, NORMAL, maskingKey(0));

/**
 * Opening and closing handshakes, so many at once, over and over: connect, upgrade, Close 1000, the peer's Close, the
 * peer's end of TCP (RFC 6455 §7.1.1: the server ends it first).
 */
export class HandshakeLoad implements Load {
  private readonly pacer = new Pacer();
  private readonly job: Job;
  private readonly port: number;

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
  }

  async prepare(): Promise<number> {
    return 0;
  }

  run(milliseconds: number): Promise<number> {
    return this.pacer.run(milliseconds, () => {
      for (let i = 0; i < this.job.connections; i++) {
        this.pacer.begin();
        this.shake(Buffer.allocUnsafeSlow(Math.min(READ_SIZE, 4096)));
      }
    });
  }

  private shake(buffer: Buffer): void {
    let length = 0;
    let closing = false;
    const socket: Socket = createConnection({
      host: '127.0.0.1',
      port: this.port,
      noDelay: true,
      onread: {
        // Reads past what has come already: the answers of one connection are gathered in one piece.
        buffer: () => buffer.subarray(length),
        callback: (more) => {
          length += more;
          try {
            if (!closing) closing = this.answer(buffer.toString('latin1', 0, length), socket);
          } catch (error) {
            fail(error);
          }
          return true;
        },
      },
    });
    socket.on('connect', () => socket.write(upgradeRequest(this.port, false), 'latin1'));
    socket.on('error', fail);
    socket.on('end', () => {
      const end = buffer.toString('latin1', 0, length).indexOf('\r\n\r\n') + 4;
      if (!buffer.subarray(end, length).equals(frame(FIN | CLOSE, NORMAL)))
        fail(new Error('not the Close that was due'));
    });
    socket.on('close', () => {
      if (this.pacer.again(1)) this.shake(buffer);
    });
  }

  /** Sends the Close once the response is complete; returns whether it was. */
  private answer(head: string, socket: Socket): boolean {
    const end = head.indexOf('\r\n\r\n') + 4;
    if (end < 4) return false;
    checkResponse(head.slice(0, end), false);
    if (head.length > end) throw new Error('frames came before anything was sent');
    socket.write(CLOSE_FRAME);
    return true;
  }
}
