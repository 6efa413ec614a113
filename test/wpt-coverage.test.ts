/** The table of web-platform-tests in docs/conformance.md and the tests under test/drivers/web/wpt agree. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, parse, walk } from './support/source.ts';
import ts from 'typescript';

const FOLDER = 'test/drivers/web/wpt';
const CASE = /^[\w./-]+\.(?:js|html)(?=$|: )/;

const rows = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8')
  .split('\n## Web-platform-tests')[1]
  .matchAll(/^\| (\S+\.(?:js|html)) \| (.+) \|$/gm);
const table = new Map([...rows].map(([, name, heldBy]) => [name, heldBy]));

/** The cases that the strings of a test file name. */
function casesOf(name: string): string[] {
  const path = `${FOLDER}/${name}`;
  const found = new Set<string>();
  walk(parse({ path, text: readFileSync(join(ROOT, path), 'utf8') }), (node) => {
    const match = ts.isStringLiteralLike(node) ? CASE.exec(node.text) : null;
    if (match !== null) found.add(match[0]);
  });
  return [...found].sort();
}

test.each(['websocket.test.ts', 'websocket-stream.test.ts'])('%s has the cases that the table says', (name) => {
  const held = [...table].filter(([, heldBy]) => heldBy === name).map(([one]) => one);
  expect(casesOf(name)).toEqual(held.sort());
});

test('what no test holds has its reason', () => {
  const others = [...table].filter(([, heldBy]) => !heldBy.endsWith('.test.ts'));
  expect(others.filter(([, heldBy]) => !/^none: .{10}/.test(heldBy))).toEqual([]);
  expect(table.size - others.length).toBeGreaterThan(others.length);
});
