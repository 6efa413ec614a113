import type { Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { compressedPlan, type CompressedPlan } from '../wire/compressed.ts';
import { echoBatch, type Batch } from '../wire/plan.ts';
import { openConnection, openMany } from './connection.ts';
import type { Load } from './load.ts';
import { ReplyParser } from './reply-parser.ts';

/** Connections that come and go before the first reading, so that code and caches are there already. */
const WARM_UP = 200;

/**
 * Connections that have sent `depth` messages, have been answered, and stay open and do nothing from then on. Counts
 * connections. What they cost is read from the peer's memory before and after.
 */
export class IdleLoad implements Load {
  private readonly job: Job;
  private readonly port: number;
  private plan: CompressedPlan | undefined = undefined;
  private batch: Batch | undefined = undefined;
  private readonly sockets: Socket[] = [];

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
  }

  async prepare(): Promise<number> {
    if (this.job.compress !== false) this.plan = await compressedPlan(this.job.size, 1);
    else this.batch = echoBatch({ ...this.job, depth: 1 });
    const sockets = await openMany(WARM_UP, () => this.open());
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve).destroy())));
    return 0;
  }

  async run(): Promise<number> {
    this.sockets.push(...(await openMany(this.job.connections, () => this.open())));
    return this.sockets.length;
  }

  /** Opens a connection, which then sends its messages, one at a time, and waits for the replies. */
  private async open(): Promise<Socket> {
    const { job, plan } = this;
    const messages = plan === undefined ? Array(job.depth).fill(this.batch!.bytes) : plan.first.slice(0, job.depth);
    const parser = new ReplyParser(false);
    let bytesOut = 0;
    let received = () => {};
    const socket = await openConnection({
      port: this.port,
      raw: job.raw,
      compress: plan !== undefined,
      onBytes: (bytes, length) => {
        bytesOut += length;
        if (!job.raw) parser.take(bytes, length);
        received();
      },
    });
    for (let sent = 1; sent <= messages.length; sent++) {
      const isBack = () => (job.raw ? bytesOut === sent * job.wire.out : parser.messages === sent);
      const reply = new Promise<void>((resolve) => (received = () => isBack() && resolve()));
      socket.write(messages[sent - 1]!);
      await reply;
    }
    received = () => {};
    return socket;
  }
}
