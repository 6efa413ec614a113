// @ts-check
// A server in a worker: its connections, its handlers and their compression cost the main thread nothing.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { listen, open } from 'sansocket';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const [url] = await once(worker, 'message');
  await open(url, async (ws) => {
    await ws.send('hello');
    assert.equal(await ws.receive(), 'hello from the worker');
  });
  worker.postMessage('stop');
  const [exitCode] = await once(worker, 'exit');
  assert.equal(exitCode, 0);
} else if (parentPort !== null) {
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) await ws.send(`${message} from the worker`);
  });
  parentPort.postMessage(server.url);
  await once(parentPort, 'message');
  await server.close(); // the worker ends when nothing is left to do
  parentPort.close();
}
