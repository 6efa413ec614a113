import { describe, expect, test } from 'vitest';
import { End, type Line } from './end.ts';
import { messageOf } from './messages.ts';
import { soak } from './soak.ts';

/** A connection that goes nowhere. */
const LINE: Line = { send: () => {}, close: () => {}, terminate: () => {} };

describe('the ends of the soak see', () => {
  /** An end that has sent its first messages, of which three are acknowledged, and has received one. */
  function begun(): End {
    const end = new End('end', 1, 2, false);
    end.last = 5;
    end.attach(LINE);
    for (const data of ['r0', messageOf(1, 1), 'a1', 'a2', 'a3']) end.take(LINE, data);
    return end;
  }

  test('nothing wrong where nothing is', () => {
    const end = begun();
    end.take(LINE, messageOf(1, 2));
    expect([end.received, end.sent, end.acknowledged]).toEqual([2, 5, 3]);
  });

  test.each([
    ['a message that is lost', messageOf(1, 3), 'message 3 came behind 1'],
    ['a message that is doubled', messageOf(1, 1), 'message 1 came behind 1'],
    ['a message that was changed', 'm2 something else', 'message 2 was changed'],
    ['acknowledgements that go back', 'a2', '2 was acknowledged of 5'],
  ])('%s', (_, data, error) => {
    expect(() => begun().take(LINE, data)).toThrow(error);
  });

  test.each([
    ['an acknowledged message that is lost', 'r2', 'the peer has 2 of 3 that it acknowledged'],
    ['messages that nobody sent', 'r6', 'the peer has 6 of 5 that were sent'],
  ])('%s with the connection', (_, data, error) => {
    const end = begun();
    const next = { ...LINE };
    end.attach(next);
    expect(() => end.take(next, data)).toThrow(error);
  });
});

test.each([true, false])('an end that is to close closes the one connection that it has or gets, had: %s', (had) => {
  const end = new End('end', 1, 2, false);
  let closed = 0;
  const line = { ...LINE, close: () => closed++ };
  if (had) end.attach(line);
  expect(closed).toBe(0);
  end.close();
  if (!had) end.attach(line);
  expect(closed).toBe(1);
});

describe('a short soak, over both faces', () => {
  test('nothing acknowledged is lost, doubled or reordered, and every connection ends once', async () => {
    const report = await soak({ seed: 1, conversations: 10, messages: 40 });
    expect(report.violations).toEqual([]);
    expect(report.acknowledged).toBe(10 * 2 * 40);
    expect(report.faults).toBeGreaterThan(0);
  }, 60_000);
});
