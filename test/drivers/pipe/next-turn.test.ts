import { mock } from 'node:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeNextTurn } from '../../../drivers/pipe/next-turn.ts';
import type { NextTurn, NextTurnGlobals } from '../../../drivers/pipe/next-turn.ts';

const runtime = globalThis as unknown as Required<NextTurnGlobals>;
const { setImmediate, setTimeout, MessageChannel } = runtime;

const taken = (turn: NextTurn) => new Promise<void>((resolve) => turn(resolve));

/** Counts how many links of a promise chain settle before the turn comes. */
async function settledBefore(turn: NextTurn, links: number): Promise<number> {
  let settled = 0;
  void (async () => {
    for (; settled < links; settled++) await undefined;
  })();
  let seen = -1;
  await new Promise<void>((resolve) =>
    turn(() => {
      seen = settled;
      resolve();
    }),
  );
  return seen;
}

const runtimes: [string, NextTurnGlobals][] = [
  ['setImmediate', { setImmediate }],
  ['MessageChannel', { MessageChannel }],
  ['setTimeout', { setTimeout }],
];

test.each(runtimes)('with %s, promise chains of any length settle before a turn', async (_name, globals) => {
  expect(await settledBefore(makeNextTurn(globals), 20_000)).toBe(20_000);
});

test('with promises alone, a chain of bounded length settles before a turn', async () => {
  expect(await settledBefore(makeNextTurn({}), 200)).toBe(200);
});

test.each([...runtimes, ['promises', {}] as [string, NextTurnGlobals]])(
  'with %s, turns come in order',
  async (_name, globals) => {
    const turn = makeNextTurn(globals);
    const order: number[] = [];
    const turns = [1, 2, 3].map((n) => taken(turn).then(() => order.push(n)));
    expect(order).toEqual([]);
    await Promise.all(turns);
    expect(order).toEqual([1, 2, 3]);
  },
);

describe('a module that is imported while timers are faked', () => {
  afterEach(() => {
    vi.useRealTimers();
    mock.timers.reset();
  });

  test.each<[string, () => void]>([
    ['Vitest, as Jest and Sinon do,', () => void vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout'] })],
    ['node:test', () => mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] })],
    [
      'Jest of old',
      () =>
        void vi.stubGlobal(
          'setImmediate',
          Object.assign(() => {}, { _isMockFunction: true }),
        ),
    ],
  ])('takes a turn where %s has them', async (_name, fake) => {
    fake();
    try {
      await taken(makeNextTurn({ ...runtime, setImmediate: globalThis.setImmediate as never }));
      const { setImmediate, setTimeout } = globalThis as never as NextTurnGlobals;
      await taken(makeNextTurn(_name === 'Jest of old' ? { setImmediate } : { setImmediate, setTimeout }));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

test('setImmediate comes before MessageChannel, and that before setTimeout', async () => {
  const used: string[] = [];
  const globals: NextTurnGlobals = {
    setImmediate: (callback) => (used.push('setImmediate'), setImmediate(callback)),
    MessageChannel: class {
      port1: InstanceType<Required<NextTurnGlobals>['MessageChannel']>['port1'];
      port2: InstanceType<Required<NextTurnGlobals>['MessageChannel']>['port2'];
      constructor() {
        used.push('MessageChannel');
        ({ port1: this.port1, port2: this.port2 } = new MessageChannel());
      }
    },
    setTimeout: (callback, delay) => (used.push('setTimeout'), setTimeout(callback, delay)),
  };
  await taken(makeNextTurn(globals));
  await taken(makeNextTurn({ ...globals, setImmediate: undefined }));
  await taken(makeNextTurn({ setTimeout: globals.setTimeout }));
  expect(used).toEqual(['setImmediate', 'MessageChannel', 'setTimeout']);
});

test('fake timers that are installed later do not stop it', async () => {
  const turn = makeNextTurn(runtime);
  vi.useFakeTimers();
  try {
    await taken(turn);
  } finally {
    vi.useRealTimers();
  }
});
