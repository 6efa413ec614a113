import type { Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { RAW_BYTE, READ_SIZE, opcodeOf, repeat, wireOf } from '../wire/plan.ts';
import { FIN, frame, maskingKey } from '../wire/frames.ts';
import { payloads } from '../wire/payloads.ts';
import { openConnection, openMany } from './connection.ts';
import { eventOf, openSocketIo } from './socket-io.ts';
import { Pacer, type Load } from './load.ts';

/**
 * One connection sends a message, which the server sends to all of them, `depth` times over. The next round begins when
 * every connection has everything. Counts deliveries.
 */
export class BroadcastLoad implements Load {
  private readonly pacer = new Pacer();
  private readonly job: Job;
  private readonly port: number;
  private readonly trigger: Buffer;
  private readonly expected: Buffer;
  /** Bytes that each connection gets in a round. */
  private readonly round: number;
  private readonly taken: Uint32Array;
  private waiting = 0;
  private sockets: Socket[] = [];

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
    this.taken = new Uint32Array(job.connections);
    const wire = wireOf(job);
    this.round = wire.out * job.depth;
    const message = job.over === 'socket.io' ? eventOf(job.size) : payloads(job.kind, job.size, 1)[0]!;
    const first = FIN | opcodeOf(job);
    this.trigger = job.raw ? Buffer.alloc(wire.in, RAW_BYTE) : frame(first, message, maskingKey(0));
    this.expected = repeat(job.raw ? Buffer.alloc(wire.out, RAW_BYTE) : frame(first, message), this.round + READ_SIZE);
  }

  async prepare(): Promise<number> {
    this.sockets = await openMany(this.job.connections, (index) =>
      this.job.over === 'socket.io'
        ? openSocketIo(this.port, (bytes, length) => this.take(index, bytes, length))
        : openConnection({
            port: this.port,
            raw: this.job.raw,
            compress: false,
            onBytes: (bytes, length) => this.take(index, bytes, length),
          }),
    );
    return 0;
  }

  run(milliseconds: number): Promise<number> {
    return this.pacer.run(milliseconds, () => {
      this.pacer.begin();
      this.send();
    });
  }

  private send(): void {
    this.waiting = this.job.connections;
    this.sockets[0]!.write(this.trigger);
  }

  private take(index: number, bytes: Buffer, length: number): void {
    const at = this.taken[index]!;
    if (at + length > this.round || this.waiting === 0) throw new Error('more came than was broadcast');
    if (this.expected.compare(bytes, 0, length, at, at + length) !== 0) throw new Error('a delivery is wrong');
    this.taken[index] = at + length;
    if (at + length < this.round || --this.waiting > 0) return;
    this.taken.fill(0);
    if (this.pacer.again(this.job.connections * this.job.depth)) this.send();
  }
}
