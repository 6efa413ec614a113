import { expect, test } from 'vitest';
import { CLOSING, NOTHING, OPENING, PING, PONG, Timers } from '../../protocol/timers.ts';
import { resolveLimits } from '../../protocol/limits.ts';

const limits = resolveLimits({ handshakeTimeout: 10, closeTimeout: 20, pingInterval: 30, pongTimeout: 5 });

test('the opening handshake is the first deadline', () => {
  expect(new Timers(limits, 1000)).toMatchObject({ wait: OPENING, due: 1010 });
});

test('keepalive: a ping after silence, a pong after that, all over again at a sign of life', () => {
  const timers = new Timers(limits, 0);
  timers.heard(100);
  expect(timers).toMatchObject({ wait: PING, due: 130 });
  timers.pinged(130);
  expect(timers).toMatchObject({ wait: PONG, due: 135 });
  timers.heard(132);
  expect(timers).toMatchObject({ wait: PING, due: 162 });
});

test('closing ends the others, and is not put off by what begins it again', () => {
  const timers = new Timers(limits, 0);
  timers.heard(0);
  timers.closing(100);
  expect(timers).toMatchObject({ wait: CLOSING, due: 120 });
  timers.closing(110);
  expect(timers).toMatchObject({ wait: CLOSING, due: 120 });
  timers.clear();
  expect(timers).toMatchObject({ wait: NOTHING, due: Infinity });
});

test('no limit, no deadline', () => {
  const off = { handshakeTimeout: 0, closeTimeout: 0, pingInterval: 0, pongTimeout: 0 };
  const timers = new Timers(resolveLimits(off), 0);
  expect(timers).toMatchObject({ wait: OPENING, due: Infinity });
  timers.heard(0);
  expect(timers).toMatchObject({ wait: PING, due: Infinity });
  timers.pinged(0);
  expect(timers).toMatchObject({ wait: PONG, due: Infinity });
  timers.closing(0);
  expect(timers).toMatchObject({ wait: CLOSING, due: Infinity });
});
