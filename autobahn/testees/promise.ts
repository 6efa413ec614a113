import { listen, open } from '../../drivers/index.ts';
import type { EchoServer, Testee } from './testee.ts';

/** sansocket's promise API, with its defaults and compression. */
export const promise: Testee = {
  async serve(port): Promise<EchoServer> {
    const server = await listen({ host: '127.0.0.1', port, compress: true, onError: () => {} }, async (socket) => {
      for await (const message of socket) await socket.send(message);
    });
    return { url: `ws://127.0.0.1:${server.port}`, close: () => server.close({ timeout: 1000 }).then(() => {}) };
  },

  async converse(url, echoes) {
    const socket = await open(url, { compress: true });
    let said: string | undefined;
    try {
      for await (const message of socket) {
        if (echoes) await socket.send(message);
        else if (typeof message === 'string') said = message;
      }
    } catch {
      // A case may end the connection in any way.
    }
    await socket.closed;
    return said;
  },
};
