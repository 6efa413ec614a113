/**
 * `node:cluster`: every worker calls `listen` with the same port, and the primary hands out connections. A connection stays
 * with its worker, so what is broadcast in one worker is passed on to the others through the primary.
 */
import cluster from 'node:cluster';
import { broadcast, listen, open } from 'sansocket';

const WORKERS = 2;

if (cluster.isPrimary) {
  await primary();
} else {
  await worker();
}

async function primary() {
  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('listening', resolve))));
  cluster.on('message', (_from, message) => workers.forEach((worker) => worker.send(message)));

  // One connection after the other, handed out in turn: both workers have some.
  const sockets = [];
  for (let i = 0; i < 4; i++) sockets.push(await open('ws://127.0.0.1:8080'));
  const seen = new Set(await Promise.all(sockets.map((ws) => ws.receive())));
  console.log(`${sockets.length} connections in ${seen.size} processes`);

  await sockets[0].send('hello, everyone');
  console.log(new Set(await Promise.all(sockets.map((ws) => ws.receive()))));

  for (const worker of workers) worker.send('stop'); // or: a SIGTERM handler in each worker
  const codes = await Promise.all(sockets.map(async (ws) => (await ws.closed).code));
  console.log(codes.join(' '));
}

async function worker() {
  const server = await listen({ host: '127.0.0.1', port: 8080 }, async (ws) => {
    await ws.send(`I am ${process.pid}`);
    for await (const message of ws) process.send?.({ message });
  });
  process.on('message', async (/** @type {'stop' | { message: string }} */ command) => {
    if (command !== 'stop') return void (await broadcast(server.connections, command.message));
    await server.close();
    process.disconnect(); // nothing is left, and the process ends
  });
}
