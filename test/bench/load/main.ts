import type { Job, Run } from '../wire/job.ts';
import { obey } from '../wire/control.ts';
import { BroadcastLoad } from './broadcast.ts';
import { CompressedLoad } from './compressed.ts';
import { EchoLoad } from './echo.ts';
import { HandshakeLoad } from './handshake.ts';
import { IdleLoad } from './idle.ts';
import type { Load } from './load.ts';
import { ServerLoad } from './server.ts';

let load: Load;

obey({
  async prepare({ job, port }: { job: Job; port: number }): Promise<number> {
    load = loadFor(job, port);
    return await load.prepare();
  },
  async connected(): Promise<void> {
    await load.connected?.();
  },
  async run(milliseconds: number): Promise<Run> {
    const before = process.cpuUsage();
    const start = performance.now();
    const messages = await load.run(milliseconds);
    const elapsed = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    return { messages, elapsed, cpu: user + system };
  },
  verify(): void {
    load.verify?.();
  },
});

function loadFor(job: Job, port: number): Load {
  if (job.role === 'client') return new ServerLoad(job);
  if (job.work === 'broadcast') return new BroadcastLoad(job, port);
  if (job.work === 'handshake') return new HandshakeLoad(job, port);
  if (job.work === 'idle') return new IdleLoad(job, port);
  return job.compress === false ? new EchoLoad(job, port) : new CompressedLoad(job, port);
}
