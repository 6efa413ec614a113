import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../../drivers/promise/fifo.ts';

test('it gives back what it was given, in that order, whatever lies between', () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.constant('push' as const) },
    { weight: 3, arbitrary: fc.constant('shift' as const) },
    fc.record({ remove: fc.nat(200) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const fifo = new Fifo<{ id: number }>();
      let model: { id: number }[] = [];
      let next = 0;
      for (const one of commands) {
        if (one === 'push') {
          const item = { id: next++ };
          fifo.push(item);
          model.push(item);
        } else if (one === 'shift') {
          expect(fifo.peek()).toBe(model[0]);
          expect(fifo.shift()).toBe(model.shift());
        } else {
          const item = model[one.remove] ?? { id: -1 };
          expect(fifo.remove(item)).toBe(model.includes(item));
          model = model.filter((other) => other !== item);
        }
        expect(fifo.length).toBe(model.length);
      }
      for (const item of model) expect(fifo.shift()).toBe(item);
      expect(fifo.shift()).toBeUndefined();
    }),
  );
});

test.each([1, 2, 3, 4, 5, 7, 8])('any of %i is taken out, and the others stay, wherever they begin', (count) => {
  for (let head = 0; head < 8; head++) {
    for (let at = 0; at < count; at++) {
      const fifo = new Fifo<number>();
      for (let i = 0; i < head; i++) fifo.push(-1);
      for (let i = 0; i < head; i++) fifo.shift();
      for (let i = 0; i < count; i++) fifo.push(i);
      fifo.remove(at);
      const rest = Array.from({ length: count - 1 }, () => fifo.shift());
      expect(rest).toEqual(Array.from({ length: count }, (_, i) => i).filter((i) => i !== at));
    }
  }
});

test('it goes on after it was long and became empty', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 1000; i++) fifo.push(i);
  for (let i = 0; i < 1000; i++) expect(fifo.shift()).toBe(i);
  fifo.push(7);
  expect([fifo.shift(), fifo.length]).toEqual([7, 0]);
});
