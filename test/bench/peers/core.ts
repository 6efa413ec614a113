/**
 * The core alone, with no socket: an established server connection that echoes, fed the same batch over and over. Tells
 * what a message costs in the core, in time and in memory allocated.
 */
import { obey } from '../wire/control.ts';
import type { Allocated, Job } from '../wire/job.ts';
import { echoBatch } from '../wire/plan.ts';
import { allocated, collectGarbage } from './target.ts';

/** What this uses of the core, as built; see sansocket.ts for the reason of the variable. */
interface Connection {
  receive(bytes: Uint8Array, now: number): void;
  sendText(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  takeOutput(): readonly Uint8Array[];
}
interface ProtocolEntry {
  Connection: { established(role: 'server', options: object): Connection };
}
const PROTOCOL: string = 'sansocket/protocol';

export interface CoreRun {
  messages: number;
  /** CPU time, in microseconds a message. */
  cpu: number;
  before: Allocated;
  after: Allocated;
}

let run: (batches: number) => Promise<CoreRun>;

obey({
  async start({ job }: { job: Job }) {
    const { Connection } = (await import(PROTOCOL)) as ProtocolEntry;
    const batch = echoBatch(job);
    const chunk = Buffer.alloc(batch.bytes.length);
    const connection = Connection.established('server', {
      now: 0,
      turnBudget: false,
      sink: {
        onText: (text: string) => connection.sendText(text),
        onBinary: (bytes: Uint8Array) => connection.sendBinary(bytes),
      },
    });
    /** One incoming chunk and what goes out for it. The connection unmasks in place, so that it gets a fresh copy. */
    const turn = (): readonly Uint8Array[] => {
      chunk.set(batch.bytes);
      connection.receive(chunk, 0);
      return connection.takeOutput();
    };
    if (!Buffer.concat(turn()).equals(batch.expected.subarray(0, batch.replies))) throw new Error('a reply is wrong');
    run = async (batches) => {
      const before = await allocated();
      const start = process.cpuUsage();
      for (let i = 0; i < batches; i++) turn();
      const { user, system } = process.cpuUsage(start);
      const messages = batches * job.depth;
      return { messages, cpu: (user + system) / messages, before, after: await allocated() };
    };
  },
  collect: collectGarbage,
  run: ({ batches }: { batches: number }) => run(batches),
});
