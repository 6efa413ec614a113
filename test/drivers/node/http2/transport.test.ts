import { EventEmitter, once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { listen, open } from '../../../../drivers/index.ts';
import { connect, serve } from '../../../../drivers/node/index.ts';
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

test('what a server does not read holds up its client, and comes when it does', async () => {
  const told = new EventEmitter();
  const server = await serve(
    { host: '127.0.0.1', port: 0, http2: true },
    {
      open: (socket) => {
        if (socket.request!.path !== '/slow') return;
        socket.pause();
        told.once('resume', () => socket.resume());
      },
      message: (socket, data) => void (data.length < 10 ? socket.send(data) : told.emit('message', data.length)),
    },
  );
  onTestFinished(() => server.close({ timeout: 1 }));
  const opened = (path: string) =>
    new Promise<ReturnType<typeof connect>>((resolve) => {
      connect(server.url + path, { http2: true }, { open: resolve, message: () => told.emit('pong') });
    });
  const [slow, witness] = [await opened('/slow'), await opened('/witness')];
  // Far more than the window of a stream.
  const size = 1_000_000;
  for (let i = 0; i < 3; i++) slow.send(new Uint8Array(size));
  for (let i = 0; i < 50; i++) {
    const pong = once(told, 'pong');
    witness.send('ping');
    await pong;
  }
  expect(slow.bufferedAmount).toBeGreaterThan(2 * size);
  const sizes: number[] = [];
  const all = new Promise<void>((resolve) => {
    told.on('message', (length: number) => void (sizes.push(length) === 3 && resolve()));
  });
  told.emit('resume');
  await all;
  expect(sizes).toEqual([size, size, size]);
});

test('a header that Node does not send over HTTP/2 fails for good: another attempt would, too', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0, http2: true }, () => {});
  onTestFinished(() => server.close({ timeout: 0 }).then(() => {}));
  const options = { http2: true, headers: { authorization: ['one', 'two'] } } as const;
  const error = await open(server.url, options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'HandshakeError', isTemporary: false });
  expect(error).toHaveProperty('cause.code', 'ERR_HTTP2_HEADER_SINGLE_VALUE');
  expect((error as Error).message).not.toContain('wss:');
  const attempts = open.reconnecting(server.url, { ...options, baseDelay: 1 });
  await expect(attempts.next()).rejects.toMatchObject({ isTemporary: false });
});
