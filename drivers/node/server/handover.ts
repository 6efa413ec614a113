import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';

/**
 * What came behind a request before somebody took its stream over, a copy: `head`, and what the stream has read since. From
 * 'upgrade' on node:http leaves a stream neither read nor paused: it goes on filling its buffer, as far as that goes.
 */
export function takeEarly(stream: Duplex, head: Uint8Array): Uint8Array {
  const parts = [head];
  for (let part = stream.read() as Buffer | null; part !== null; part = stream.read() as Buffer | null) {
    parts.push(part);
  }
  return parts.length === 1 ? head.slice() : new Uint8Array(Buffer.concat(parts));
}

/**
 * Whether somebody else reads from the stream, so that bytes that came behind a request may be gone: it flows and something
 * has flown, or it is read by 'readable', or as text. One that is paused has kept what it read.
 */
export function isReadByOthers(stream: Duplex): boolean {
  const { readableFlowing, readableDidRead, readableEncoding } = stream;
  return (
    (readableFlowing === true && readableDidRead) || readableEncoding !== null || stream.listenerCount('readable') > 0
  );
}
