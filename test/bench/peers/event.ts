/** The event-style driver. */
import type { Handlers } from '../../../drivers/socket/socket.ts';
import { fail } from '../wire/control.ts';
import { httpServer, importNode, optionsFor } from './sansocket.ts';
import { openAll, runTarget } from './target.ts';

const { serve, attach, connect, broadcast } = await importNode();

runTarget({
  async server(job) {
    const handlers: Handlers = {
      message(socket, data) {
        if (job.work !== 'broadcast') return void socket.send(data);
        for (let i = 0; i < job.depth; i++) broadcast(listener.connections, data, { slow: 'send' });
      },
      error: fail,
    };
    if (job.over === 'node:http') {
      const { http, port } = await httpServer();
      attach(http, optionsFor(job), handlers);
      return port;
    }
    const listener = await serve({ host: '127.0.0.1', port: 0, ...optionsFor(job) }, handlers);
    return listener.port;
  },
  client(job, url) {
    return openAll(job, (opened) => {
      connect(url, optionsFor(job), {
        open: opened,
        message(socket, data) {
          socket.send(data);
        },
        close: (_socket, info) => fail(info.error ?? new Error('the connection ended')),
        error: fail,
      });
    });
  },
});
