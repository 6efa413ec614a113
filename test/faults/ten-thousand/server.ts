/**
 * The server, in a process of its own: it acknowledges every message, and ends by itself after a SIGTERM. Nothing here calls
 * `process.exit`: once the server and the channel to the parent are closed, nothing may be left that keeps it alive.
 *
 * `server.ts CONNECTIONS`
 */
import { listen, type WebSocket } from '../../../drivers/index.ts';
import { PATIENCE, type ServerReport, Violations } from './books.ts';

const connections = Number(process.argv[2]);
const received = new Array<number>(connections).fill(0);
const answered = new Array<number>(connections).fill(0);
const violations = new Violations();
let served = 0;

const server = await listen(
  {
    host: '127.0.0.1',
    port: 0,
    // Whether a machine that does other things too is in time is not what is tried here.
    handshakeTimeout: PATIENCE,
    closeTimeout: PATIENCE,
    onError: (error) => violations.add(`a handler failed: ${String(error)}`),
  },
  async (ws) => {
    for await (const message of ws) acknowledge(ws, String(message));
    const { clean, code } = await ws.closed;
    if (clean) served++;
    else violations.add(`${ws.url} ended uncleanly, with ${code}`);
  },
);
process.once('SIGTERM', () => void end());
tell({ port: server.port });

/** A message is the number of its connection and its own: "7:1". */
function acknowledge(ws: WebSocket, message: string): void {
  const [connection, number] = message.split(':').map(Number);
  if (!ws.url.endsWith(`/${connection}`)) violations.add(`${message} came to ${ws.url}`);
  if (number !== ++received[connection]) violations.add(`${message} came as number ${received[connection]}`);
  if (ws.trySend(message)) answered[connection]++;
  else if (ws.state !== 'closing') violations.add(`${message} found no room for an answer, ${ws.state}`);
}

async function end(): Promise<void> {
  const openAtSignal = server.connections.size;
  await server.close({ timeout: PATIENCE });
  const peak = process.resourceUsage().maxRSS * 1024;
  const books = { openAtSignal, received, answered, served, violations: violations.list, peak };
  tell({ books });
}

function tell(report: ServerReport): void {
  process.send!(report, () => {
    if ('books' in report) process.disconnect();
  });
}
