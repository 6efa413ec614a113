/** What an engine may carry that others have written to it: none of it throws, and none is taken for what it is not. */
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import { createTopics, type Engine, type EngineSink } from '../../../drivers/topics/index.ts';
import { decodeMessage } from '../../../drivers/topics/nats/connection.ts';
import { PresenceMachine } from '../../../drivers/topics/presence/machine.ts';
import { parsePayload } from '../../../drivers/topics/redis/wire.ts';

const random = new SeededRandom(7);
const pick = <T>(of: readonly T[]): T => of[Math.floor(random.fraction() * of.length)]!;

const ODD = [
  undefined,
  null,
  0,
  1,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'n2',
  true,
  [],
  {},
  ['a', 'b'],
  [['a', 1]],
  [[1]],
  'x'.repeat(70),
];

describe('presence', () => {
  test('takes what makes sense, and holds no more than it may', () => {
    const told = new Map<string, number>();
    const machine = new PresenceMachine({
      output: {
        say: () => {},
        follow: () => {},
        unfollow: () => {},
        changed: (topic, came, left) => told.set(topic, (told.get(topic) ?? 0) + came.length - left.length),
      },
      node: 'n1',
      lease: 100,
      mostEntries: 50,
    });
    machine.watch('a');
    machine.opened('a');
    for (let i = 0; i < 20_000; i++) {
      const fields: Record<string, unknown> = { n: 'n2' };
      for (const name of ['n', 'q', 'v', 'a', 'c', 'l', 'm', 'e', 'u']) {
        if (random.fraction() < 0.4) fields[name] = pick(ODD);
      }
      if (random.fraction() < 0.3) Object.assign(fields, { v: i + 1, a: pick([0, i]), c: [[`e${i}`, null]], l: [] });
      const text = random.fraction() < 0.05 ? pick(['', '{', 'null', '7', '[]']) : JSON.stringify(fields);
      if (random.fraction() < 0.3) machine.beat(text, i);
      else machine.heard('a', text, i);
      machine.said('a', random.fraction() < 0.5);
      machine.said(undefined, random.fraction() < 0.5);
      if (random.fraction() < 0.1) machine.expire(i);
      expect(machine.counts.entries).toBeLessThanOrEqual(50);
    }
    expect(told.get('a')).toBe(machine.entries('a').length);
  });
});

describe('messages', () => {
  test('of Redis and of NATS: bytes at random, and heads that are nearly right', () => {
    const right = new TextEncoder().encode('tc epoch 12 stamp after\nhello');
    expect(parsePayload('news', right)).toMatchObject({ data: 'hello', offset: 12, previous: 11 });
    for (let i = 0; i < 20_000; i++) {
      const bytes = right.slice(0, Math.floor(random.fraction() * (right.length + 1)));
      for (let changes = 0; changes < 3 && bytes.length > 0; changes++) {
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      }
      parsePayload('news', bytes);
      decodeMessage(bytes);
    }
  });

  test('that a hub is handed: those that are none are counted, and nobody is given them', async () => {
    let sink!: EngineSink;
    const engine: Engine = {
      start: async (own) => (sink = own).up(),
      publish: async () => undefined,
      subscribe: async () => {},
      unsubscribe: () => {},
      history: async () => ({ messages: ODD, hole: undefined, more: true, position: pick(ODD) }) as never,
      heads: async (topics) => topics.map(() => pick(ODD) as never),
      close: async () => {},
    };
    const hub = createTopics({ engine });
    await hub.start();
    for (let i = 0; i < 2000; i++) {
      const message: Record<string, unknown> = {
        topic: 'news',
        data: 'x',
        epoch: 'e',
        offset: 1,
        stamp: 's',
        previous: 0,
      };
      for (const name of Object.keys(message)) if (random.fraction() < 0.3) message[name] = pick(ODD);
      sink.message(pick([message, message, ...ODD]) as never);
    }
    expect(hub.metrics.malformed).toBeGreaterThan(1000);
    expect(hub.metrics.delivered).toBe(0);
    await hub.close();
  });
});

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new TypeError('of the engine’s own');
    },
  ],
  ['rejects', () => Promise.reject(new TypeError('of the engine’s own'))],
])(
  'what an engine %s at a publish is an outcome that nobody knows, and no mistake of whoever publishes',
  async (_, publish) => {
    const engine: Engine = {
      start: async (sink) => sink.up(),
      publish: publish as Engine['publish'],
      subscribe: async () => {},
      unsubscribe: () => {},
      close: async () => {},
    };
    const hub = createTopics({ engine });
    await hub.start();
    const failure = hub.publish('news', 'x');
    await expect(failure).rejects.toMatchObject({ name: 'OutcomeUnknownError', message: 'the engine failed' });
    await expect(failure).rejects.toHaveProperty('cause.message', 'of the engine’s own');
    await hub.close();
  },
);
