/** Some of the floods, for a moment each: `npm run floods` has all of them for longer, beside ws. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLOODS } from './floods.ts';
import { boundOf, Victim } from './run.ts';

const MILLISECONDS = 150;

/** By the heap that they have. */
const victims = new Map<number | undefined, Victim>();

beforeAll(async () => {
  for (const { heap } of FLOODS) if (!victims.has(heap)) victims.set(heap, new Victim('sansocket', heap));
  await Promise.all([...victims.values()].map((victim) => victim.ready()));
}, 60_000);

afterAll(() => Promise.all([...victims.values()].map((victim) => victim.end())));

describe('a server with default options stays within its limits, and serves another connection throughout', () => {
  test.each(FLOODS.map((flood) => [flood.name, flood] as const))('%s', { timeout: 120_000 }, async (_, flood) => {
    // A tenth of the peers, which is enough for a moment.
    const short = { ...flood, peers: Math.ceil(flood.peers / 10) };
    const { failures, grown, opened, pings, stopped } = await victims.get(flood.heap)!.flood(short, MILLISECONDS);
    expect(failures).toEqual([]);
    expect(stopped).toBe(false);
    expect(Math.min(pings, opened)).toBeGreaterThan(0);
    expect(grown).toBeLessThanOrEqual(boundOf(flood));
  });
});
