import type { Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { compressedPlan, type CompressedPlan } from '../wire/compressed.ts';
import { openConnection, openMany } from './connection.ts';
import type { Load } from './load.ts';
import { ReplyParser } from './reply-parser.ts';

/** Connections that come and go before the first reading, so that code and caches are there already. */
const WARM_UP = 200;

/**
 * Connections that stay open and do nothing; with compression negotiated, after `depth` compressed messages on each.
 * Counts connections. What they cost is read from the peer's memory before and after.
 */
export class IdleLoad implements Load {
  private readonly job: Job;
  private readonly port: number;
  private plan: CompressedPlan | undefined = undefined;
  private readonly sockets: Socket[] = [];

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
  }

  async prepare(): Promise<number> {
    if (this.job.compress !== false) this.plan = await compressedPlan(this.job.size, 1);
    const sockets = await openMany(WARM_UP, () => this.open());
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve).destroy())));
    return 0;
  }

  async run(): Promise<number> {
    this.sockets.push(...(await openMany(this.job.connections, () => this.open())));
    return this.sockets.length;
  }

  private async open(): Promise<Socket> {
    const parser = new ReplyParser(false);
    let received = () => {};
    const socket = await openConnection({
      port: this.port,
      raw: this.job.raw,
      compress: this.plan !== undefined,
      onBytes: (bytes, length) => {
        parser.take(bytes, length);
        received();
      },
    });
    for (const message of this.plan?.first.slice(0, this.job.depth) ?? []) {
      parser.messages = 0;
      const reply = new Promise<void>((resolve) => (received = () => parser.messages === 1 && resolve()));
      socket.write(message);
      await reply;
    }
    received = () => {};
    return socket;
  }
}
