/** How long the event loop of a server stands still while a large message is sent, deflated on the spot or off the thread. */
import { serve } from '../../../drivers/node/index.ts';
import { openConnection } from '../load/connection.ts';
import { inMs, records, sizeOf } from './codec.ts';

const MIB = 1024 * 1024;
const RUNS = 7;

/** For each size: the longest stop in ms without and with `asyncAbove`. */
export async function longestStops(): Promise<string[][]> {
  const rows: string[][] = [];
  for (const size of [MIB, 16 * MIB]) {
    const message = records(size);
    const stops = [Infinity, Infinity];
    // The least of some runs: a loop that its process is kept from running stands still for other reasons.
    for (let run = 0; run < RUNS; run++) {
      stops[0] = Math.min(stops[0]!, await longestStop(message, false));
      stops[1] = Math.min(stops[1]!, await longestStop(message, 65_536));
    }
    rows.push([sizeOf(size), ...stops.map(inMs)]);
  }
  return rows;
}

async function longestStop(message: Buffer, asyncAbove: number | false): Promise<number> {
  let onSent = (): void => {};
  const sent = new Promise<void>((resolve) => (onSent = resolve));
  const listener = await serve(
    { host: '127.0.0.1', port: 0, compress: { asyncAbove }, sendLimit: 2 * message.length },
    {
      open(socket) {
        if (socket.send(message)) onSent();
      },
      drain: onSent,
    },
  );
  let longest = 0;
  let last = performance.now();
  let watching = true;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (watching) setImmediate(tick);
  };
  setImmediate(tick);
  const port = Number(new URL(listener.url).port);
  // It reads and counts, and inflates nothing: the loop is the server's alone.
  const client = await openConnection({ port, raw: false, compress: true, onBytes: () => {} });
  await sent;
  watching = false;
  client.destroy();
  listener.stopListening();
  await listener.closed;
  return longest;
}
