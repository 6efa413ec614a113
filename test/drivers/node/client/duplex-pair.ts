import { Duplex } from 'node:stream';

/** Two streams joined back to back (node:stream has one since Node 22). */
export function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const waiting: (undefined | (() => void))[] = [undefined, undefined];
  for (const own of [0, 1]) {
    const other = 1 - own;
    ends.push(
      new Duplex({
        read() {
          const resume = waiting[own];
          waiting[own] = undefined;
          resume?.();
        },
        write(chunk: Buffer, _encoding, callback) {
          if (ends[other].push(chunk)) callback();
          else waiting[other] = callback;
        },
        final(callback) {
          ends[other].push(null);
          callback();
        },
        destroy(error, callback) {
          // As a socket's peer notices.
          if (!ends[other].destroyed) setImmediate(() => ends[other].destroy());
          callback(error);
        },
      }),
    );
  }
  return [ends[0], ends[1]];
}
