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

/** A client's stream that gets no answer, with another session to be had when `go` is called. */
function slow(lease: Partial<StreamLease> = {}) {
  const told = new EventEmitter();
  const log: string[] = [];
  const streamOf = (name: string) => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const close = (code: number) => (log.push(`${name} reset ${code}`), stream.destroy());
    return Object.assign(stream, { close }) as unknown as ClientHttp2Stream;
  };
  const [first, second] = ['first', 'second'].map(streamOf);
  const other: StreamLease = {
    remoteAddress: '',
    request: () => (log.push('other opened'), second!),
    release: () => void log.push('other released'),
  };
  const move = () => {
    log.push('moves');
    return new Promise<StreamLease | undefined>((resolve) => told.emit('moving', resolve));
  };
  const transport = Http2Transport.ofClient(
    { remoteAddress: '', request: () => first!, release() {}, grace: 1, move, ...lease },
    {
      onData() {},
      onDrain() {},
      onEnd() {},
      onLost: () => void log.push('lost'),
      onFields: ([, status]) => void log.push(status!),
    },
  );
  const moving = once(told, 'moving').then(([go]) => go as (to: StreamLease | undefined) => void);
  const answer = (stream: ClientHttp2Stream, status: string) => stream.emit('response', {}, 0, [':status', status]);
  transport.writeFields([':method', 'CONNECT']);
  const end = () => [first!, second!].forEach((stream) => stream.destroy());
  return { first: first!, second: second!, other, transport, moving, answer, log, end };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a stream without an answer is given up for one on another session', async () => {
  const { first, second, other, moving, answer, log, end } = slow();
  (await moving)(other);
  await settled();
  answer(first, '500');
  answer(second, '200');
  expect(log).toEqual(['moves', 'other opened', 'first reset 8', '200']);
  end();
});

test.each([
  ['is answered', (one: ReturnType<typeof slow>) => one.answer(one.first, '200'), ['200']],
  ['is given up', (one: ReturnType<typeof slow>) => one.transport.abort(), []],
  ['is gone', (one: ReturnType<typeof slow>) => void one.first.emit('close'), []],
])('one that %s while another session is looked for takes none', async (_, meanwhile, told) => {
  const one = slow();
  const go = await one.moving;
  meanwhile(one);
  go(one.other);
  await Promise.resolve();
  await settled();
  expect(one.log.filter((line) => line !== 'lost')).toEqual(['moves', ...told, 'other released']);
  one.end();
});

test('where there is no other session it is waited for', async () => {
  const { first, moving, answer, log, end } = slow();
  (await moving)(undefined);
  await settled();
  answer(first, '200');
  expect(log).toEqual(['moves', '200']);
  end();
});

test('no other is looked for where no time was told, where none is to be had, or once it was answered', async () => {
  const others = [slow({ grace: undefined! }), slow({ move: undefined! }), slow(), slow()];
  others[2]!.answer(others[2]!.first, '200');
  others[3]!.first.emit('close');
  const witness = slow();
  await witness.moving;
  await settled();
  expect(others.map(({ log }) => log.filter((line) => line !== 'lost'))).toEqual([[], [], ['200'], []]);
  for (const each of [witness, ...others]) each.end();
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

test('what a stream brings while an event is told comes behind that', async () => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const told: string[] = [];
  const handler = {
    isBusy: true,
    onData: (bytes: Uint8Array) => void told.push(String(Buffer.from(bytes))),
    onDrain() {},
    onEnd: () => void told.push('end'),
    onLost() {},
  };
  const lease = { remoteAddress: '', request: () => stream as unknown as ClientHttp2Stream, release() {} };
  Http2Transport.ofClient(lease, handler).writeFields([':method', 'CONNECT']);
  await settled();
  stream.push('one');
  handler.isBusy = false;
  stream.push('two');
  stream.push(null);
  expect(told).toEqual([]);
  await settled();
  expect(told).toEqual(['one', 'two', 'end']);
  stream.destroy();
});
