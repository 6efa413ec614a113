import { describe, expect, test } from 'vitest';
import { TimeoutError } from '../../../protocol/index.ts';
import type { ReceivedMessage, WebSocket } from '../../../drivers/promise/index.ts';
import { collect, rejection, stateOf } from './connected.ts';
import { echo, piped, URL } from './piped.ts';

const KIB = 1024;
const MIB = KIB * KIB;
const HOUR = 3_600_000;

describe('messages', () => {
  const messages: ReceivedMessage[] = [
    '',
    'text',
    'Grüße, κόσμε, 世界, 🌍',
    'x'.repeat(200_000),
    new Uint8Array(0),
    new Uint8Array([1, 2, 3]),
    new Uint8Array(300_000).map((_, i) => i % 251),
  ];

  test.each(['whole', 1, 'random'] as const)('of every kind and size go over and come back, cut: %s', async (cut) => {
    const { open, listen } = piped({ cut });
    await listen(echo);
    await open(URL, async (webSocket) => {
      for (const message of cut === 1 ? messages.map((one) => one.slice(0, 2000)) : messages) {
        await webSocket.send(message);
        expect(await webSocket.receive()).toEqual(message);
      }
    });
  });

  test('views send exactly their own bytes', async () => {
    const { open, listen } = piped();
    await listen(echo);
    const { buffer } = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
    await open(URL, async (webSocket) => {
      for (const view of [
        buffer,
        new Uint16Array(buffer, 2, 2),
        new DataView(buffer, 7),
        new Uint8Array(buffer, 3, 0),
      ]) {
        await webSocket.send(view);
        const expected = ArrayBuffer.isView(view)
          ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
          : new Uint8Array(view);
        expect(await webSocket.receive()).toEqual(expected);
      }
    });
  });

  test('iterables and async iterables arrive as one message', async () => {
    const { open, listen } = piped();
    await listen(echo);
    await open(URL, async (webSocket) => {
      await webSocket.send(['one ', 'message, ', 'three fragments']);
      await webSocket.send([new Uint8Array([1]), new Uint8Array(0), new Uint16Array([0x0302])]);
      await webSocket.send(
        (async function* () {
          yield 'half a \ud83c';
          yield '\udf0d';
        })(),
      );
      await webSocket.send([]);
      await webSocket.send((async function* (): AsyncGenerator<Uint8Array> {})());
      const received = [];
      for (let i = 0; i < 5; i++) received.push(await webSocket.receive());
      expect(received).toEqual(['one message, three fragments', new Uint8Array([1, 2, 3]), 'half a 🌍', '', '']);
    });
  });

  test('of concurrent senders, fragmented and not, arrive whole', async () => {
    const { open, listen } = piped({ cut: 'random', latency: [0, 5] });
    const received: ReceivedMessage[] = [];
    await listen(async (webSocket) => {
      for await (const message of webSocket) received.push(message);
    });
    const slow = async function* (name: string) {
      for (let i = 0; i < 5; i++) {
        for (let turn = 0; turn < i; turn++) await new Promise((resolve) => setImmediate(resolve));
        yield `${name}${i} `;
      }
    };
    await open(URL, async (webSocket) => {
      const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
      await Promise.all(
        names.map((name, i) => webSocket.send(i % 3 === 0 ? name : i % 3 === 1 ? slow(name) : [name, name])),
      );
      const pings = await Promise.all([webSocket.ping(), webSocket.ping('again')]);
      for (const ping of pings) expect(ping).toBeGreaterThanOrEqual(0);
    });
    expect(received).toEqual(
      Array.from({ length: 20 }, (_, i) => {
        const name = String.fromCharCode(97 + i);
        return i % 3 === 0 ? name : i % 3 === 1 ? [0, 1, 2, 3, 4].map((n) => `${name}${n} `).join('') : name + name;
      }),
    );
  });
});

describe('a message that cannot be completed', () => {
  test.each([
    ['mixes kinds', ['a', 'b', new Uint8Array(1)]],
    ['is no fragment', ['a', 'b', 3]],
  ])('because its source %s is never delivered: the peer sees 1011', async (_name, pieces) => {
    const { network, open, listen } = piped();
    const seen: unknown[] = [];
    await listen(async (webSocket) => {
      seen.push(...(await collect(webSocket).catch((error: unknown) => [error])), await webSocket.closed);
    });
    const webSocket = await open(URL);
    const source = (async function* () {
      yield* pieces as string[];
    })();
    expect(await rejection(webSocket.send(source))).toBeInstanceOf(TypeError);
    expect(await webSocket.closed).toMatchObject({ clean: true, sent: { code: 1011 } });
    await network.settle();
    expect(seen).toMatchObject([{ code: 1011 }, { code: 1011, clean: true }]);
  });
});

describe('backpressure', () => {
  test('a consumer that does not receive holds the sender up, and nothing is lost', async () => {
    const { network, open, listen } = piped();
    let sent = 0;
    await listen(
      async (webSocket) => {
        for (; sent < 300; sent++) await webSocket.send(new Uint8Array(64 * KIB).fill(sent));
      },
      { pingInterval: false },
    );
    const webSocket = await open(URL);
    await network.settle();
    const held = sent;
    expect(held).toBeLessThan(25);
    await network.advance(HOUR);
    expect(sent).toBe(held);
    expect(webSocket.state).toBe('open');
    let received = 0;
    for await (const message of webSocket) expect((message as Uint8Array)[0]).toBe(received++ & 0xff);
    expect(received).toBe(300);
  });

  test('a stream holds a large message up too', async () => {
    const { network, open, listen } = piped();
    let left = 0;
    await listen(async (webSocket) => {
      await webSocket.send(
        (async function* () {
          for (let i = 0; i < 200; i++, left++) yield new Uint8Array(64 * KIB).fill(i);
        })(),
      );
      await webSocket.send('next');
    });
    const webSocket = await open(URL, { maxMessageSize: 100 * KIB });
    const stream = webSocket.receiveStream();
    await network.settle();
    expect(left).toBeLessThan(10);
    let bytes = 0;
    for await (const chunk of stream) {
      expect((chunk as Uint8Array)[0]).toBe(Math.floor(bytes / (64 * KIB)));
      bytes += chunk.length;
    }
    expect(bytes).toBe(200 * 64 * KIB);
    expect(await webSocket.receive()).toBe('next');
    await webSocket.close();
  });

  test('send resolves again when the peer reads on', async () => {
    const { network, open, listen } = piped();
    let server!: WebSocket;
    await listen((webSocket) => {
      server = webSocket;
      return webSocket.closed;
    });
    const webSocket = await open(URL);
    // The queue takes what fits, the network 64 KiB, the sender the rest.
    const sends = Array.from({ length: 40 }, (_, i) => webSocket.send(new Uint8Array(32 * KIB).fill(i)));
    await network.settle();
    expect(await stateOf(sends[39])).toBe('pending');
    expect(webSocket.bufferedAmount).toBeGreaterThan(400 * KIB);
    expect(webSocket.trySend('more')).toBe(false);
    for (let i = 0; i < 40; i++) expect(((await server.receive()) as Uint8Array)[0]).toBe(i);
    await Promise.all(sends);
    await network.settle();
    expect(webSocket.bufferedAmount).toBe(0);
    await webSocket.close();
  });

  test('what was sent before a close arrives before it, however much it is', async () => {
    const { open, listen } = piped();
    const received: number[] = [];
    await listen(async (webSocket) => {
      for await (const message of webSocket) received.push(message.length);
    });
    const webSocket = await open(URL);
    const sends = Array.from({ length: 10 }, () => webSocket.send(new Uint8Array(300 * KIB)));
    expect(await webSocket.close()).toMatchObject({ clean: true });
    await Promise.all(sends);
    expect(received).toEqual(Array(10).fill(300 * KIB));
  });

  test('a peer that never reads ends the connection at sendLimit', async () => {
    const { network, open, listen, errors } = piped();
    await listen(async (webSocket) => {
      await webSocket.receive();
      await Promise.all(Array.from({ length: 100 }, () => webSocket.send(new Uint8Array(MIB))));
    });
    const webSocket = await open(URL);
    network.links[0].toClient.stall();
    await webSocket.send('go');
    await network.settle();
    expect(errors).toMatchObject([{ name: 'ConnectionLostError', code: 1006 }]);
    expect(errors[0]).toHaveProperty('message', expect.stringMatching(/wait/));
  });

  test('whoever sends too much where nothing says to wait is told so by the send that was too much', async () => {
    const { open, listen } = piped();
    await listen((webSocket) => webSocket.closed);
    const webSocket = await open(URL, { sendLimit: 10 * KIB, sendHighWater: false });
    const sends = Array.from({ length: 4 }, () => webSocket.send(new Uint8Array(8 * KIB)));
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { kind: 'send-limit' } });
  });
});

describe('control frames', () => {
  test('pings are answered and pongs taken in while nobody receives', async () => {
    const { network, open, listen } = piped({ latency: 10 });
    await listen((webSocket) => webSocket.closed);
    const webSocket = await open(URL);
    expect(await webSocket.ping()).toBe(20);
    expect(await webSocket.ping('data')).toBe(20);
    expect(webSocket.latency).toBe(20);
    await network.advance(3 * HOUR);
    expect(webSocket.state).toBe('open');
    await webSocket.close();
    await network.settle();
    expect(network.clock.timers).toBe(0);
  });

  test('a ping between the fragments of a message is answered', async () => {
    const { open, listen } = piped();
    await listen(echo);
    await open(URL, async (webSocket) => {
      const source = (async function* () {
        yield 'a';
        expect(await webSocket.ping('inside')).toBe(2);
        yield 'b';
      })();
      await webSocket.send(source);
      expect(await webSocket.receive()).toBe('ab');
    });
  });

  test('a ping that a lost peer never answers rejects with what keepalive found', async () => {
    const { network, open, listen } = piped();
    await listen((webSocket) => webSocket.closed);
    const webSocket = await open(URL);
    network.links[0].lose();
    const waiting = [webSocket.ping(), webSocket.receive()];
    await network.advance(60_000);
    for (const one of waiting) {
      const error = await rejection(one);
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(/pong/);
    }
    expect(await webSocket.closed).toMatchObject({ code: 1006, clean: false });
    await network.advance(60_000);
    expect(network.clock.timers).toBe(0);
  });
});
