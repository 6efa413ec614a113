import { createHistogram } from 'node:perf_hooks';
import { open, type NodeClientOptions, type WebSocket, WebSocketError } from '../index.ts';
import { every, now, sleep } from './clock.ts';
import { Exit, UsageError, untilInterrupted } from './exit.ts';
import { duration, paint } from './terminal.ts';

export interface BenchOptions {
  header?: Record<string, string>;
  subprotocol?: string[];
  origin?: string;
  proxy?: string;
  insecure?: boolean;
  timeout: number;
  connections: number;
  depth: number;
  size: number;
  duration: number;
  binary?: boolean;
  compress?: boolean;
  json?: boolean;
}

/** `sansocket bench URL`: messages to a server that echoes, and how long they take. */
export async function bench(url: string, options: BenchOptions): Promise<number> {
  const interrupted = untilInterrupted();
  const clientOptions: NodeClientOptions = {
    headers: { ...options.header },
    subprotocols: options.subprotocol ?? [],
    handshakeTimeout: options.timeout * 1000,
    signal: interrupted,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(options.insecure ? { tls: { rejectUnauthorized: false } } : {}),
    ...(options.compress ? { compress: true } : {}),
  };
  const attempts = await Promise.allSettled(
    Array.from({ length: options.connections }, () => open(url, clientOptions)),
  );
  const sockets = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = attempts.find((one) => one.status === 'rejected');
  if (sockets.length === 0) {
    // What no server has said is wrong with the command line.
    if (!interrupted.aborted && !(refused?.reason instanceof WebSocketError))
      throw new UsageError((refused?.reason as Error).message);
    process.stderr.write(`error: ${(refused?.reason as Error).message}\n`);
    return Exit.UNREACHABLE;
  }

  const latencies = createHistogram();
  const message = options.binary ? new Uint8Array(options.size).fill(0x61) : 'a'.repeat(options.size);
  const state = { count: 0, lost: 0, isOver: false };
  const cpu = process.cpuUsage();
  const start = now();
  const running = sockets.flatMap((ws) => {
    const sent: number[] = [];
    return [pump(ws, message, options.depth, sent, latencies, state)];
  });
  const stop = process.stderr.isTTY === true ? progress(start, options.duration, state) : () => {};
  await Promise.race([sleep(options.duration * 1000, interrupted), Promise.all(running)]);
  state.isOver = true;
  const took = now() - start;
  const { user, system } = process.cpuUsage(cpu);
  stop();
  for (const ws of sockets) ws.terminate();
  await Promise.all(running);

  const milliseconds = (percentile: number): number => latencies.percentile(percentile) / 1e6;
  const result = {
    url,
    connections: sockets.length,
    refused: options.connections - sockets.length,
    lost: state.lost,
    messages: state.count,
    seconds: took / 1000,
    perSecond: state.count / (took / 1000),
    latency:
      state.count === 0
        ? undefined
        : {
            p50: milliseconds(50),
            p90: milliseconds(90),
            p99: milliseconds(99),
            p999: milliseconds(99.9),
            max: latencies.max / 1e6,
          },
    ownCpu: (user + system) / 1000 / took,
  };
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else print(result);
  return state.count === 0 || result.refused > 0 || result.lost > 0 ? Exit.FAILED : Exit.OK;
}

/** Keeps `depth` messages in flight, each answered by the next, until it is over. */
async function pump(
  ws: WebSocket,
  message: string | Uint8Array,
  depth: number,
  sent: number[],
  latencies: ReturnType<typeof createHistogram>,
  state: { count: number; lost: number; isOver: boolean },
): Promise<void> {
  const send = (): void => {
    sent.push(now());
    void ws.send(message);
  };
  try {
    for (let i = 0; i < depth; i++) send();
    for (;;) {
      await ws.receive();
      latencies.record(Math.max(1, Math.round((now() - sent.shift()!) * 1e6)));
      state.count++;
      if (state.isOver) return;
      send();
    }
  } catch {
    if (!state.isOver) state.lost++;
  }
}

function progress(start: number, seconds: number, state: { count: number }): () => void {
  const stop = every(200, () => {
    const part = Math.min(1, (now() - start) / 1000 / seconds);
    const bar = '█'.repeat(Math.round(part * 30)).padEnd(30, '░');
    process.stderr.write(`\r${bar} ${state.count} messages `);
  });
  return () => {
    stop();
    process.stderr.write('\r\u001b[K');
  };
}

function print(result: {
  connections: number;
  refused: number;
  lost: number;
  messages: number;
  seconds: number;
  perSecond: number;
  latency: Record<string, number> | undefined;
  ownCpu: number;
}): void {
  const { connections, refused, lost, messages, seconds, perSecond, latency, ownCpu } = result;
  console.log(
    `${connections} connections, ${messages} messages in ${seconds.toFixed(1)} s: ${paint('bold', `${Math.round(perSecond)} messages/s`)}`,
  );
  if (latency !== undefined) {
    console.log(
      `latency  ${Object.entries(latency)
        .map(([name, value]) => `${name} ${duration(value)}`)
        .join('  ')}`,
    );
  }
  if (refused > 0 || lost > 0) console.log(paint('red', `${refused} connections refused, ${lost} lost`));
  console.log(
    `this program took ${Math.round(ownCpu * 100)} % of a CPU${ownCpu > 0.9 ? ': it is the bottleneck, and not the server' : ''}`,
  );
}
