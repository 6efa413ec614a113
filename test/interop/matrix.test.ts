/** The table of docs/interop.md, and those of its stacks that are quick and at hand: the others are `npm run interop`'s. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/source.ts';
import { tableOf } from './matrix/page.ts';
import { find, readResults } from './matrix/results.ts';
import { SCENARIOS } from './matrix/scenarios.ts';
import { NOT_HAD, STACKS } from './matrix/stacks/index.ts';
import { peer, type Role, type Stack } from './matrix/stacks/stack.ts';
import { tryAll } from './matrix/try-all.ts';

const results = readResults();

test('the table of docs/interop.md is what results.json and the stacks say', () => {
  expect(readFileSync(join(ROOT, 'docs/interop.md'), 'utf8')).toContain(`\n${tableOf(results)}\n`);
});

test('each stack has been seen in each of its roles, and no other has', () => {
  const expected = STACKS.flatMap(({ name, roles }) => roles.map((role) => `${name} as ${role}`));
  expect(results.map(({ stack, role }) => `${stack} as ${role}`)).toEqual(expected);
  expect(STACKS.filter(({ name }) => name in NOT_HAD)).toEqual([]);
});

test('nothing was seen of a scenario that there is not', () => {
  const names = new Set(SCENARIOS.map(({ name }) => name));
  const told = results.flatMap(({ otherwise, unable }) => [...Object.keys(otherwise), ...unable]);
  expect(told.filter((name) => !names.has(name))).toEqual([]);
});

/** What this package's own tests have installed anyway. */
const AT_HAND: readonly (readonly [string, Role, string])[] = [
  ['ws', 'server', 'ws'],
  ['ws', 'client', 'ws'],
  ['undici 7', 'client', 'undici'],
];

describe.each(AT_HAND)('%s as %s', (name, role, kind) => {
  test('does what the table says, scenario for scenario', { timeout: 120_000 }, async () => {
    const stack: Stack = {
      name,
      roles: [role],
      command: () => [process.execPath, peer('node-peer.mjs')],
      suffix: () => [kind],
      version: () => '',
    };
    const { otherwise, unable } = await tryAll(stack, ROOT, role);
    const expected = find(results, { stack: name, role })!;
    expect({ otherwise, unable }).toEqual({ otherwise: expected.otherwise, unable: expected.unable });
  });
});
