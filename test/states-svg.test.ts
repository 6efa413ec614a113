import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CAUSES, STATE_NAMES } from '../protocol/states.ts';
import { ROOT } from './support/source.ts';
import { drawStates } from './support/states-svg.ts';

test('docs/design/states.svg is drawn from the table as it is now (npm run states)', () => {
  expect(readFileSync(join(ROOT, 'docs/design/states.svg'), 'utf8')).toBe(drawStates());
});

test('it shows every state and every cause', () => {
  const drawing = drawStates();
  for (const name of STATE_NAMES) expect(drawing).toContain(`class="name">${name}<`);
  for (const cause of CAUSES) expect(drawing).toMatch(new RegExp(`\\b${cause}\\b`));
});
