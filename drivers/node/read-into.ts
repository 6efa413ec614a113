import { Socket as NetSocket } from 'node:net';
import { readBuffer as buffer } from './environment.ts';

interface Internals {
  buffer: symbol;
  callback: symbol;
}

type Handle = { useUserBuffer?(buffer: Uint8Array): void };

/** The fields in which a net.Socket keeps what its public `onread` option says, which servers' sockets aren't offered. */
const internals = findInternals();

/**
 * Makes what has a plain socket read into memory that is used again and again, instead of a new buffer for every 'data'
 * event; `onBytes` is then called on the socket. It returns false where that can't be done (a socket of another class, a
 * Node that has changed): listen to 'data' then.
 */
export function makeReadInto<S extends NetSocket>(onBytes: (this: S, bytes: Uint8Array) => void) {
  /** Node calls it as a method of the socket. */
  function onRead(this: S, length: number): boolean {
    onBytes.call(this, length === buffer.length ? buffer : buffer.subarray(0, length));
    return true;
  }
  return (socket: S): boolean => {
    const handle = (socket as unknown as { _handle: Handle | null })._handle;
    if (internals === undefined || Object.getPrototypeOf(socket) !== NetSocket.prototype) return false;
    if (typeof handle?.useUserBuffer !== 'function') return false;
    const fields = socket as unknown as Record<symbol, unknown>;
    fields[internals.buffer] = buffer;
    fields[internals.callback] = onRead;
    handle.useUserBuffer(buffer);
    socket.resume();
    return true;
  };
}

function findInternals(): Internals | undefined {
  const symbols = Object.getOwnPropertySymbols(new NetSocket());
  const buffer = symbols.find((symbol) => symbol.description === 'kBuffer');
  const callback = symbols.find((symbol) => symbol.description === 'kBufferCb');
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
