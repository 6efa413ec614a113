/** The promise API. */
import { fail } from '../wire/control.ts';
import { importMain, optionsFor } from './sansocket.ts';
import { openAll, runTarget } from './target.ts';

const { listen, open } = await importMain();

runTarget({
  async server(job) {
    const everyone = new Set<{ trySend(data: string | Uint8Array): boolean }>();
    // Idle connections end without a Close frame when the load generator warms up: for a handler that is an error.
    const onError = job.work === 'idle' ? () => {} : fail;
    const server = await listen({ host: '127.0.0.1', port: 0, onError, ...optionsFor(job) }, async (ws) => {
      if (job.work === 'broadcast') {
        everyone.add(ws);
        for await (const message of ws) {
          for (let i = 0; i < job.depth; i++) for (const other of everyone) other.trySend(message);
        }
      } else {
        for await (const message of ws) await ws.send(message);
      }
    });
    return server.port;
  },
  client(job, url) {
    return openAll(job, (opened) => {
      void echo(url, optionsFor(job), opened).catch(fail);
    });
  },
});

async function echo(url: string, options: object, opened: () => void): Promise<void> {
  const ws = await open(url, options);
  opened();
  for await (const message of ws) await ws.send(message);
  throw new Error('the connection ended');
}
