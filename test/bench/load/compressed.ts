import type { Socket } from 'node:net';
import type { Job } from '../wire/job.ts';
import { compressedPlan, verifyCompressed, type CompressedPlan } from '../wire/compressed.ts';
import { openConnection, openMany } from './connection.ts';
import { Pacer, type Load } from './load.ts';
import { ReplyParser } from './reply-parser.ts';

/** Replies of every so many-th connection are kept whole and inflated after the clock has stopped. */
const KEEP_EVERY = 8;

/**
 * Echo with permessage-deflate. Servers compress differently, so that replies can't be compared byte for byte: every
 * reply is parsed and counted, and those of the first and of every eighth connection are kept, inflated and compared
 * once the clock has stopped.
 */
export class CompressedLoad implements Load {
  private readonly pacer = new Pacer();
  private connections: CompressedConnection[] = [];
  private plan: CompressedPlan | undefined = undefined;
  private readonly job: Job;
  private readonly port: number;

  constructor(job: Job, port: number) {
    this.job = job;
    this.port = port;
  }

  async prepare(): Promise<number> {
    const plan = (this.plan = await compressedPlan(this.job.size, this.job.depth));
    this.connections = await openMany(this.job.connections, async (index) => {
      const connection = new CompressedConnection(plan, this.pacer, this.job.depth, index % KEEP_EVERY === 0);
      connection.socket = await openConnection({
        port: this.port,
        raw: false,
        compress: true,
        onBytes: (bytes, length) => connection.take(bytes, length),
      });
      return connection;
    });
    return 0;
  }

  run(milliseconds: number): Promise<number> {
    return this.pacer.run(milliseconds, () => {
      for (const connection of this.connections) {
        this.pacer.begin();
        connection.send();
      }
    });
  }

  verify(): void {
    for (const connection of this.connections) connection.verify(this.plan!.messages);
  }
}

class CompressedConnection {
  socket: Socket | undefined = undefined;
  private batches: Buffer[];
  private index = 0;
  private readonly plan: CompressedPlan;
  private readonly pacer: Pacer;
  private readonly depth: number;
  private readonly parser: ReplyParser;

  constructor(plan: CompressedPlan, pacer: Pacer, depth: number, keep: boolean) {
    this.plan = plan;
    this.pacer = pacer;
    this.depth = depth;
    this.batches = plan.first;
    this.parser = new ReplyParser(keep);
  }

  send(): void {
    this.socket!.write(this.batches[this.index++]!);
    if (this.index < this.batches.length) return;
    this.index = 0;
    this.batches = this.plan.steady;
  }

  take(bytes: Buffer, length: number): void {
    this.parser.take(bytes, length);
    if (this.parser.messages < this.depth) return;
    if (this.parser.messages > this.depth || !this.parser.between) throw new Error('more came back than was sent');
    this.parser.messages = 0;
    if (this.pacer.again(this.depth)) this.send();
  }

  verify(messages: Buffer[]): void {
    if (this.parser.kept.length > 0) verifyCompressed(this.parser.kept, messages);
  }
}
