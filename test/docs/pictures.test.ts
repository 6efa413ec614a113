import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Connection } from '../../protocol/index.ts';
import { pictures } from '../../docs/.vitepress/pictures/main.ts';
import { rowsOfPage } from '../bench/report/chart.ts';
import { ROOT } from '../support/source.ts';

const drawn = await pictures();

test.each([...drawn])('docs/%s is drawn from what is so now (npm run pictures)', (path, svg) => {
  expect(readFileSync(join(ROOT, 'docs', path), 'utf8')).toBe(svg);
});

test.each([...drawn])('docs/%s has a title, and is dark for who wants it dark', (_path, svg) => {
  expect(svg).toMatch(/<title>[^<]{10,}<\/title>/);
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
});

test('the chart has every figure of its page, with its spread', () => {
  const rows = rowsOfPage(readFileSync(join(ROOT, 'docs/performance.md'), 'utf8'));
  const figures = rows.flatMap(({ spreads }) => [...spreads.values()]);
  expect(figures.length).toBeGreaterThan(100);
  expect(figures.filter(({ least, median, most }) => !(least <= median && median <= most && least > 0))).toEqual([]);
  expect(drawn.get('performance.svg')!.match(/class="spread"/g)).toHaveLength(figures.length);
});

test('the calls in the picture for embedders are those of Connection', () => {
  const titles = [...drawn.get('pictures/embedding.svg')!.matchAll(/class="bold">(?:\d\. )?([^<]*)/g)];
  const names = titles.flatMap(([, title]) => title.match(/\breceive\b|\b[a-z]+[A-Z]\w*/g) ?? []);
  expect(names).toHaveLength(10);
  for (const name of names) expect(name in Connection.prototype, name).toBe(true);
});
