import { expect, test } from 'vitest';
import { type Call, CALLS } from '../../../drivers/socket/calls.ts';

test.each(Object.entries<Call>(CALLS))(
  'a handler for %s is called with its socket and what it is told',
  (name, call) => {
    const given: unknown[] = [];
    const handlers = { [name]: (...args: unknown[]) => given.push(...args) };
    call(handlers, 'socket', 'a', 'b', 'c');
    expect(given).toEqual(['socket', 'a', 'b', 'c'].slice(0, given.length));
    expect(given.length).toBeGreaterThan(0);
  },
);

test.each(Object.entries<Call>(CALLS))('nobody misses a handler for %s', (_, call) => {
  expect(call({}, 'socket', 'a', 'b', 'c')).toBe(undefined);
});
