/** The promise API. */
import { fail } from '../wire/control.ts';
import { httpServer, importMain, optionsFor } from './sansocket.ts';
import { openAll, runTarget } from './target.ts';

const { listen, attach, open, broadcast } = await importMain();

runTarget({
  async server(job) {
    // Idle connections end without a Close frame when the load generator warms up: for a handler that is an error.
    const onError = job.work === 'idle' ? () => {} : fail;
    const options = { onError, ...optionsFor(job) };
    if (job.over === 'node:http') {
      const { http, port } = await httpServer();
      attach(http, options, async (ws) => {
        for await (const message of ws) await ws.send(message);
      });
      return port;
    }
    const server = await listen({ host: '127.0.0.1', port: 0, ...options }, async (ws) => {
      if (job.work === 'broadcast') {
        for await (const message of ws) {
          for (let i = 0; i < job.depth; i++) void broadcast(server.connections, message);
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
