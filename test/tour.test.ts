import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './support/source.ts';

test('the tour has ten stops, and each is in the file that it links to', () => {
  const tour = readFileSync(join(ROOT, 'docs/design/tour.md'), 'utf8');
  const stops = [...tour.matchAll(/^\d+\. (?:[^`\n]*)`(#?\w+)` in \[([^\]]+)\]\(\.\.\/\.\.\/([^)]+)\)/gm)];
  const lines = tour.match(/^\d+\. .*$/gm)!;
  expect(lines).toHaveLength(10);
  expect(stops).toHaveLength(lines.length);
  for (const [, symbol, name, path] of stops) {
    expect(path).toBe(name);
    const source = readFileSync(join(ROOT, path), 'utf8');
    expect(source.includes(`  ${symbol}(`) || source.includes(`  *${symbol}(`), `${symbol} in ${path}`).toBe(true);
  }
});
