/** Keepalive while the connection is paused: nobody hears the peer, and yet a transport that is gone is to be found out. */
import { describe, expect, test } from 'vitest';
import { openEndpoint, ROLES } from '../support/endpoint.ts';
import { TEXT } from '../support/frames.ts';

const limits = { pingInterval: 20_000, pongTimeout: 5_000 };

test.each(ROLES)('a %s that has stopped reading waits for no pong either', (role) => {
  const endpoint = openEndpoint(role, limits);
  endpoint.advanceTo(20_000);
  endpoint.connection.stopReading();
  endpoint.advanceTo(60_000);
  expect(endpoint.connection.phase).toBe(1);
  endpoint.call(() => endpoint.connection.resume(60_000));
  endpoint.advanceTo(85_000);
  expect(endpoint.events()).toEqual(['closed 1006 "", TimeoutError 1006']);
});

describe.each(ROLES)('a paused %s', (role) => {
  test('goes on sending pings, and waits for no pong', () => {
    const endpoint = openEndpoint(role, limits);
    endpoint.connection.pause();
    endpoint.advanceTo(19_999);
    expect(endpoint.sent()).toEqual([]);
    endpoint.advanceTo(60_000);
    expect(endpoint.sent().map((frame) => frame.slice(0, 4))).toEqual(['PING', 'PING', 'PING']);
    endpoint.advanceTo(3_600_000);
    expect(endpoint.connection.phase).toBe(1);
    expect(endpoint.events()).toEqual([]);
  });

  test('that waited for a pong waits no more', () => {
    const endpoint = openEndpoint(role, limits);
    endpoint.advanceTo(20_000);
    endpoint.connection.pause();
    endpoint.advanceTo(30_000);
    expect(endpoint.connection.phase).toBe(1);
  });

  test('waits for pongs again once it is resumed', () => {
    const endpoint = openEndpoint(role, limits);
    endpoint.connection.pause();
    endpoint.advanceTo(50_000);
    endpoint.call(() => endpoint.connection.resume(50_000));
    endpoint.advanceTo(74_999);
    expect(endpoint.connection.phase).toBe(1);
    endpoint.advanceTo(75_000);
    expect(endpoint.events()).toEqual(['closed 1006 "", TimeoutError 1006']);
  });

  test('hears what comes although it delivers no message', () => {
    const endpoint = openEndpoint(role, limits);
    endpoint.connection.pause();
    endpoint.advanceTo(19_000);
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'held' }));
    endpoint.advanceTo(38_999);
    expect(endpoint.sent()).toEqual([]);
  });

  test('sends none while it is closing', () => {
    const endpoint = openEndpoint(role, { ...limits, closeTimeout: 100_000 });
    endpoint.call(() => endpoint.connection.close(1000, '', 0));
    endpoint.sent();
    endpoint.connection.pause();
    endpoint.advanceTo(99_000);
    expect(endpoint.sent()).toEqual([]);
  });
});
