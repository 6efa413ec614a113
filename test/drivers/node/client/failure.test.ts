/** Streams that others have given, and that fail at their own end. */
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Http2Pool, open } from '../../../../drivers/index.ts';

/** A stream whose peer says something and hangs up, and whose `destroy` throws. */
function stubborn(says: string): Duplex {
  const stream = new Duplex({
    autoDestroy: false,
    read() {},
    write(_chunk, _encoding, callback) {
      callback();
      stream.push(Buffer.from(says));
      stream.push(null);
    },
  });
  stream.destroy = () => {
    throw new Error('it does not end');
  };
  return stream;
}

test.each([
  ['TLS fails over it', 'wss://a.test/', {}, { kind: 'tls' }],
  ['its peer hangs up', 'ws://a.test/', {}, { kind: 'lost' }],
  ['TLS fails over it, for a pool', 'wss://a.test/', { http2: true }, { kind: 'tls' }],
])('a stream whose destroy throws keeps nobody waiting when %s', async (_, url, options, expected) => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => {
    process.off('unhandledRejection', unhandled);
    complaints.mockRestore();
  });
  const createConnection = () => stubborn('this is no TLS, and no HTTP');
  const opening = open(url, { createConnection, handshakeTimeout: false, ...options });
  await expect(opening).rejects.toMatchObject({ name: 'HandshakeError', ...expected });
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).not.toHaveBeenCalled();
});

test('nor does one that comes when nobody waits for it any more', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complaints.mockRestore());
  let give!: (stream: Duplex) => void;
  const createConnection = () => new Promise<Duplex>((resolve) => (give = resolve));
  const pool = new Http2Pool();
  const opening = open('ws://a.test/', { createConnection, http2: pool, handshakeTimeout: false });
  opening.catch(() => {});
  await pool.close();
  give(stubborn(''));
  await expect(opening).rejects.toMatchObject({ name: 'HandshakeError' });
  expect(complaints.mock.calls.flat().at(-1)).toMatchObject({ message: 'it does not end' });
});
