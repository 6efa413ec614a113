/**
 * The server that is flooded, in a process of its own so that its memory is nobody else's: `server.ts sansocket|ws`.
 * It listens for each service on a port of its own, with default options (and `compress` where a flood needs it).
 */
import { on } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { WebSocketServer, type WebSocket as WsSocket } from 'ws';
import { listen } from '../../../drivers/index.ts';
import { serve } from '../../../drivers/node/index.ts';

/**
 * - `echo`: sends back what comes, and never looks at what `send` says
 * - `waiting`: sends back what comes, and waits until it has left
 * - `deaf`: never takes a message
 * - `careless`: sends back what comes, and awaits nothing
 * - `streaming`: asks for the next message in pieces, and reads none of them
 * - `compressed`: `echo`, with compression
 * - `http2`: `echo`, over HTTP/2 too, which ws doesn't speak: its port is 0
 */
export type Service = 'echo' | 'waiting' | 'careless' | 'deaf' | 'streaming' | 'compressed' | 'http2';
export type Library = 'sansocket' | 'ws';

/** What the process says. */
export type Report =
  | { readonly ports: Readonly<Record<Service, number>> }
  /** Bytes: now, and at the most since the last time that it was asked for the beginning. */
  | { readonly rss: number; readonly peak: number };

const HOST = '127.0.0.1';
const never = new Promise<never>(() => {});

const serving: Record<Library, () => Promise<Record<Service, number>>> = {
  async sansocket() {
    const echo = {
      message: (socket: { send(data: string | Uint8Array): boolean }, data: string | Uint8Array) =>
        void socket.send(data),
    };
    const plain = await serve({ host: HOST, port: 0 }, echo);
    const compressed = await serve({ host: HOST, port: 0, compress: true }, echo);
    const http2 = await serve({ host: HOST, port: 0, http2: true }, echo);
    const onError = (): void => {};
    const waiting = await listen({ host: HOST, port: 0, onError }, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const deaf = await listen({ host: HOST, port: 0, onError }, async (ws) => void (await ws.closed));
    const careless = await listen({ host: HOST, port: 0, onError }, async (ws) => {
      for await (const message of ws) ws.send(message).catch(() => {});
    });
    const streaming = await listen({ host: HOST, port: 0, onError }, async (ws) => {
      ws.receiveStream();
      await ws.closed;
    });
    return {
      echo: plain.port,
      compressed: compressed.port,
      waiting: waiting.port,
      careless: careless.port,
      deaf: deaf.port,
      streaming: streaming.port,
      http2: http2.port,
    };
  },

  async ws() {
    const start = async (perMessageDeflate: boolean, converse: (ws: WsSocket) => unknown): Promise<number> => {
      const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate });
      server.on('connection', (ws) => {
        ws.on('error', () => {});
        converse(ws);
      });
      await new Promise((resolve) => server.once('listening', resolve));
      return (server.address() as { port: number }).port;
    };
    const echo = (ws: WsSocket): unknown => ws.on('message', (data, binary) => ws.send(data, { binary }));
    // As its documentation has it: what is not sent yet has to be asked for by hand.
    const wait = async (ws: WsSocket): Promise<void> => {
      for await (const [data, binary] of on(ws, 'message', { close: ['close'] }))
        await new Promise((resolve) => ws.send(data, { binary }, resolve));
    };
    const ignore = async (ws: WsSocket): Promise<void> => {
      for await (const _ of on(ws, 'message')) await never;
    };
    return {
      echo: await start(false, echo),
      compressed: await start(true, echo),
      waiting: await start(false, (ws) => void wait(ws).catch(() => {})),
      careless: await start(false, echo),
      deaf: await start(false, (ws) => void ignore(ws).catch(() => {})),
      // It has no messages in pieces.
      streaming: await start(false, (ws) => void ignore(ws).catch(() => {})),
      http2: 0,
    };
  },
};

let sampled = 0;

/** The most memory since `forgetPeak`: as Linux counts it, and elsewhere as it was seen now and then. */
function peak(): number {
  const rss = process.memoryUsage.rss();
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return Math.max(rss, Number(kibibytes) * 1024);
  } catch {
    return Math.max(rss, sampled);
  }
}

function forgetPeak(): void {
  sampled = 0;
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux: samples are all there is.
  }
}

setInterval(() => (sampled = Math.max(sampled, process.memoryUsage.rss())), 20).unref();
process.on('message', (question: 'begin' | 'memory') => {
  if (question === 'begin') forgetPeak();
  process.send!({ rss: process.memoryUsage.rss(), peak: peak() } satisfies Report);
});
process.on('disconnect', () => process.exit());
process.send!({ ports: await serving[process.argv[2] as Library]() } satisfies Report);
