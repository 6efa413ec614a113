import { describe, expect, test } from 'vitest';
import { connectPair, isSame, numbered } from './link-pair.ts';

describe('bytes', () => {
  test('arrive in order, after the latency, both ways', () => {
    const { clock, client, server } = connectPair({ latency: 20, toClient: { latency: 5 } });
    client.write('one', 'two');
    server.write('back');
    clock.settleSync();
    expect(client.log).toEqual(['5 data back']);
    expect(server.log).toEqual(['20 data onetwo']);
  });

  test('written in several turns before they arrive come as one piece', () => {
    const { clock, client, server } = connectPair({ latency: 20 });
    client.write('one');
    client.write('two');
    clock.settleSync();
    expect(server.log).toEqual(['20 data onetwo']);
  });

  test('are copied as they leave: memory that write gave back may be used again', () => {
    const { clock, client, server } = connectPair();
    const bytes = numbered(10);
    expect(client.end.write([bytes])).toBe(true);
    bytes.fill(0);
    clock.settleSync();
    expect(server.received).toEqual(numbered(10));
  });

  test('are lent to the receiver: whoever keeps them sees them overwritten', () => {
    const { clock, client, server } = connectPair();
    client.end.write([numbered(10)]);
    clock.settleSync();
    expect(server.lent[0]).toEqual(new Uint8Array(10).fill(0xdb));
  });

  test('empty chunks and empty writes are nothing', () => {
    const { clock, client, server } = connectPair();
    expect(client.end.write([])).toBe(true);
    expect(client.end.write([new Uint8Array(0)])).toBe(true);
    clock.settleSync();
    expect(server.log).toEqual([]);
  });

  test.each([1, 2, 3, 7, 100])('cut into pieces of %i', (size) => {
    const { clock, client, server } = connectPair({ cut: size });
    client.end.write([numbered(50), numbered(50)]);
    clock.settleSync();
    expect(server.received).toEqual(new Uint8Array([...numbered(50), ...numbered(50)]));
    const sizes = server.lent.map((bytes) => bytes.length);
    expect(sizes.slice(0, -1)).toEqual(new Array(sizes.length - 1).fill(size));
    expect(sizes.at(-1)).toBe(100 % size || size);
  });

  test('cut at every point', () => {
    for (let at = 1; at < 20; at++) {
      const { clock, client, server } = connectPair({ cut: [at] });
      client.end.write([numbered(20)]);
      clock.settleSync();
      expect(server.lent.map((bytes) => bytes.length)).toEqual([at, 20 - at]);
      expect(server.received).toEqual(numbered(20));
    }
  });

  test('cut at random, by the seed', () => {
    const sizes = (seed: number) => {
      const { clock, client, server } = connectPair({ cut: 'random' }, seed);
      client.end.write([numbered(50_000)]);
      clock.settleSync();
      expect(isSame(server.received, numbered(50_000))).toBe(true);
      return server.lent.map((bytes) => bytes.length);
    };
    expect(sizes(1)).toEqual(sizes(1));
    expect(sizes(1)).not.toEqual(sizes(2));
  });

  test('cut in another way from some point on', () => {
    const { clock, link, client, server } = connectPair();
    client.write('abc');
    clock.settleSync();
    link.toServer.cut(1);
    client.write('def');
    clock.settleSync();
    expect(server.log).toEqual(['1 data abc', '2 data d', '2 data e', '2 data f']);
  });

  test('take the time that the bandwidth gives them', () => {
    const { clock, client, server } = connectPair({ latency: 10, bandwidth: 1000 });
    client.write('x'.repeat(100));
    client.write('y'.repeat(50));
    clock.settleSync();
    expect(server.log).toEqual([`110 data ${'x'.repeat(100)}`, `160 data ${'y'.repeat(50)}`]);
  });

  test('travel in packets when there is a bandwidth, so that a large write comes little by little', () => {
    const { clock, client, server } = connectPair({ latency: 0, bandwidth: 14600 });
    client.end.write([numbered(14600)]);
    clock.advanceSync(100);
    expect(server.received).toEqual(numbered(1460));
    clock.advanceSync(900);
    expect(isSame(server.received, numbered(14600))).toBe(true);
    expect(server.lent.length).toBe(10);
  });

  test('keep their order when the latency varies', () => {
    const { clock, client, server } = connectPair({ latency: [1, 100] });
    for (let i = 0; i < 200; i++) {
      client.end.write([numbered(200).slice(i, i + 1)]);
      clock.advanceSync(1);
    }
    clock.settleSync();
    expect(server.received).toEqual(numbered(200));
    expect(new Set(server.lent.map((bytes) => bytes.length)).size).toBeGreaterThan(1);
  });

  test('all arrive in order, some later, when packets are lost', () => {
    const run = (loss: number) => {
      const { clock, client, server } = connectPair({ latency: 10, loss });
      client.end.write([numbered(60_000)]);
      clock.settleSync();
      expect(isSame(server.received, numbered(60_000))).toBe(true);
      return clock.now();
    };
    expect(run(0)).toBe(10);
    expect(run(0.3)).toBeGreaterThanOrEqual(210);
  });
});

describe('backpressure', () => {
  test('what the network has no room for stays with the sender, and drain tells when it is gone', () => {
    const { clock, client, server } = connectPair({ window: 100, latency: 10 });
    expect(client.end.write([numbered(60)])).toBe(true);
    expect(client.end.write([numbered(150)])).toBe(false);
    expect(client.end.bufferedAmount).toBe(110);
    clock.settleSync();
    expect(client.end.bufferedAmount).toBe(0);
    expect(client.log).toEqual(['20 drain']);
    expect(server.received).toEqual(new Uint8Array([...numbered(60), ...numbered(150)]));
    expect(clock.now()).toBe(30);
  });

  test('there is no drain for what was never buffered', () => {
    const { clock, client } = connectPair({ window: 100 });
    client.end.write([numbered(100)]);
    clock.settleSync();
    expect(client.log).toEqual([]);
  });

  test("chunks that wait are the transport's: it reads them when it has room", () => {
    const { clock, client, server } = connectPair({ window: 10 });
    const bytes = numbered(20);
    client.end.write([bytes]);
    bytes[19] = 99;
    clock.settleSync();
    expect(server.received[19]).toBe(99);
  });

  test('a drain that a new write forestalls comes later', () => {
    const { clock, client } = connectPair({ window: 10 });
    client.end.write([numbered(15)]);
    clock.wakeAt(1, () => expect(client.end.write([numbered(15)])).toBe(false));
    clock.settleSync();
    expect(client.log).toEqual(['2 drain']);
  });

  test('a paused receiver fills the window, then the sender', () => {
    const { clock, client, server } = connectPair({ window: 100 });
    server.end.pause();
    expect(client.end.write([numbered(100)])).toBe(true);
    expect(client.end.write([numbered(50)])).toBe(false);
    clock.settleSync();
    expect(server.log).toEqual([]);
    expect(client.end.bufferedAmount).toBe(50);
    server.end.resume();
    expect(server.log).toEqual([]);
    clock.settleSync();
    expect(server.received).toEqual(new Uint8Array([...numbered(100), ...numbered(50)]));
    expect(client.log).toEqual([expect.stringContaining('drain')]);
  });

  test('a receiver that pauses inside onData gets no more until it resumes', () => {
    const { clock, client, server } = connectPair({ cut: 1 });
    server.onData = () => server.end.pause();
    client.write('abc');
    clock.settleSync();
    expect(server.text).toBe('a');
    server.end.resume();
    clock.settleSync();
    expect(server.text).toBe('ab');
  });

  test('bytes on their way to a paused receiver move time until they are there', () => {
    const { clock, client, server } = connectPair({ latency: 20 });
    server.end.pause();
    client.write('x');
    clock.settleSync();
    expect(clock.now()).toBe(20);
    server.end.resume();
    clock.settleSync();
    expect(server.log).toEqual(['20 data x']);
  });

  test("a paused end is told nothing of the peer's end before it resumes", () => {
    const { clock, client, server } = connectPair();
    server.end.pause();
    client.write('x');
    client.end.end();
    clock.settleSync();
    expect(server.log).toEqual([]);
    server.end.resume();
    clock.settleSync();
    expect(server.log).toEqual(['1 data x', '1 end']);
  });
});
