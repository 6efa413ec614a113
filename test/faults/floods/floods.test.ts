/** Some of the floods, for a moment each: `npm run floods` has all of them for longer, beside ws. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLOODS } from './floods.ts';
import { boundOf, Victim } from './run.ts';

const MILLISECONDS = 150;

let victim: Victim;

beforeAll(async () => {
  victim = await new Victim('sansocket').ready();
}, 60_000);

afterAll(() => victim.end());

describe('a server with default options stays within its limits, and serves another connection throughout', () => {
  test.each(FLOODS.map((flood) => [flood.name, flood] as const))('%s', { timeout: 120_000 }, async (_, flood) => {
    // A tenth of the peers, which is enough for a moment.
    const short = { ...flood, peers: Math.ceil(flood.peers / 10) };
    const { failures, grown, opened, pings, stopped } = await victim.flood(short, MILLISECONDS);
    expect(failures).toEqual([]);
    expect(stopped).toBe(false);
    expect(Math.min(pings, opened)).toBeGreaterThan(0);
    expect(grown).toBeLessThanOrEqual(boundOf(flood));
  });
});
