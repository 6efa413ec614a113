/** Peers that speak bytes, for the tests of faults over real sockets. */
import { connect, type Socket as NetSocket } from 'node:net';

/** A request that is right, but for the empty line. */
export const GOOD =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

/** Sends this, as latin1, and waits for the server's end of it. Returns all that came. */
export async function exchange(
  port: number,
  request: string | Uint8Array,
  then?: (socket: NetSocket) => void,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {}); // a reset is an end as well
  socket.write(typeof request === 'string' ? Buffer.from(request, 'latin1') : request);
  then?.(socket);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

export interface Response {
  readonly status: number;
  /** All fields, in lower case. */
  readonly fields: string;
  readonly body: string;
}

/** A response's head and body. */
export function parse(response: string): Response {
  const end = response.indexOf('\r\n\r\n');
  const fields = response.slice(0, end).toLowerCase();
  return { status: Number(response.split(' ', 2)[1]), fields, body: response.slice(end + 4) };
}
