/** Our own server, for what stands before it: ours.ts server. See README.md. */
import { listen } from '../../../../drivers/index.ts';

const { LIMIT, PROTOCOLS = '' } = process.env;
const server = await listen(
  {
    host: '127.0.0.1',
    maxMessageSize: Number(LIMIT),
    subprotocols: PROTOCOLS.split(',').filter(Boolean),
    compress: true,
    allowedOrigins: '*',
  },
  async (ws) => {
    void ws.closed.then(({ code, reason }) => console.log(`closed ${code} ${reason}`));
    for await (const message of ws) {
      if (typeof message !== 'string' || !message.startsWith('!')) {
        await ws.send(message);
        continue;
      }
      const [command, ...rest] = message.slice(1).split(' ');
      if (command === 'close') return ws.close(rest.length === 0 ? 1005 : Number(rest[0]), rest.slice(1).join(' '));
      if (command === 'abort') return ws.terminate();
      if (command === 'fragments') await ws.send(['one ', 'two ', 'three']);
      else if (command === 'protocol') await ws.send(ws.protocol);
      else if (command === 'ping') {
        await ws.ping(rest.join(' '));
        await ws.send(`pong ${rest.join(' ')}`);
      } else await ws.send("can't");
    }
  },
);
console.log(`port ${server.port}`);
