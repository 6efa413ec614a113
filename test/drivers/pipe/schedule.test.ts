import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Schedule } from '../../../drivers/pipe/schedule.ts';
import type { Entry } from '../../../drivers/pipe/schedule.ts';

test('entries come out by time, then in the order they went in, whatever was removed between', () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant('add' as const), at: fc.integer({ min: 0, max: 20 }), carries: fc.boolean() }),
    fc.record({ op: fc.constant('take' as const) }),
    fc.record({ op: fc.constant('remove' as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const schedule = new Schedule();
      const model: Entry[] = [];
      const firstOfModel = () => [...model].sort((a, b) => a.at - b.at || a.order - b.order)[0];
      for (const step of steps) {
        if (step.op === 'add') {
          model.push(schedule.add(step.at, () => {}, step.carries));
        } else {
          const entry = step.op === 'take' ? schedule.first : model[step.which % (model.length || 1)];
          if (entry === undefined) continue;
          schedule.remove(entry);
          model.splice(model.indexOf(entry), 1);
        }
        expect(schedule.first).toBe(firstOfModel());
        expect(schedule.size).toBe(model.length);
        expect(schedule.carries).toBe(model.filter((entry) => entry.carries).length);
      }
    }),
    { numRuns: 300 },
  );
});

test('removing an entry twice does nothing', () => {
  const schedule = new Schedule();
  const entry = schedule.add(1, () => {}, true);
  const other = schedule.add(2, () => {}, true);
  schedule.remove(entry);
  schedule.remove(entry);
  expect(schedule.first).toBe(other);
  expect(schedule.carries).toBe(1);
});
