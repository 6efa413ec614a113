import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OneWayOptions, LinkOptions } from '../../../drivers/pipe/link-options.ts';
import { connectPair, numbered } from './link-pair.ts';

const fault = fc.record({
  after: fc.integer({ min: 0, max: 400 }),
  kind: fc.constantFrom('reset' as const, 'end' as const, 'stall' as const, 'lose' as const),
});
const lane: fc.Arbitrary<OneWayOptions> = fc.record(
  {
    latency: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant([0, 50] as const)),
    cut: fc.oneof(fc.constant('whole' as const), fc.constant('random' as const), fc.integer({ min: 1, max: 50 })),
    bandwidth: fc.integer({ min: 100, max: 100_000 }),
    window: fc.integer({ min: 1, max: 300 }),
    loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
    fault,
  },
  { requiredKeys: [] },
);
const options: fc.Arbitrary<LinkOptions> = fc.record({ toServer: lane, toClient: lane });

type Side = 'client' | 'server';
type Direction = 'toServer' | 'toClient';
type Step =
  | { do: 'write'; side: Side; size: number }
  | { do: 'advance'; by: number }
  | { do: 'pause' | 'resume' | 'end' | 'abort'; side: Side }
  | { do: 'stall' | 'unstall' | 'lose' | 'cutOff'; direction: Direction }
  | { do: 'reset' };

const side = fc.constantFrom<Side>('client', 'server');
const direction = fc.constantFrom<Direction>('toServer', 'toClient');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('write' as const), side, size: fc.integer({ min: 0, max: 200 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'abort' as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('stall' as const, 'unstall' as const, 'lose' as const, 'cutOff' as const),
      direction,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const) }) },
);

/** Runs a script and returns what both ends were told; the recording ends check the contract of TransportHandler. */
function run(linkOptions: LinkOptions, steps: readonly Step[], seed: number) {
  const pair = connectPair(linkOptions, seed);
  const { clock, link } = pair;
  const sent = { client: [] as number[], server: [] as number[] };
  const ended = { client: false, server: false };
  for (const step of steps) {
    if ('size' in step) {
      if (ended[step.side]) continue;
      const bytes = numbered(step.size);
      pair[step.side].end.write([bytes]);
      sent[step.side].push(...bytes);
    } else if ('by' in step) {
      clock.advanceSync(step.by);
    } else if ('side' in step) {
      ended[step.side] ||= step.do === 'end';
      pair[step.side].end[step.do]();
    } else if ('direction' in step) {
      const { [step.direction]: lane } = link;
      if (step.do === 'cutOff') lane.end();
      else lane[step.do]();
    } else {
      link.reset();
    }
  }
  return { ...pair, sent };
}

test('whatever happens, an end receives the beginning of what the other wrote, in order', () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 40 }), fc.integer(), (linkOptions, steps, seed) => {
      const { clock, client, server, sent } = run(linkOptions, steps, seed);
      clock.settleSync();
      expect(server.received).toEqual(Uint8Array.from(sent.client.slice(0, server.received.length)));
      expect(client.received).toEqual(Uint8Array.from(sent.server.slice(0, client.received.length)));
    }),
    { numRuns: 300 },
  );
});

test('whatever happened, once both have given up each has been told of the end once, and nothing is left', () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 40 }), fc.integer(), (linkOptions, steps, seed) => {
      const { clock, client, server, closed } = run(linkOptions, steps, seed);
      client.end.abort();
      server.end.abort();
      clock.settleSync();
      expect([client.lost, server.lost, closed(), clock.timers]).toEqual([1, 1, 1, 0]);
      clock.advanceSync(3_600_000);
      expect([client.lost, server.lost]).toEqual([1, 1]);
    }),
    { numRuns: 300 },
  );
});

test('without faults every byte arrives, and every sender that had to wait hears of it', () => {
  const faultless = fc.record({ toServer: lane, toClient: lane }).map(({ toServer, toClient }) => ({
    toServer: { ...toServer, fault: undefined },
    toClient: { ...toClient, fault: undefined },
  }));
  const harmless = step.filter((step) => !['abort', 'lose', 'cutOff', 'reset', 'stall'].includes(step.do));
  fc.assert(
    fc.property(faultless, fc.array(harmless, { maxLength: 40 }), fc.integer(), (linkOptions, steps, seed) => {
      const { clock, client, server, sent } = run(linkOptions, steps, seed);
      client.end.resume();
      server.end.resume();
      clock.settleSync();
      expect(server.received).toEqual(Uint8Array.from(sent.client));
      expect(client.received).toEqual(Uint8Array.from(sent.server));
      for (const end of [client, server]) {
        expect(end.end.bufferedAmount).toBe(0);
        // The newest write that was not taken whole is followed by a drain.
        expect(end.waiting).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test('the same seed gives the same run, to the last event', () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 40 }), fc.integer(), (linkOptions, steps, seed) => {
      const first = run(linkOptions, steps, seed);
      const second = run(linkOptions, steps, seed);
      first.clock.settleSync();
      second.clock.settleSync();
      expect(first.trace).toEqual(second.trace);
      expect(first.clock.now()).toBe(second.clock.now());
    }),
    { numRuns: 100 },
  );
});
