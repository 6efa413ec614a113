/**
 * `npm run ten-thousand -- [--connections 10000] [--messages 200000]`
 *
 * The exit code is 1 when a message was lost, doubled or reordered, a connection did not end cleanly with 1001, or the
 * server's process did not end by itself, with 0.
 */
import { parseArgs } from 'node:util';
import { PATIENCE } from './books.ts';
import { tenThousand, tooManyFor } from './run.ts';

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '10000' }, messages: { type: 'string', default: '200000' } },
});
const [connections, messages] = [Number(values.connections), Number(values.messages)];
// Each has sent one before the traffic begins.
if (!(connections > 0 && messages > connections)) {
  console.error('usage: npm run ten-thousand -- [--connections 10000] [--messages 200000]');
  process.exit(2);
}
const obstacle = tooManyFor(connections);
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(2);
}

const start = performance.now();
const report = await tenThousand({ connections, messages, limit: 4 * PATIENCE, onProgress: show });
const { server, client, failures, drained } = report;
const [received, answered, acknowledged] = [server.received, server.answered, client.acknowledged].map(sum);
show(`SIGTERM found ${server.openAtSignal} connections open; the process ended after ${(drained / 1000).toFixed(1)} s`);
console.log(
  `messages: ${sum(client.sent)} sent, ${received} received, ${answered} answered, ${acknowledged} acknowledged`,
);
console.log(`ends: ${client.goneAway} clean with 1001; exit code ${report.exit}`);
console.log(`memory: ${(server.peak / 1024 / 1024).toFixed(0)} MiB resident at the most, in the server's process`);
for (const failure of failures) console.error(failure);
console.log(failures.length === 0 ? 'nothing lost, and nothing left' : 'broken');
process.exitCode = failures.length === 0 ? 0 : 1;

function show(what: string): void {
  console.log(`${((performance.now() - start) / 1000).toFixed(1)} s: ${what}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
