/**
 * `npm run bench:cores`: what two processes that listen on one port (`reusePort`) do beside one. The handler works for each message, as an
 * application's does; what makes the load shares the two cores with them, and takes a small part. Node 22.12 or newer: `-- --node PATH`.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connect, serve, type Socket } from '../../drivers/node/index.ts';

const CONNECTIONS = 64;
const WINDOW = 2000;
const ROUNDS = 5;
/** A handler's work: hashing so much takes about 0.2 ms. */
const WORK = new Uint8Array(256 * 1024);

const { values: options } = parseArgs({ options: { node: { type: 'string', default: process.execPath } } });
const port = Number(process.env.BENCH_PORT ?? 0);

if (process.send !== undefined) await beServer();
else if (options.node !== process.execPath) runOn(options.node);
else await compare();

async function beServer(): Promise<void> {
  const message = (socket: Socket, data: string | Uint8Array): void => {
    createHash('sha256').update(WORK).digest();
    socket.send(data);
  };
  const server = await serve({ host: '127.0.0.1', port, reusePort: true }, { message });
  process.once('disconnect', () => process.exit());
  process.send!(server.port);
}

function runOn(node: string): void {
  execFileSync(node, ['--import', 'tsx', fileURLToPath(import.meta.url)], { stdio: 'inherit' });
}

async function compare(): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [one, two] = [await measured(1), await measured(2)];
    ratios.push(two / one);
    process.stdout.write(
      `one process ${one.toFixed(0)}, two ${two.toFixed(0)} messages a second: ${(two / one).toFixed(2)}\n`,
    );
  }
  ratios.sort((a, b) => a - b);
  process.stdout.write(`median ${ratios[ROUNDS >> 1]!.toFixed(2)} of one process, Node ${process.versions.node}\n`);
}

/** Messages a second that so many processes answer. */
async function measured(processes: number): Promise<number> {
  const children: ChildProcess[] = [];
  let shared = 0;
  for (let i = 0; i < processes; i++) {
    const env = { ...process.env, BENCH_PORT: String(shared) };
    const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--import', 'tsx'], env });
    children.push(child);
    [shared] = (await once(child, 'message')) as [number];
  }
  let count = 0;
  const clients: Socket[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const message = (socket: Socket): void => {
      count++;
      socket.send('x');
    };
    await new Promise<void>((resolve) => {
      clients.push(connect(`ws://127.0.0.1:${shared}`, {}, { open: () => resolve(), message }));
    });
  }
  for (const client of clients) client.send('x');
  await new Promise((resolve) => setTimeout(resolve, WINDOW / 4));
  const [start, before] = [performance.now(), count];
  await new Promise((resolve) => setTimeout(resolve, WINDOW));
  const rate = ((count - before) * 1000) / (performance.now() - start);
  for (const client of clients) client.terminate();
  for (const child of children) child.kill();
  return rate;
}
