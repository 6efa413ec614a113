import { AsyncResource } from 'node:async_hooks';
import * as zlib from 'node:zlib';

/**
 * A zlib stream of Node's, driven synchronously through the handle behind it.
 *
 * Not public API, and the reason for `works`: `_handle` (with `writeSync` and `onerror`) and `_writeState`, which are
 * as they are here from Node 20 to 26. docs/design/adr/0004-deflate-on-node.md says why they are worth it.
 */
export class ZlibHandle {
  private readonly stream: Stream;
  private readonly handle: NativeHandle;
  /** What the last call left: room in the output, then bytes of input. */
  private readonly state: Uint32Array;
  /** What zlib had to say against the last input. */
  error: Error | undefined;

  constructor(create: () => Stream) {
    // At the root of the asynchronous context: a handle made inside a request must not keep that request's stores alive.
    const stream = root.runInAsyncScope(create) as Stream & Internals;
    this.stream = stream;
    this.handle = stream._handle;
    this.state = stream._writeState;
    this.error = undefined;
    this.handle.onerror = (message, errno, code) => {
      this.error = Object.assign(new Error(message), { errno, code });
    };
    // Nothing in a stream that is only closed should fail, and if it does it is no one's concern.
    stream.on('error', () => {});
  }

  /** Free room in the output after the last `write`. */
  get room(): number {
    return this.state[0];
  }

  /** Input that the last `write` left over. */
  get rest(): number {
    return this.state[1];
  }

  /** Runs zlib over `length` bytes of `input`, into at most `room` bytes of `output`. Returns false on invalid data. */
  write(
    flush: number,
    input: Uint8Array,
    start: number,
    length: number,
    output: Uint8Array,
    at: number,
    room: number,
  ): boolean {
    this.error = undefined;
    this.handle.writeSync(flush, input, start, length, output, at, room);
    return this.error === undefined;
  }

  /** Back to the start of a stream, with an empty window; a failure is forgotten. */
  reset(): void {
    this.stream.reset();
  }

  /** Frees it. */
  close(): void {
    this.stream.close();
  }
}

/** Whether all of that is there and does what it should, tried out on a small stream. */
export function works(createDeflate = zlib.createDeflateRaw, createInflate = zlib.createInflateRaw): boolean {
  try {
    const deflate = new ZlibHandle(() => createDeflate({ chunkSize: zlib.constants.Z_MIN_CHUNK }));
    const inflate = new ZlibHandle(() => createInflate({ chunkSize: zlib.constants.Z_MIN_CHUNK }));
    try {
      return roundTrips(deflate, inflate);
    } finally {
      deflate.close();
      inflate.close();
    }
  } catch {
    return false;
  }
}

/** Two messages, the second one referring to the first; the end of a block found; an error reported and forgotten. */
function roundTrips(deflate: ZlibHandle, inflate: ZlibHandle): boolean {
  const { Z_BLOCK, Z_SYNC_FLUSH } = zlib.constants;
  const message = Uint8Array.from({ length: 64 }, (_, i) => i * i);
  const wire = new Uint8Array(128);
  const output = new Uint8Array(128);
  /** Runs a handle; returns the length of the output, or -1 unless it leaves `rest` bytes of the input. */
  const run = (handle: ZlibHandle, flush: number, input: Uint8Array, to: Uint8Array, rest: number): number =>
    handle.write(flush, input, 0, input.length, to, 0, to.length) && handle.rest === rest
      ? to.length - handle.room
      : -1;

  const lengths = [0, 0].map(() => {
    const length = run(deflate, Z_SYNC_FLUSH, message, wire.subarray(0, 127), 0);
    // One byte more than the message: a stop at the end of a block leaves it alone.
    wire[length] = 0xff;
    const inflated = run(inflate, Z_SYNC_FLUSH, wire.subarray(0, length - 4), output, 0);
    const ended = run(inflate, Z_BLOCK, wire.subarray(length - 4, length + 1), output.subarray(inflated), 1);
    return inflated === 64 && ended === 0 && message.every((byte, i) => output[i] === byte) ? length : NaN;
  });
  if (!(lengths[1] < lengths[0])) return false;
  if (inflate.write(Z_SYNC_FLUSH, Uint8Array.of(0xff), 0, 1, output, 0, output.length)) return false;
  inflate.reset();
  return run(inflate, Z_SYNC_FLUSH, Uint8Array.of(0), output, 0) === 0;
}

const root = new AsyncResource('sansocket.zlib');

type Stream = zlib.DeflateRaw | zlib.InflateRaw;

interface NativeHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    start: number,
    length: number,
    output: Uint8Array,
    at: number,
    room: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface Internals {
  readonly _handle: NativeHandle;
  readonly _writeState: Uint32Array;
}
