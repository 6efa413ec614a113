/** docs/guides/moving-from-ws.md has all of the installed `ws`, and names nothing of ours that isn't there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { filesBelow, ROOT } from '../support/source.ts';

const page = readFileSync(join(ROOT, 'docs/guides/moving-from-ws.md'), 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \| (.+) \|$/gm)].filter(([, left]) => !/^(`ws`|-+)$/.test(left));
const left = rows.map(([, cell]) => cell).join('\n');
const source = (name: string): string => readFileSync(join(ROOT, 'node_modules/ws/lib', name), 'utf8');

/** Names that no cell of the left column has as code, alone or called. */
const missing = (names: Iterable<string>): string[] =>
  [...new Set(names)].filter((name) => !new RegExp(`\`${name}[\`(]`).test(left)).sort();

test('every export of ws', () => {
  const exported = Object.keys(ws).filter((name) => name !== 'default');
  expect(exported.length).toBeGreaterThan(5);
  expect(missing(exported)).toEqual([]);
});

test.each(['websocket.js', 'websocket-server.js'])('every option that %s documents', (name) => {
  const options = [...source(name).matchAll(/\[options\.(\w+)/g)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(10);
  expect(missing(options)).toEqual([]);
});

test('every public property and method of its two classes', () => {
  const members = [ws.WebSocket, ws.WebSocketServer].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
  const names = members.filter((name) => !/^_|^(constructor|setSocket|emitClose)$/.test(name));
  expect(names.length).toBeGreaterThan(20);
  expect(missing(names)).toEqual([]);
});

test('every event that they emit', () => {
  const emitted = [...(source('websocket.js') + source('websocket-server.js')).matchAll(/\.emit\(\s*'([\w-]+)'/g)];
  const events = emitted.map(([, event]) => event);
  expect(events.length).toBeGreaterThan(8);
  expect(missing(events)).toEqual([]);
});

test('every name of ours is in the API reports', () => {
  const reports = filesBelow('test/api', '.md')
    .map(({ text }) => text)
    .join('\n');
  const code = rows.flatMap(([, , right]) => [...right.matchAll(/`([^`]+)`/g)].map(([, span]) => span));
  const names = code.flatMap((span) => /^([A-Za-z]\w*)(?:\(|$)/.exec(span)?.[1] ?? []);
  // Node's and the language's.
  const others = new Set(['Uint8Array', 'ws', 'sansocket']);
  const unknown = names.filter((name) => !others.has(name) && !new RegExp(`\\b${name}\\b`).test(reports));
  expect(names.length).toBeGreaterThan(60);
  expect([...new Set(unknown)]).toEqual([]);
});
