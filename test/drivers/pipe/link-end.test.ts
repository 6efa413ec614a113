import { describe, expect, test } from 'vitest';
import { connectPair, numbered } from './link-pair.ts';

describe('the end', () => {
  test('comes after all that was written, and the other direction goes on', () => {
    const { clock, client, server } = connectPair({ window: 4 });
    client.write('0123456789');
    client.end.end();
    client.end.end();
    clock.settleSync();
    server.write('still here');
    clock.settleSync();
    expect(server.text).toBe('0123456789');
    expect(server.log.at(-1)).toMatch(/end$|drain$/);
    expect(server.log.filter((line) => line.endsWith(' end')).length).toBe(1);
    expect(client.text).toBe('still here');
    expect(client.lost + server.lost).toBe(0);
  });

  test('when both have ended, both transports are gone, without an error', () => {
    const { clock, client, server, closed } = connectPair();
    client.write('bye');
    client.end.end();
    server.onEnd = () => server.end.end();
    clock.settleSync();
    expect(client.log).toEqual(['2 end', '2 lost undefined']);
    expect(server.log).toEqual(['1 data bye', '1 end', '1 lost undefined']);
    expect(closed()).toBe(1);
  });

  test('both may end at once', () => {
    const { clock, client, server } = connectPair();
    client.end.end();
    server.end.end();
    clock.settleSync();
    expect(client.log).toEqual(['1 end', '1 lost undefined']);
    expect(server.log).toEqual(['1 end', '1 lost undefined']);
  });

  test('a write after it is a mistake', () => {
    const { client } = connectPair();
    client.end.end();
    expect(() => client.write('late')).toThrow('after its end');
  });
});

describe('abort', () => {
  test('what is on its way arrives, then a reset; what was not sent is dropped', () => {
    const { clock, client, server, closed } = connectPair({ window: 10, latency: 5 });
    client.end.write([numbered(15)]);
    client.end.abort();
    client.end.abort();
    expect(client.log).toEqual([]);
    expect(client.end.bufferedAmount).toBe(0);
    clock.settleSync();
    expect(client.log).toEqual(['0 lost undefined']);
    expect(server.received).toEqual(numbered(10));
    expect(server.log.at(-1)).toBe('5 lost ECONNRESET');
    expect(closed()).toBe(1);
  });

  test('nothing is told to an end that is gone', () => {
    const { clock, client, server } = connectPair({ window: 10 });
    server.write('on its way');
    client.end.write([numbered(15)]);
    client.end.abort();
    server.end.end();
    clock.settleSync();
    expect(client.log).toEqual(['0 lost undefined']);
  });

  test('what is called on an end that is gone does nothing', () => {
    const { clock, client, server } = connectPair();
    client.end.abort();
    clock.settleSync();
    expect(client.end.write([numbered(3)])).toBe(true);
    client.end.end();
    client.end.abort();
    client.end.pause();
    client.end.resume();
    clock.settleSync();
    expect(client.log).toEqual(['0 lost undefined']);
    expect(server.log).toEqual(['1 lost ECONNRESET']);
  });

  test('inside onData it ends the delivery', () => {
    const { clock, client, server } = connectPair({ cut: 1 });
    server.onData = () => server.end.abort();
    client.write('abc');
    clock.settleSync();
    expect(server.log).toEqual(['1 data a', '1 lost undefined']);
    expect(client.log).toEqual(['2 lost ECONNRESET']);
  });

  test('after the own end, with the peer still sending, resets it', () => {
    const { clock, client, server } = connectPair();
    client.end.end();
    clock.settleSync();
    client.end.abort();
    clock.settleSync();
    expect(server.log).toEqual(['1 end', '2 lost ECONNRESET']);
  });

  test('an end that reads nothing learns of the reset when it writes', () => {
    const { clock, client, server } = connectPair();
    server.end.pause();
    client.write('unread');
    client.end.abort();
    clock.settleSync();
    expect(server.log).toEqual([]);
    server.write('hello?');
    expect(server.log).toEqual([]);
    clock.settleSync();
    expect(server.log).toEqual(['1 lost EPIPE']);
  });

  test('an end that reads again gets what came before the reset first', () => {
    const { clock, client, server } = connectPair();
    server.end.pause();
    client.write('unread');
    client.end.abort();
    clock.settleSync();
    server.end.resume();
    clock.settleSync();
    expect(server.log).toEqual(['1 data unread', '1 lost ECONNRESET']);
  });
});

test('a handler that comes late is told all that came before', () => {
  const { clock, client, server } = connectPair({}, 1, { startServer: false });
  client.write('early');
  client.end.end();
  clock.settleSync();
  server.start();
  expect(server.log).toEqual([]);
  clock.settleSync();
  expect(server.log).toEqual(['1 data early', '1 end']);
});

test('a handler that comes after a reset is told of it', () => {
  const { clock, link, server } = connectPair({}, 1, { startServer: false });
  link.reset();
  clock.settleSync();
  server.start();
  clock.settleSync();
  expect(server.log).toEqual(['0 lost ECONNRESET']);
  expect(() => server.start()).toThrow('has a handler');
});
