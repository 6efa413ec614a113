import { createNetwork } from '../../../drivers/pipe/index.ts';
import type { WebSocket } from '../../../drivers/promise/index.ts';
import { picture, text } from './svg.ts';

/** The peers that a server has when it is closed, and what its handler does for each when the messages end. */
const PEERS = [
  { title: 'a client that answers', work: 0, isStalled: false },
  { title: 'a handler that still works for 3 s', work: 3000, isStalled: false },
  { title: 'a client that does not answer', work: 0, isStalled: true },
  { title: 'a handler that never returns', work: Infinity, isStalled: false },
];
const CLOSE_AT = 2000;
const TIMEOUT = 10_000;

interface Seen {
  title: string;
  /** When the connection was over, and when its handler had returned. */
  closed: number;
  returned: number;
  /** What the client has seen; 0 when it has heard nothing of the end. */
  code: number;
}

/** `server.close()`, as it has gone over a network in memory: for each connection, when it ended and when its handler did. */
export async function gracefulShutdown(): Promise<string> {
  const { seen, over } = await run();
  const left = 250;
  const right = 190;
  const scale = 60 / 1000;
  const end = over + 1000;
  const x = (time: number): number => left + time * scale;
  const width = left + end * scale + right;
  const rows = seen.flatMap(({ title, closed, returned, code }, i) => {
    const y = 92 + i * 44;
    const wait = Math.min(returned, over);
    return [
      text(16, y + 14, title),
      `<rect x="${x(0)}" y="${y}" width="${CLOSE_AT * scale}" height="18" class="bar-open"/>`,
      `<rect x="${x(CLOSE_AT)}" y="${y}" width="${Math.max(2, (closed - CLOSE_AT) * scale)}" height="18" class="bar-closing"/>`,
      wait > closed
        ? `<rect x="${x(closed)}" y="${y + 6}" width="${(wait - closed) * scale}" height="6" class="bar-closing"/>`
        : '',
      text(
        x(Math.max(closed, wait)) + 10,
        y + 14,
        code === 0 ? 'it is cut off' : `the client sees ${code}`,
        code === 1001 ? 'good' : 'bad',
      ),
    ];
  });
  const height = 92 + seen.length * 44 + 60;
  const mark = (time: number, words: string): string[] => [
    `<line x1="${x(time)}" x2="${x(time)}" y1="52" y2="${height - 44}" class="mark"/>`,
    text(x(time), 44, words, 'small', 'middle'),
  ];
  return picture('A server is closed: what becomes of four connections, in seconds', width, height, [
    ...mark(CLOSE_AT, 'server.close(): Close 1001 to everybody'),
    ...mark(over, 'timeout (10 s): closed resolves'),
    ...rows,
    text(16, height - 18, 'Green: open. Thick amber: closing. Thin amber: over, and the handler still runs.', 'small'),
  ]);
}

async function run(): Promise<{ seen: Seen[]; over: number }> {
  const network = createNetwork({ latency: 50 });
  const { clock } = network;
  const seen: Seen[] = PEERS.map(({ title }) => ({ title, closed: Infinity, returned: Infinity, code: 0 }));
  let count = 0;
  const server = await network.listen({ closeTimeout: false }, async (ws: WebSocket) => {
    const i = count++;
    void ws.closed.then(() => (seen[i].closed = clock.now()));
    try {
      for await (const _ of ws);
      const { work } = PEERS[i];
      await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + work, resolve));
    } finally {
      seen[i].returned = clock.now();
    }
  });
  const clients: WebSocket[] = [];
  for (const { isStalled } of PEERS) {
    clients.push(await network.open('ws://server/', { pingInterval: false }));
    if (isStalled) network.links.at(-1)!.toClient.stall();
  }
  clients.forEach((ws, i) => void ws.closed.then(({ code }) => (seen[i].code = code)));
  await network.advance(CLOSE_AT - clock.now());
  const closing = server.close({ timeout: TIMEOUT });
  let over = Infinity;
  void closing.then(() => (over = clock.now()));
  await network.advance(TIMEOUT + 5000);
  await closing;
  for (const one of seen) one.closed = Math.min(one.closed, over);
  return { seen, over };
}
