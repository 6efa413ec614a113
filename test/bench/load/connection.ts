import { connect, type Socket } from 'node:net';
import { fail } from '../wire/control.ts';
import { READ_SIZE } from '../wire/plan.ts';

/** All connections read into this one: whatever is to be kept of a chunk is copied. */
const received = Buffer.allocUnsafeSlow(READ_SIZE);

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** RFC 6455 §1.3 works this very key out. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

export type OnBytes = (bytes: Buffer, length: number) => void;

export interface Opening {
  port: number;
  /** No handshake: open as soon as TCP is. */
  raw: boolean;
  compress: boolean;
  /** What is asked for. Default: `/`. */
  path?: string;
  onBytes: OnBytes;
  /** The peer ended the connection. Without it that is a failure. */
  onEnd?: () => void;
}

export function upgradeRequest(port: number, compress: boolean, path = '/'): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
    (compress ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '') +
    '\r\n'
  );
}

/** Throws unless this head accepts the handshake as it was asked for. */
export function checkResponse(head: string, compress: boolean): void {
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`not accepted: ${head.split('\r\n')[0]}`);
  if (!head.includes(ACCEPT)) throw new Error('wrong Sec-WebSocket-Accept');
  if (/permessage-deflate/i.test(head) !== compress) {
    throw new Error(compress ? 'compression was not negotiated' : 'compression was negotiated without an offer');
  }
}

/**
 * Opens a connection and shakes hands. Reads go into one shared buffer with `onread`, past Node's streams: that keeps
 * the generator below the cost of any peer. `onBytes` gets what follows the head.
 */
export function openConnection(opening: Opening): Promise<Socket> {
  const { port, raw, compress, path, onBytes, onEnd } = opening;
  return new Promise((resolve, reject) => {
    let open = raw;
    let head = '';
    const socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: received,
        callback(length, bytes) {
          try {
            if (open) onBytes(bytes as Buffer, length);
            else takeHead(bytes as Buffer, length);
          } catch (error) {
            broken(error);
          }
          return true;
        },
      },
    });
    socket.on('connect', () => {
      if (raw) resolve(socket);
      else socket.write(upgradeRequest(port, compress, path), 'latin1');
    });
    socket.on('error', broken);
    socket.on('end', () =>
      onEnd === undefined || !open ? broken(new Error('the peer ended the connection')) : onEnd(),
    );

    function takeHead(bytes: Buffer, length: number): void {
      head += bytes.toString('latin1', 0, length);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      checkResponse(head.slice(0, end + 2), compress);
      const rest = Buffer.from(head.slice(end + 4), 'latin1');
      open = true;
      resolve(socket);
      if (rest.length > 0) onBytes(rest, rest.length);
    }

    function broken(error: unknown): void {
      socket.destroy();
      if (open) fail(error);
      reject(error);
    }
  });
}

/** Opens so many, a bounded number of them at once, so that no backlog overflows. */
export async function openMany<T>(count: number, openOne: (index: number) => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  const lane = async () => {
    while (opened.length < count) {
      const index = opened.push(undefined as T) - 1;
      opened[index] = await openOne(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(64, count) }, lane));
  return opened;
}
