import { Socket as NetSocket } from 'node:net';
import process from 'node:process';
import { readBuffer } from './resources.ts';

interface Internals {
  buffer: symbol;
  callback: symbol;
}

type Handle = { useUserBuffer?(buffer: Uint8Array): void };

/** The fields in which a net.Socket keeps what its public `onread` option says, which servers' sockets aren't offered. */
const internals = findInternals();

/**
 * Makes a plain socket read into memory that is used again and again, instead of a new buffer for every 'data' event. Node
 * then calls `onRead` as a method of the socket, with how many bytes have come; it must not return false. Where that can't be
 * done (a socket of another class, a Node that has changed) nothing is: there are 'data' events then.
 */
export function readInto<S extends NetSocket>(socket: S, onRead: (this: S, length: number) => void): void {
  const handle = (socket as unknown as { _handle: Handle | null })._handle;
  if (internals === undefined || Object.getPrototypeOf(socket) !== NetSocket.prototype) return;
  if (typeof handle?.useUserBuffer !== 'function') return;
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[internals.buffer] = readBuffer;
  fields[internals.callback] = onRead;
  handle.useUserBuffer(readBuffer);
}

/** Whether a socket has these fields. Its handle is looked at when there is one. */
export function works(): boolean {
  return internals !== undefined;
}

function findInternals(): Internals | undefined {
  // Deno reads on in the turn in which a stream is taken, before what came behind its head is looked at: as 'data' that is noticed.
  if ('deno' in process.versions) return undefined;
  const symbols = Object.getOwnPropertySymbols(new NetSocket());
  const buffer = symbols.find((symbol) => symbol.description === 'kBuffer');
  const callback = symbols.find((symbol) => symbol.description === 'kBufferCb');
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
