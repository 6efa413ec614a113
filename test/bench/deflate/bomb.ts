/**
 * A process of its own: a server that takes messages of 1 MiB at most and is sent 1 GiB of zeros in about 1 MiB. Prints the
 * port on which it waits for them and then, as JSON, the code that it closed with, the ms of CPU time from before the bomb
 * to the end, and by how many KiB the most memory that this process has ever had is above what it had before the bomb.
 */
import { serve } from '../../../drivers/node/index.ts';

const MIB = 1024 * 1024;
let cpu = process.cpuUsage();
let before = 0;
const listener = await serve(
  { host: '127.0.0.1', port: 0, compress: true, maxMessageSize: MIB },
  {
    message(socket) {
      // The first message, from a connection before, has warmed everything up.
      socket.send('ready');
      before = process.memoryUsage().rss / 1024;
      cpu = process.cpuUsage();
    },
    close(_socket, info) {
      if (info.error === undefined) return;
      const { user, system } = process.cpuUsage(cpu);
      const kib = process.resourceUsage().maxRSS - before;
      process.stdout.write(`${JSON.stringify({ code: info.error.code, ms: (user + system) / 1000, kib })}\n`);
      listener.stopListening();
    },
  },
);
process.stdout.write(`${new URL(listener.url).port}\n`);
