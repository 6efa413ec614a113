import { EventEmitter } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { StreamLease } from '../../../../drivers/node/http2/carrier.ts';
import { Http2Transport } from '../../../../drivers/node/http2/transport.ts';

test('a stream on another session that can not be opened after all is given back, and the first is waited for', async () => {
  const told = new EventEmitter();
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const other: StreamLease = {
    remoteAddress: '',
    request() {
      throw new Error('the session has ended');
    },
    release: () => void told.emit('released'),
  };
  const lease: StreamLease = {
    remoteAddress: '',
    request: () => stream as ClientHttp2Stream,
    release() {},
    grace: 1,
    move: async () => other,
  };
  const fields: unknown[] = [];
  const transport = Http2Transport.ofClient(lease, {
    onData() {},
    onDrain() {},
    onEnd() {},
    onLost: (error) => fields.push(error),
    onFields: (given) => fields.push(given),
  });
  const released = new Promise((resolve) => told.once('released', resolve));
  transport.writeFields([':method', 'CONNECT']);
  await released;
  stream.emit('response', {}, 0, [':status', '200']);
  expect(fields).toEqual([[':status', '200']]);
  stream.destroy();
});
