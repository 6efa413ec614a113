import { connect, serve } from '../../drivers/node/index.ts';
import type { Handlers } from '../../drivers/node/index.ts';
import type { Testee } from './testee.ts';

const echo: Handlers = { message: (socket, data) => void socket.send(data) };

/** sansocket's own server and client, with their defaults and compression. */
export const own: Testee = {
  async serve(port) {
    const listener = await serve({ host: '127.0.0.1', port, compress: true }, echo);
    return {
      url: listener.url,
      async close() {
        listener.stopListening();
        for (const socket of listener.connections) socket.terminate();
        await listener.closed;
      },
    };
  },

  converse: (url, echoes) =>
    new Promise((resolve, reject) => {
      let said: string | undefined;
      connect(
        url,
        { compress: true },
        {
          message(socket, data) {
            if (echoes) socket.send(data);
            else if (typeof data === 'string') said = data;
          },
          close(socket, info) {
            // A case may end the connection in any way; a command may not, and a connection that never opened is no case.
            if (socket.response === undefined) reject(info.error ?? new Error('no connection'));
            else resolve(said);
          },
        },
      );
    }),
};
