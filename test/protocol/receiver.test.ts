/** Receivers are lent from connection to connection. What they do for one is held by `connection.*.test.ts`. */
import { expect, test } from 'vitest';
import { Lifecycle } from '../../protocol/lifecycle.ts';
import { ReceiverPool } from '../../protocol/receiver.ts';
import { Resources } from '../../protocol/resources.ts';
import { State } from '../../protocol/transitions.ts';
import { EventQueue } from '../../protocol/index.ts';
import { frame, TEXT } from '../support/frames.ts';

function owner() {
  const sink = new EventQueue();
  return { life: new Lifecycle(false, State.OPEN, { now: 0, sink }), sink };
}

test('sixteen of them are kept for the next, however many come back', () => {
  const pool = new ReceiverPool(new Resources());
  const { life } = owner();
  const lend = (count: number) => Array.from({ length: count }, () => pool.lend(life));
  const first = lend(20);
  for (const one of first) pool.giveBack(one);
  const second = lend(20);
  expect(new Set(second).size).toBe(20);
  expect(second.filter((one) => first.includes(one))).toHaveLength(16);
});

test('one that was given back works for its owner no more, and keeps nothing of it alive', () => {
  const pool = new ReceiverPool(new Resources());
  const [one, other] = [owner(), owner()];
  const message = frame({ opcode: TEXT, payload: 'a' });
  const receiver = pool.lend(one.life);
  expect(receiver.receive(message, 0, 3)).toBe(3);
  pool.giveBack(receiver);
  expect(() => receiver.receive(message, 0, 3)).toThrow(TypeError);
  expect(pool.lend(other.life)).toBe(receiver);
  expect(receiver.receive(message, 0, 3)).toBe(3);
  expect(one.sink.take()).toEqual([{ type: 'text', text: 'a' }]);
  expect(other.sink.take()).toEqual([{ type: 'text', text: 'a' }]);
});
