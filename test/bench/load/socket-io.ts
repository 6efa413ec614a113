import type { Socket } from 'node:net';
import { FIN, frame, maskingKey, TEXT } from '../wire/frames.ts';
import { openConnection, type OnBytes } from './connection.ts';
import { ReplyParser } from './reply-parser.ts';

/** Engine.IO's "open", and Socket.IO's "connected" to the main namespace. */
const GREETINGS = [/^0\{/, /^40\{/];

/** An event of Socket.IO's with a string, as a packet of so many bytes. */
export function eventOf(size: number): Buffer {
  const [before, after] = ['42["said","', '"]'];
  return Buffer.from(before + 'x'.repeat(size - before.length - after.length) + after);
}

/** Opens a connection of Socket.IO's over a WebSocket alone: resolves when the server has let it into its main namespace. */
export async function openSocketIo(port: number, onBytes: OnBytes): Promise<Socket> {
  const greetings = new ReplyParser(true);
  let greeted = () => {};
  const done = new Promise<void>((resolve) => (greeted = resolve));
  const socket = await openConnection({
    port,
    raw: false,
    compress: false,
    path: '/socket.io/?EIO=4&transport=websocket',
    onBytes(bytes, length) {
      if (greetings.messages === GREETINGS.length) return onBytes(bytes, length);
      greetings.take(bytes, length);
      greetings.kept.forEach(({ payload }, i) => {
        if (!GREETINGS[i]?.test(String(payload))) throw new Error(`no greeting: ${payload}`);
      });
      if (greetings.messages === GREETINGS.length) greeted();
    },
  });
  socket.write(frame(FIN | TEXT, Buffer.from('40'), maskingKey(0)));
  await done;
  return socket;
}
