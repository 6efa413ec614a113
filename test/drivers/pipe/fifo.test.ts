import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../../drivers/pipe/fifo.ts';

test('it behaves as an array that is pushed to and shifted', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('shift' as const)), { maxLength: 300 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step !== 'shift') {
          fifo.push(step);
          model.push(step);
        } else if (model.length > 0) {
          fifo.shift();
          model.shift();
        }
        expect([fifo.length, fifo.first, fifo.last]).toEqual([model.length, model[0], model.at(-1)]);
      }
      fifo.clear();
      expect([fifo.length, fifo.first, fifo.last]).toEqual([0, undefined, undefined]);
    }),
  );
});

test('a long queue is emptied in order', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 1000; i++) fifo.push(i);
  for (let i = 0; i < 1000; i++) {
    expect(fifo.first).toBe(i);
    fifo.shift();
  }
  expect(fifo.length).toBe(0);
});
