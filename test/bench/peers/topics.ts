/** Topics over sockets of the event driver: what comes in is published, in memory. */
import { fail } from '../wire/control.ts';
import { importNode, importTopics, optionsFor } from './sansocket.ts';
import { runTarget } from './target.ts';

const { serve } = await importNode();
const { createTopics } = await importTopics();

runTarget({
  async server(job) {
    const hub = createTopics();
    await hub.start();
    const listener = await serve(
      { host: '127.0.0.1', port: 0, ...optionsFor(job) },
      {
        open: (socket) => void hub.subscribe(socket, 'all', { slow: 'send' }).catch(fail),
        message(_socket, data) {
          for (let i = 0; i < job.depth; i++) hub.publish('all', data).catch(fail);
        },
        error: fail,
      },
    );
    return listener.port;
  },
  client() {
    throw new Error('it is a server');
  },
});
