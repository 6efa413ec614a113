/**
 * The clients, in a process of their own. Each connection sends one message when it is open; once all are acknowledged, each
 * keeps a window of messages under way until it is closed. The parent is told of that, and when so many MESSAGES have been
 * acknowledged.
 *
 * `clients.ts PORT CONNECTIONS MESSAGES`
 */
import { connect, type Socket } from '../../../drivers/node/index.ts';
import { type ClientReport, PATIENCE, Violations, WINDOW } from './books.ts';

/** How many connections are being opened at once. */
const OPENING = 100;

const [port, connections, messages] = process.argv.slice(2).map(Number);
const sent = new Array<number>(connections).fill(0);
const acknowledged = new Array<number>(connections).fill(0);
const sockets: Socket[] = [];
const violations = new Violations();
let [served, closed, goneAway, total] = [0, 0, 0, 0];

for (let i = 0; i < Math.min(OPENING, connections); i++) openNext();

function openNext(): void {
  const connection = sockets.length;
  if (connection === connections) return;
  const options = { handshakeTimeout: PATIENCE, closeTimeout: PATIENCE };
  const socket = connect(`ws://127.0.0.1:${port}/${connection}`, options, {
    open: () => send(connection),
    message: (_, data) => take(connection, String(data)),
    close(_, { clean, code, error }) {
      if (clean && code === 1001) goneAway++;
      else violations.add(`connection ${connection} ended with ${code}: ${String(error)}`);
      if (acknowledged[connection] === 0) settle();
      if (++closed === connections) conclude();
    },
    error: (error) => violations.add(String(error)),
  });
  sockets.push(socket);
}

function send(connection: number): void {
  const socket = sockets[connection];
  // Once the server's Close frame has come nothing is taken any more.
  if (socket.state === 'open') socket.send(`${connection}:${++sent[connection]}`);
}

function take(connection: number, message: string): void {
  const number = ++acknowledged[connection];
  if (message !== `${connection}:${number}`) violations.add(`${message} came as ${connection}:${number}`);
  if (number === 1) settle();
  else send(connection);
  if (++total === messages) tell({ acknowledged: total });
}

/** Another connection is served, or will never be. */
function settle(): void {
  openNext();
  if (++served < connections) return;
  tell({ served });
  for (const each of sockets.keys()) for (let i = 0; i < WINDOW; i++) send(each);
}

function conclude(): void {
  const books = { sent, acknowledged, goneAway, violations: violations.list };
  tell({ books });
}

function tell(report: ClientReport): void {
  process.send!(report, () => {
    if ('books' in report) process.disconnect();
  });
}
