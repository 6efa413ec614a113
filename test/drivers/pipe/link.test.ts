import { describe, expect, test } from 'vitest';
import { connectPair, numbered } from './link-pair.ts';

describe('faults on command', () => {
  test('reset tells both ends at once and drops what is on its way', () => {
    const { clock, link, client, server, closed } = connectPair({ window: 10 });
    client.end.write([numbered(15)]);
    server.write('x');
    link.reset();
    link.reset();
    clock.settleSync();
    expect(client.log).toEqual(['0 lost ECONNRESET']);
    expect(server.log).toEqual(['0 lost ECONNRESET']);
    expect(client.end.bufferedAmount).toBe(0);
    expect(closed()).toBe(1);
  });

  test('a stalled link delivers nothing and does not move time; unstalled, it delivers all', () => {
    const { clock, link, client, server } = connectPair();
    client.write('held');
    link.stall();
    clock.settleSync();
    expect([clock.now(), server.log]).toEqual([0, []]);
    clock.advanceSync(1000);
    server.write('held, too');
    clock.settleSync();
    link.unstall();
    clock.settleSync();
    expect(server.log).toEqual(['1000 data held']);
    expect(client.log).toEqual(['1001 data held, too']);
  });

  test('one direction alone can stall', () => {
    const { clock, link, client, server } = connectPair();
    link.toServer.stall();
    client.write('held');
    server.write('free');
    clock.settleSync();
    expect([client.text, server.text]).toEqual(['free', '']);
    link.toServer.unstall();
    clock.settleSync();
    expect(server.text).toBe('held');
  });

  test('a lost link delivers nothing ever and tells nobody; the sender fills up', () => {
    const { clock, link, client, server } = connectPair({ window: 100 });
    client.write('on its way');
    link.lose();
    expect(client.end.write([numbered(90)])).toBe(true);
    expect(client.end.write([numbered(90)])).toBe(false);
    server.end.end();
    client.end.end();
    clock.advanceSync(3_600_000);
    link.unstall();
    clock.settleSync();
    expect([client.log, server.log]).toEqual([[], []]);
    expect(client.end.bufferedAmount).toBe(90);
    client.end.abort();
    clock.settleSync();
    expect([client.log, server.log]).toEqual([['3600000 lost undefined'], []]);
  });

  test("an end that the network invents is told to the receiver, and the sender's bytes vanish", () => {
    const { clock, link, client, server } = connectPair({ window: 10 });
    client.end.write([numbered(15)]);
    link.toServer.end();
    link.toServer.end();
    client.write('more');
    clock.settleSync();
    expect(server.log).toEqual(['0 end']);
    expect(client.log).toEqual(['0 drain']);
    server.end.end();
    clock.settleSync();
    client.end.end();
    clock.settleSync();
    expect(server.log.at(-1)).toBe('0 lost undefined');
    expect(client.log.slice(1)).toEqual(['1 end', '1 lost undefined']);
  });

  test('an end that the receiver knows of is not invented again', () => {
    const { clock, link, client, server } = connectPair();
    client.end.end();
    clock.settleSync();
    link.toServer.end();
    clock.settleSync();
    expect(server.log).toEqual(['1 end']);
    client.end.abort();
    clock.settleSync();
    expect(server.log).toEqual(['1 end', '2 lost ECONNRESET']);
  });

  test('commands on a link that is over do nothing', () => {
    const { clock, link, client, server } = connectPair();
    link.reset();
    clock.settleSync();
    link.stall();
    link.unstall();
    link.toClient.end();
    link.lose();
    link.reset();
    link.toServer.plan({ after: 0, kind: 'reset' });
    clock.settleSync();
    expect([client.log.length, server.log.length]).toEqual([1, 1]);
  });
});

describe('faults after so many bytes', () => {
  const LENGTH = 12;
  const offsets = Array.from({ length: LENGTH + 1 }, (_, offset) => offset);

  test.each(['whole', 1, 5] as const)('a reset comes at its very byte (cut: %s)', (cut) => {
    for (const after of offsets) {
      const { clock, client, server } = connectPair({ cut, latency: 3, toServer: { fault: { after, kind: 'reset' } } });
      client.end.write([numbered(LENGTH)]);
      clock.settleSync();
      expect(server.received).toEqual(numbered(after));
      expect(server.log.at(-1)).toMatch(/lost ECONNRESET$/);
      expect(client.log).toEqual([`${after === 0 ? 0 : 3} lost ECONNRESET`]);
    }
  });

  test.each(['whole', 1, 5] as const)('an end comes at its very byte (cut: %s)', (cut) => {
    for (const after of offsets) {
      const { clock, client, server } = connectPair({ cut, toServer: { fault: { after, kind: 'end' } } });
      client.end.write([numbered(LENGTH)]);
      clock.settleSync();
      client.end.write([numbered(LENGTH)]);
      clock.settleSync();
      expect(server.received).toEqual(numbered(after));
      expect(server.log.at(-1)).toMatch(/ end$/);
      expect(client.log).toEqual([]);
    }
  });

  test('a stall comes at its very byte, and passes', () => {
    for (const after of offsets) {
      const { clock, link, client, server } = connectPair({ toServer: { fault: { after, kind: 'stall' } } });
      client.end.write([numbered(LENGTH)]);
      clock.settleSync();
      expect(server.received).toEqual(numbered(after));
      link.unstall();
      clock.settleSync();
      expect(server.received).toEqual(numbered(LENGTH));
    }
  });

  test('a loss comes at its very byte', () => {
    for (const after of offsets) {
      const { clock, link, client, server } = connectPair({ toServer: { fault: { after, kind: 'lose' } } });
      client.end.write([numbered(LENGTH)]);
      clock.settleSync();
      link.unstall();
      clock.settleSync();
      expect(server.received).toEqual(numbered(after));
      expect(server.log.some((line) => !line.includes('data'))).toBe(false);
    }
  });

  test('the other direction is left alone', () => {
    const { clock, client, server } = connectPair({ toClient: { fault: { after: 2, kind: 'lose' } } });
    client.write('untouched');
    server.write('touched');
    clock.settleSync();
    expect([server.text, client.text]).toEqual(['untouched', 'to']);
  });

  test('one can be planned later, and called off', () => {
    const { clock, link, client, server } = connectPair();
    client.write('one');
    clock.settleSync();
    expect(link.toServer.delivered).toBe(3);
    link.toServer.plan({ after: 5, kind: 'reset' });
    link.toServer.plan(undefined);
    client.write('two');
    clock.settleSync();
    link.toServer.plan({ after: 8, kind: 'reset' });
    client.write('three');
    clock.settleSync();
    expect(server.text).toBe('onetwoth');
    expect(client.lost).toBe(1);
  });
});

test('the trace tells what both ends did and saw', () => {
  const { clock, client, server, trace } = connectPair({ window: 4 });
  client.write('12345678');
  server.onEnd = () => server.end.end();
  client.end.end();
  clock.settleSync();
  expect(trace.map(({ time, side, event, bytes }) => `${time} ${side} ${event} ${bytes}`)).toEqual([
    '0 client write 8',
    '1 server data 4',
    '1 client drain 0',
    '2 server data 4',
    '2 server end 0',
    '2 server lost 0',
    '3 client end 0',
    '3 client lost 0',
  ]);
});

describe('options', () => {
  test("the side's own go before those of the link", () => {
    const { clock, client, server } = connectPair({ latency: 10, toServer: { latency: 3 } });
    client.write('a');
    server.write('b');
    clock.settleSync();
    expect([server.log, client.log]).toEqual([['3 data a'], ['10 data b']]);
  });

  test('what makes no sense is refused', () => {
    for (const bad of [
      { latency: -1 },
      { latency: [5, 4] as const },
      { latency: NaN },
      { bandwidth: 0 },
      { window: 0 },
      { loss: 1 },
      { loss: -0.1 },
      { cut: 0 },
      { window: 1.5 },
      { fault: { after: 0.5, kind: 'reset' as const } },
      { fault: { after: -1, kind: 'reset' as const } },
    ]) {
      expect(() => connectPair(bad), JSON.stringify(bad)).toThrow(RangeError);
    }
    for (const bad of [
      { latency: '5' },
      { window: '5' },
      { cut: 'bits' },
      { fault: { after: 1, kind: 'explode' } },
      { fault: 'reset' },
      { fault: { kind: 'reset' } },
    ]) {
      expect(() => connectPair(bad as never), JSON.stringify(bad)).toThrow(TypeError);
    }
    for (const [bad, text] of [
      [{ latency: [5] }, 'latency must be a number of milliseconds, or [min, max]'],
      [{ latency: [5, 1] }, 'latency is [min, max]: 1 must not be less than 5'],
      [{ fault: { after: 1, kind: 'cut' } }, 'unknown kind of fault: cut; there are reset, end, stall, refuse, lose'],
    ] as const) {
      expect(() => connectPair(bad as never)).toThrow(text);
    }
  });
});
