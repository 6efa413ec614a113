/** Large messages that are deflated off the thread: they keep their place, and everything behind them waits for it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Handlers, Socket } from '../../../drivers/socket/socket.ts';
import { createNetwork, type Network } from '../../../drivers/pipe/index.ts';
import { type CloseInfo, type CompressOptions, type DeflateCodec, PreparedMessage } from '../../../protocol/index.ts';
import { randomBytes, words } from '../../support/deflate-codec-suite.ts';
import { slowly, type Slow } from '../../support/slow-codec.ts';

const THRESHOLD = 2000;
interface Opened {
  network: Network;
  client: Socket;
  server: Socket;
  received: { client: unknown[]; server: unknown[] };
  closed: { client?: CloseInfo; server?: CloseInfo };
  drains: string[];
}

interface OpenOptions {
  compress?: CompressOptions;
  codec?: (network: () => Network) => DeflateCodec;
  sendLimit?: number;
  seed?: number;
}

/** A connection over a network, both sides of which deflate messages from THRESHOLD on later. */
async function opened(options: OpenOptions = {}): Promise<Opened> {
  const network: Network = createNetwork({
    seed: options.seed ?? 1,
    manual: true,
    codec: (options.codec ?? ((its) => slowly(its).codec))(() => network),
  });
  const compress = { asyncAbove: THRESHOLD, threshold: 100, ...options.compress };
  const sides: Partial<Opened> = {};
  const received: Opened['received'] = { client: [], server: [] };
  const closed: Opened['closed'] = {};
  const drains: string[] = [];
  const handlers = (side: 'client' | 'server'): Handlers => ({
    open: (socket) => void (sides[side] = socket),
    message: (_, data) => void received[side].push(data),
    drain: () => void drains.push(side),
    close: (_, info) => void (closed[side] = info),
  });
  const common = { compress, pingInterval: false, ...(options.sendLimit && { sendLimit: options.sendLimit }) } as const;
  await network.serve({ port: 80, ...common }, handlers('server'));
  network.connect('ws://localhost/', common, handlers('client'));
  await network.advance(10);
  return { network, client: sides.client!, server: sides.server!, received, closed, drains };
}

const text = (length: number, seed = 1): string => Buffer.from(words(length, seed)).toString('latin1').slice(0, length);

type Send =
  | { kind: 'text' | 'bytes' | 'prepared'; size: number; compress: boolean }
  | { kind: 'fragments'; sizes: number[] }
  | { kind: 'ping' }
  | { kind: 'time'; ms: number };

const size = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: THRESHOLD - 3, max: THRESHOLD + 3 }),
  fc.integer({ min: 0, max: 4 * THRESHOLD }),
);
const send: fc.Arbitrary<Send> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('text' as const, 'bytes' as const, 'prepared' as const),
      size,
      compress: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('fragments' as const), sizes: fc.array(size, { minLength: 1, maxLength: 3 }) }),
  fc.constant({ kind: 'ping' as const }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 80 }) }),
);

describe('messages that are deflated later', () => {
  test('arrive whole and in order among all others, from both sides, and the Close frame after them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(send, { minLength: 1, maxLength: 25 }),
        fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }),
        fc.record({
          shared: fc.boolean(),
          serverMaxWindowBits: fc.constantFrom(8, 9, 15),
          clientNoContextTakeover: fc.boolean(),
        }),
        fc.integer(),
        async (sends, delays, compress, seed) => {
          const all = await opened({ compress, seed, codec: (its) => slowly(its, delays).codec });
          const { network, received, closed } = all;
          const expected: unknown[] = [];
          for (const [i, one] of sends.entries()) {
            if (one.kind === 'time') await network.advance(one.ms);
            if (one.kind === 'ping') for (const side of [all.client, all.server]) side.ping();
            if (one.kind === 'fragments') {
              const parts = one.sizes.map((length, j) => text(length, i + j));
              for (const side of [all.client, all.server]) {
                parts.forEach((part, j) => side.sendFragment(part, j === parts.length - 1));
              }
              expected.push(parts.join(''));
            }
            if (one.kind === 'text' || one.kind === 'bytes' || one.kind === 'prepared') {
              const data = one.kind === 'bytes' ? words(one.size, i) : text(one.size, i);
              for (const side of [all.client, all.server]) {
                if (one.kind === 'prepared') side.sendPrepared(new PreparedMessage(data), { compress: one.compress });
                else side.send(data, { compress: one.compress });
              }
              expected.push(data);
            }
          }
          all.client.close(1000, 'done');
          expect(all.client.state).toBe('closing');
          await network.advance(100_000);
          expect(received.server).toEqual(expected);
          // The peer's Close frame is answered once what was sent before it came has gone.
          expect(received.client).toEqual(expected);
          expect(closed.server).toMatchObject({ code: 1000, reason: 'done', clean: true });
          expect(closed.client).toMatchObject({ clean: true });
          expect([all.client.bufferedAmount, all.server.bufferedAmount]).toEqual([0, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('count as buffered from the moment they are sent, and `drain` tells when they have gone', async () => {
    const { network, client, received, drains } = await opened();
    expect(client.send(words(100_000, 1))).toBe(false);
    const each = client.bufferedAmount - 100_000;
    expect(each).toBeGreaterThan(0);
    expect(client.send('behind it')).toBe(false);
    expect(client.bufferedAmount).toBe(100_009 + 2 * each);
    await network.advance(49);
    expect([drains, received.server]).toEqual([[], []]);
    await network.advance(50);
    expect([drains, received.server.length, client.bufferedAmount]).toEqual([['client'], 2, 0]);
    expect(client.send('again')).toBe(true);
  });

  test('have left when they have gone, and what is behind them too, though what went before has', async () => {
    const { network, client } = await opened();
    const told: string[] = [];
    const note = (name: string) => ({ onSent: () => void told.push(name) });
    client.send('before', note('before'));
    client.send(words(100_000, 1), note('deflated'));
    client.send('behind', note('behind'));
    await network.advance(49);
    expect(told).toEqual(['before']);
    await network.advance(50);
    expect(told).toEqual(['before', 'deflated', 'behind']);
  });

  test('are held to sendLimit', async () => {
    const { client, closed } = await opened({ sendLimit: 50_000 });
    client.send(words(30_000, 1));
    client.send(words(30_000, 2));
    expect(client.state).toBe('open');
    client.send(words(30_000, 3));
    expect(client.state).toBe('closed');
    expect(closed.client?.error?.message).toMatch(/wait to be sent/);
    expect(client.bufferedAmount).toBe(0);
  });

  test('are deflated one at a time for a connection, each in its turn', async () => {
    let slow: Slow | undefined;
    const { network, client, received } = await opened({ codec: (its) => (slow = slowly(its)).codec });
    for (const length of [3000, 100, 4000, 5000]) client.send(words(length, 1));
    expect(slow!.begun).toEqual([3000]);
    await network.advance(1000);
    expect([slow!.begun, slow!.most()]).toEqual([[3000, 4000, 5000], 1]);
    expect(received.server.map((data) => (data as Uint8Array).length)).toEqual([3000, 100, 4000, 5000]);
  });

  test('let control frames go ahead', async () => {
    const { network, client } = await opened();
    client.send(words(5000, 1));
    client.ping();
    await network.advance(20);
    expect(client.latency).toBeLessThan(20);
  });

  test('hold nobody to bytes of up to 1 KiB that were sent behind them', async () => {
    const { network, client, received } = await opened({ compress: { asyncAbove: 500 } });
    const sent = [words(600, 1), words(300, 2), words(200, 3)];
    const [later, whole, part] = sent.map((bytes) => Buffer.from(bytes));
    client.send(later);
    client.send(whole);
    client.sendFragment(part, true);
    for (const bytes of [later, whole, part]) bytes.fill(0);
    await network.advance(1000);
    expect(received.server).toEqual(sent);
  });

  test('are sent all the same when they could not be deflated later', async () => {
    const failing = (its: () => Network): DeflateCodec => ({
      ...slowly(its).codec,
      deflateLater: (_bytes, _params, done) => void its().clock.carryAt(its().clock.now() + 5, () => done(undefined)),
    });
    const { network, client, server, received } = await opened({ codec: failing });
    for (const side of [client, server]) {
      side.send(text(5000));
      side.send('behind');
    }
    await network.advance(100);
    expect(received).toEqual({ client: [text(5000), 'behind'], server: [text(5000), 'behind'] });
  });

  test('end the connection, and no other, with 1011 when they can be deflated neither later nor then', async () => {
    const broken = (its: () => Network): DeflateCodec => ({
      ...slowly(its).codec,
      createDeflater: () => ({
        deflate() {
          throw new Error('out of memory');
        },
        reset() {},
        release() {},
      }),
      deflateLater: (_bytes, _params, done) => void its().clock.carryAt(its().clock.now() + 5, () => done(undefined)),
    });
    const { network, client, server, closed } = await opened({ codec: broken });
    server.send(words(5000, 1));
    client.send('short');
    await network.advance(100);
    expect(closed.server?.error).toMatchObject({ code: 1011, cause: { message: 'out of memory' } });
    expect(client.state).toBe('closed');
    expect(network.links.length).toBe(0);
  });
});

describe('while a message is being deflated', () => {
  test('close waits for it, and nothing is sent behind that', async () => {
    const { network, client, received, closed } = await opened();
    client.send(text(5000));
    client.close(4000, 'bye');
    expect(client.state).toBe('closing');
    expect(client.send('late')).toBe(false);
    expect(client.sendFragment('late', true)).toBe(false);
    expect(client.sendPrepared(new PreparedMessage('late'))).toBe(false);
    client.close(4001, 'again');
    await network.advance(1000);
    expect(received.server).toEqual([text(5000)]);
    expect(closed.server).toMatchObject({ code: 4000, reason: 'bye', clean: true });
    expect(client.state).toBe('closed');
  });

  test('close throws for what may not be sent, and changes nothing', async () => {
    const { client } = await opened();
    client.send(text(5000));
    expect(() => client.close(1005.5)).toThrow(RangeError);
    expect(() => client.close(1000, 'x'.repeat(200))).toThrow(RangeError);
    expect(client.state).toBe('open');
  });

  test('terminate drops it and all behind it', async () => {
    const { network, client, received, closed } = await opened();
    client.send(text(5000));
    client.send('behind');
    client.terminate();
    expect([client.state, client.bufferedAmount]).toEqual(['closed', 0]);
    await network.advance(1000);
    expect([received.server, closed.server?.code]).toEqual([[], 1006]);
  });

  test("the peer's Close frame is answered once what was sent before it came has gone, and nothing sent later", async () => {
    const { network, client, server, received, closed } = await opened({ codec: (its) => slowly(its, [5000]).codec });
    client.send(words(100_000, 1));
    client.send('behind');
    server.close(1001);
    await network.advance(100);
    expect([closed.client, client.state]).toEqual([undefined, 'open']);
    client.send('late');
    client.send(words(5000, 2));
    await network.advance(5000);
    expect(received.server).toEqual([words(100_000, 1), 'behind']);
    expect(closed.client).toMatchObject({ code: 1001, clean: true });
    expect(closed.server).toMatchObject({ code: 1001, clean: true });
    expect(client.bufferedAmount).toBe(0);
  });

  test('a Close frame from each side: ours goes out in its turn, and answers the other', async () => {
    const { network, client, server, received, closed } = await opened();
    client.send(text(5000));
    client.close(4000, 'ours');
    server.close(4001, 'theirs');
    await network.advance(1000);
    expect(received.server).toEqual([text(5000)]);
    expect([closed.client, closed.server]).toMatchObject([{ clean: true }, { clean: true }]);
    expect(closed.server?.code).toBe(4000);
  });

  test("the peer's fault ends the connection once what was sent before it was found has gone", async () => {
    const { network, client, received, closed } = await opened();
    const [link] = network.links;
    client.send(text(5000));
    link!.server.write([Buffer.from([0xf1, 0])]);
    await network.advance(1000);
    expect(received.server).toEqual([text(5000)]);
    expect(closed.client?.error).toMatchObject({ code: 1002 });
  });

  test('many empty messages count too', async () => {
    const { client } = await opened({ sendLimit: 10_000 });
    client.send(text(5000));
    for (let i = 0; i < 1000; i++) client.send('');
    expect(client.state).toBe('closed');
  });

  test('a message between the fragments of another, and fragments of both kinds, are refused when they are sent', async () => {
    const { network, client, received } = await opened();
    client.send(text(5000));
    client.sendFragment('one, ', false);
    expect(() => client.send('between')).toThrow(/fragmented message/);
    expect(() => client.send(words(5000, 1))).toThrow(/fragmented message/);
    expect(() => client.sendPrepared(new PreparedMessage('between'))).toThrow(/fragmented message/);
    expect(() => client.sendFragment(words(5, 1), true)).toThrow(TypeError);
    client.sendFragment('two', true);
    client.send('after');
    await network.advance(1000);
    expect(received.server).toEqual([text(5000), 'one, two', 'after']);
  });

  test('the promise API waits as for any other backpressure', async () => {
    let done = false;
    const network: Network = createNetwork({ codec: slowly(() => network).codec, manual: true });
    const compress = { asyncAbove: THRESHOLD };
    const got: unknown[] = [];
    await network.listen({ port: 80, compress }, async (ws) => {
      for await (const message of ws) got.push(message);
    });
    const opening = network.open('ws://localhost/', { compress });
    await network.advance(10);
    const ws = await opening;
    const sending = ws.send(words(100_000, 1)).then(() => (done = true));
    const closing = ws.close();
    await network.advance(40);
    expect([done, ws.state]).toEqual([false, 'closing']);
    await network.advance(1000);
    await Promise.all([sending, closing]);
    expect(got).toEqual([words(100_000, 1)]);
  });
});

test('a message for many is deflated later once for all that compress alike, on servers and on clients', async () => {
  let slow: Slow | undefined;
  const network: Network = createNetwork({ codec: (slow = slowly(() => network)).codec, manual: true });
  const received: unknown[] = [];
  const sockets = { client: [] as Socket[], server: [] as Socket[] };
  const compress = { asyncAbove: THRESHOLD };
  const handlers = (side: 'client' | 'server'): Handlers => ({
    open: (socket) => void sockets[side].push(socket),
    message: (_, data) => void received.push(data),
  });
  await network.serve({ port: 80, compress }, handlers('server'));
  for (let i = 0; i < 5; i++) network.connect('ws://localhost/', { compress }, handlers('client'));
  await network.advance(10);
  for (const side of ['server', 'client'] as const) {
    const message = new PreparedMessage(randomBytes(5000, 1));
    for (const round of [1, 2]) {
      for (const socket of sockets[side]) socket.sendPrepared(message);
      if (round === 1) for (const socket of sockets[side]) socket.send('behind');
      await network.advance(1000);
    }
    expect(slow.begun.splice(0)).toEqual([5000]);
    expect(received.splice(0).length).toBe(15);
  }
});
