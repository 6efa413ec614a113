import { expect, test } from 'vitest';
import { Timers } from '../../protocol/timers.ts';
import { resolveLimits } from '../../protocol/limits.ts';

const limits = resolveLimits({ handshakeTimeout: 10, closeTimeout: 20, pingInterval: 30, pongTimeout: 5 });

test('the opening handshake is the first deadline', () => {
  const timers = new Timers(limits, 1000);
  expect(timers).toMatchObject({ open: 1010, close: Infinity, ping: Infinity, pong: Infinity });
  expect(timers.next()).toBe(1010);
});

test('next is the earliest', () => {
  const timers = new Timers(limits, 0);
  for (const name of ['open', 'close', 'ping', 'pong'] as const) {
    timers.clear();
    timers[name] = 3;
    expect(timers.next()).toBe(3);
  }
});

test('keepalive: a ping after silence, a pong after that, all over again at a sign of life', () => {
  const timers = new Timers(limits, 0);
  timers.heard(100);
  expect(timers).toMatchObject({ ping: 130, pong: Infinity });
  timers.pinged(130);
  expect(timers).toMatchObject({ ping: Infinity, pong: 135 });
  timers.heard(132);
  expect(timers).toMatchObject({ ping: 162, pong: Infinity });
  timers.quiet();
  expect(timers).toMatchObject({ ping: Infinity, pong: Infinity, open: 10 });
});

test('closing ends the others, and is not put off by what begins it again', () => {
  const timers = new Timers(limits, 0);
  timers.heard(0);
  timers.closing(100);
  expect(timers).toMatchObject({ open: Infinity, ping: Infinity, pong: Infinity, close: 120 });
  timers.closing(110);
  expect(timers.next()).toBe(120);
  timers.clear();
  expect(timers.next()).toBe(Infinity);
});

test('no limit, no deadline', () => {
  const off = { handshakeTimeout: 0, closeTimeout: 0, pingInterval: 0, pongTimeout: 0 };
  const timers = new Timers(resolveLimits(off), 0);
  timers.heard(0);
  timers.pinged(0);
  timers.closing(0);
  expect(timers.next()).toBe(Infinity);
});
