import type { Duplex } from 'node:stream';
import type { Job } from '../wire/job.ts';
import { echoBatch, type Batch } from '../wire/plan.ts';
import { Http2Opener, openOverTls } from './carried.ts';
import { openConnection, openMany, type Opening } from './connection.ts';
import { Pacer, type Load } from './load.ts';

/**
 * Echo, the peer being the server: each connection writes a batch, waits for the last byte of the replies, and writes
 * it again. Every byte that comes back is compared with what must come, by memcmp.
 */
export class EchoLoad implements Load {
  private readonly batch: Batch;
  private readonly pacer = new Pacer();
  private connections: EchoConnection[] = [];
  private readonly job: Job;
  private readonly port: number;

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
    this.batch = echoBatch(job);
  }

  async prepare(): Promise<number> {
    const open = this.opener();
    this.connections = await openMany(this.job.connections, async () => {
      const connection = new EchoConnection(this.batch, this.pacer, this.job.depth);
      connection.socket = await open({
        port: this.port,
        raw: this.job.raw,
        compress: false,
        onBytes: (bytes, length) => connection.take(bytes, length),
      });
      return connection;
    });
    return 0;
  }

  private opener(): (opening: Opening) => Promise<Duplex> {
    if (this.job.over === 'tls') return openOverTls;
    if (this.job.over !== 'http2') return openConnection;
    const http2 = new Http2Opener();
    return (opening) => http2.open(opening);
  }

  run(milliseconds: number): Promise<number> {
    return this.pacer.run(milliseconds, () => {
      for (const connection of this.connections) {
        this.pacer.begin();
        connection.send();
      }
    });
  }
}

class EchoConnection {
  socket: Duplex | undefined = undefined;
  private at = 0;
  private readonly batch: Batch;
  private readonly pacer: Pacer;
  private readonly depth: number;

  constructor(batch: Batch, pacer: Pacer, depth: number) {
    this.batch = batch;
    this.pacer = pacer;
    this.depth = depth;
  }

  send(): void {
    this.socket!.write(this.batch.bytes);
  }

  take(bytes: Buffer, length: number): void {
    const { expected, replies } = this.batch;
    if (this.at + length > replies) throw new Error('more came back than was sent');
    if (expected.compare(bytes, 0, length, this.at, this.at + length) !== 0) {
      throw new Error(`a reply is wrong in bytes ${this.at} to ${this.at + length} of ${replies}`);
    }
    this.at += length;
    if (this.at < replies) return;
    this.at = 0;
    if (this.pacer.again(this.depth)) this.send();
  }
}
